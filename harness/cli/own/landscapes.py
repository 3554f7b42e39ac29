"""The work of `compare --landscapes`: searchers on landscapes where capacity helps, harms or does not matter."""

import argparse
import os
from functools import cache
from pathlib import Path

from harness.cli.arguments import refuse
from harness.compare.landscapes import FILES, NAME, OPPONENTS, REAL, SHAPES, Plan, by_name, names, run_missing, write
from harness.experiment import folder
from harness.experiment.data import chosen_by
from harness.players.file import guests, identity
from harness.players.ours import PLAYERS, REFERENCE, select
from harness.players.process import Limits
from harness.show.render import wrap
from pmfnas.core.errors import InputError
from pmfnas.testing.landscapes.compare import N_MEDIUM
from pmfnas.testing.landscapes.real import of_table

N_SEEDS = 40
_REAL_SPACE = "nb201"
_NOT_HERE = ("--command", "--budget", "--workers", "--datasets", "--show", "--published")


def run(options: argparse.Namespace) -> int:
    """Run the comparison, write its outputs and print the page."""
    refuse(options, _NOT_HERE, "says nothing to --landscapes, whose budgets are given")
    files = guests(options.searcher, (), Limits(), taken=tuple(PLAYERS))
    own = tuple(files) or (REFERENCE,)
    others = dict.fromkeys(
        (*((REFERENCE,) if files else ()), *select(options.against or OPPONENTS, PLAYERS, "--against"))
    )
    players = {**files, **{name: PLAYERS[name] for name in (*own, *others) if name in PLAYERS}}
    out = options.out or Path("results") / NAME
    chosen = chosen_by(options, folder=out)
    real = chosen.table.header.space == _REAL_SPACE
    seeds = range(options.first_seed, options.first_seed + (options.n_seeds or N_SEEDS))
    if len(seeds) < 2:
        raise InputError(f"--seeds is {len(seeds)}, but must be at least 2")
    plan = Plan(names(real), players, N_MEDIUM, seeds)
    sources = {name: identity(factory) for name, factory in files.items()}
    folder.claim(out, plan.claim(chosen.table.header.fingerprint), sources, flag="--searcher")
    print(*wrap(f"{len(plan.landscapes)} landscapes x {len(players)} searchers; results in {out}"), sep="\n")
    n_jobs = options.n_jobs or os.cpu_count() or 1
    made = by_name(cache(lambda: of_table(chosen.table.path, REAL, *SHAPES)))
    with folder.locked(out):
        run_missing(plan, made, out, n_jobs=n_jobs)
        print(write(plan, out, own=own))
    if options.update_reference:
        print(f"reference outputs updated: {folder.copy_to_reference(NAME, out, only=FILES)}")
    return 0
