"""The plan of a comparison on the user's own problem: its claim, and the commands of its runs.

A run is one `pmfnas.search` with a searcher and a seed, in a process of its own (`problem_run`). Afterwards the arch
that it recommends is trained once more, with a seed that no search used; the value of that training is the score.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from harness.players.class_file import FromFile
from harness.players.file import identity, try_out
from harness.players.ours import PLAYERS, REFERENCE
from harness.search.compare.running import Command, Plan, Run
from pmfnas.core.errors import InputError
from pmfnas.core.ports import SearcherFactory
from pmfnas.core.rng import stream
from pmfnas.loop.runner import Setting
from pmfnas.problem.arguments import Checked, checked
from pmfnas.problem.problem import Problem

NAME = "problem-compare"
"""The experiment in the claim of such a folder."""
_START = "import sys; sys.path[:] = {path!r}; from harness.search.compare.problem_run import main; sys.exit(main())"


def planned(
    problem: Problem, found: FromFile, searchers: Mapping[str, SearcherFactory | None], seeds: range, *, n_jobs: int
) -> Plan:
    """Return the comparison.

    Args:
        problem: what is searched.
        found: where it is.
        searchers: at least two by name; None stands for the default of `pmfnas.search`.
        seeds: seeds of each searcher.
        n_jobs: number of searches at the same time.

    Raises:
        InputError: fewer than two searchers, one that cannot search the problem, or a problem that cannot be used.
    """
    if len(searchers) < 2:
        raise InputError(f"{', '.join(searchers)} cannot be compared with itself alone; name others with --searchers")
    known = checked(**vars(problem), out="results", seed=0, searcher=None)
    setting = Setting(known.space, known.fidelities, known.budget_s, known.n_workers)
    for name, factory in searchers.items():
        if factory is not None:
            _try_out(name, factory, setting)
    n_threads = max(1, (os.cpu_count() or 1) // (n_jobs * known.n_workers))
    claim = _claim(known, found) | {"jobs": n_jobs, "threads": n_threads}
    sources = {name: identity(factory) for name, factory in searchers.items() if isinstance(factory, FromFile)}
    return Plan(tuple(searchers), seeds, (), dict(json.loads(json.dumps(claim))), n_jobs, n_threads, sources)


def _try_out(name: str, factory: SearcherFactory, setting: Setting) -> None:
    try:
        try_out(name, factory, setting, rng=stream(0, "try"))
    except InputError as error:
        raise InputError(f"{error}; leave {name} out of --searchers") from None


def _claim(known: Checked, found: FromFile) -> dict[str, Any]:
    """Return everything that must be the same for two runs to be compared."""
    return {
        "experiment": NAME,
        "problem": found.identity,
        "metric": asdict(known.metric),
        "schedules": known.schedules,
        "budget_s": known.budget_s,
        "timeout_s": known.timeout_s,
        "n_workers": known.n_workers,
        "space": repr(known.space),
    }


def with_rules(problem: Problem, *, budget_s: float | None, n_workers: int | None) -> Problem:
    """Return a problem with another budget or number of workers, where one is given."""
    problem = problem if budget_s is None else replace(problem, budget=budget_s)
    return problem if n_workers is None else replace(problem, n_workers=n_workers)


def player(name: str) -> SearcherFactory | None:
    """Return a searcher of the registry; None for PMF-NAS, which `pmfnas.search` sets up for problems of one's own."""
    return None if name == REFERENCE else PLAYERS[name]


def commands(problem: Problem, found: FromFile, searchers: Mapping[str, SearcherFactory | None]) -> Command:
    """Return what makes the command of a run, which goes on where the run stopped."""
    path = [str(Path(entry).absolute()) for entry in sys.path]

    def command(plan: Plan, run: Run, own: Path) -> Sequence[str]:
        factory = searchers[run.searcher]
        ours = f"{run.searcher}={factory.path}:{factory.attribute}" if isinstance(factory, FromFile) else run.searcher
        request = {
            "problem": f"{found.path}:{found.attribute}",
            "budget_s": plan.claim["budget_s"],
            "n_workers": problem.n_workers,
            "searcher": ours,
            "seed": run.seed,
            "out": str(own),
        }
        return [sys.executable, "-c", _START.format(path=path), json.dumps(request)]

    return command
