"""The work of `search-compare`: searchers by real training, several seeds each, with statistics of what they found."""

import argparse
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import search as training_commands
from harness.cli.options.search_compare import N_SEEDS
from harness.experiment.folder import copy_to_reference
from harness.host.units import written_time
from harness.players.ours import PLAYERS, select
from harness.search.compare.outputs import NAME, write
from harness.search.compare.running import Plan, folder, run_missing, search_command, unfinished
from pmfnas.core.errors import InputError

if TYPE_CHECKING:
    from harness.search.spec import SearchSpec

SMOKE_SEEDS, SMOKE_BUDGET_S = 2, 20.0
_AROUND_S = 15.0
"""Seconds of a search beside its budget: loading torch and the data, and scoring."""


def run(options: argparse.Namespace) -> int:
    """Run the comparison and write its outputs.

    Returns 1 where all runs of a searcher failed, or where one failed and the reference was to be updated.
    """
    training_commands.torch_at_hand()
    from harness.search.spec import check_out

    spec, plan = asked(options)
    default = Path("results") / NAME / (f"{spec.dataset}-smoke" if options.smoke else spec.dataset)
    out = options.out or default
    check_out(spec, out)
    print(_described(plan, out))
    if options.dry_run:
        return _dry_run(plan, out)
    failures = run_missing(plan, out)
    runs = write(plan, out, failures)
    lost = [name for name, own in runs.groupby("searcher")["status"] if not (own == "ok").any()]
    for name in lost:
        print(f"{name!s}: all {len(plan.seeds)} runs failed", file=sys.stderr)
    n_failed = int((runs["status"] != "ok").sum())
    if n_failed:
        print(f"{n_failed} of {len(plan.runs)} runs failed; logs in {out / 'logs'}; the same command tries again")
    if not options.update_reference:
        return 1 if lost else 0
    if n_failed:
        print("the reference outputs stay as they are, for they are of runs that all ended well", file=sys.stderr)
        return 1
    print(f"reference outputs updated: {copy_to_reference(f'{NAME}-{out.name}', out)}")
    return 0


def asked(options: argparse.Namespace) -> "tuple[SearchSpec, Plan]":
    """Return the settings of every search, and the comparison; raise `InputError` for unusable options."""
    from harness.search.compare.planning import planned

    has_budget = hasattr(options, "budget_s")
    if not has_budget and not options.smoke:
        raise InputError("--budget is missing; name the time of every single run, such as 2m")
    spec = training_commands.asked(options)
    spec = spec if has_budget else replace(spec, budget_s=SMOKE_BUDGET_S)
    n_seeds = options.n_seeds or (SMOKE_SEEDS if options.smoke else N_SEEDS)
    seeds = range(options.first_seed, options.first_seed + n_seeds)
    searchers = select(options.searchers, PLAYERS)
    return spec, planned(spec, searchers, seeds, n_jobs=options.n_jobs, smoke=options.smoke)


def _described(plan: Plan, out: Path) -> str:
    return (
        f"{NAME}: {len(plan.searchers)} searchers x {len(plan.seeds)} seeds = {len(plan.runs)} runs of "
        f"{written_time(plan.claim['budget_s'])} on {plan.claim['device']}, {plan.n_jobs} at once; results in {out}"
    )


def _dry_run(plan: Plan, out: Path) -> int:
    """Say what would run and how long it would take."""
    left = unfinished(plan, out)
    rounds = -(-len(left) // plan.n_jobs)
    total_s = rounds * (plan.claim["budget_s"] + _AROUND_S)
    print(f"  searchers   {', '.join(plan.searchers)}: the first against each other one")
    print(f"  seeds       {plan.seeds.start}..{plan.seeds.stop - 1}")
    print(f"  finished    {len(plan.runs) - len(left)} of {len(plan.runs)} runs in {out}")
    print(f"  time        at most about {written_time(total_s)}: a search may end before its budget does")
    for run in left[:1]:
        print(f"  first       {shlex.join(search_command(plan, run, folder(out, run)))}")
    return 0
