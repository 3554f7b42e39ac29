"""The work of `peers --problems`: PMF-NAS, random search and two packages on three small problems of one's own."""

import argparse
from pathlib import Path

from harness.cli.options.peers import N_SEEDS
from harness.compare.peers import ABSENT
from harness.experiment.folder import copy_to_reference, locked, write_json
from harness.players.ours import select
from harness.players.packages import PACKAGES, made_environments
from harness.problems import recording
from harness.problems.comparing import NAME, SEARCHERS, jobs, run_missing
from harness.problems.outputs import write
from harness.problems.problem import NAMES, problem
from pmfnas.core.errors import InputError

SMOKE_SEEDS = 2
_NOT_HERE = ("data", "datasets", "budget_s", "show", "published")


def run(options: argparse.Namespace) -> int:
    """Run the comparison and write its outputs; record the problems first if asked to."""
    for name in _NOT_HERE:
        if getattr(options, name, None) not in (None, "auto", (), False):
            raise InputError(
                f"--{name.removesuffix('_s')} says nothing to --problems, whose data and budgets are given"
            )
    out = options.out or Path("results") / (f"{NAME}-smoke" if options.smoke else NAME)
    if options.record:
        _record(out.with_name(f"{out.name}-recording"))
    wanted = select(options.searchers, SEARCHERS) if options.searchers else SEARCHERS
    pythons, absent = made_environments([name for name in wanted if name in PACKAGES])
    playing = [name for name in SEARCHERS if name in wanted and name not in absent]
    first = getattr(options, "first_seed", 0)
    n_seeds = getattr(options, "n_seeds", None) or (SMOKE_SEEDS if options.smoke else N_SEEDS)
    todo = jobs(playing, range(first, first + n_seeds))
    print(f"{NAME}: {len(playing)} searchers x {len(NAMES)} problems x {n_seeds} seeds; results in {out}")
    run_missing(todo, pythons, out, n_jobs=options.n_jobs)
    write_json(out / ABSENT, absent)
    with locked(out):
        runs = write(todo, out)
    failed = int((runs["status"] != "ok").sum())
    if options.update_reference and not failed and not absent:
        print(f"reference outputs updated: {copy_to_reference(NAME, out)}")
    return 1 if failed or absent else 0


def _record(work: Path) -> None:
    """Train every arch of every problem, and write the recordings."""
    for name in NAMES:
        own = problem(name)
        recording.write(recording.record(own, work), own.recording)
        print(f"written: {own.recording.name}, {own.recording.stat().st_size / 1e3:.0f} kB")
