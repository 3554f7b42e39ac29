"""The work of `new-searcher` and `check-searcher`: a working example to begin with, and the contract explained."""

import argparse
import keyword
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np

from harness.host.front import typed
from harness.players.file import from_command, from_file, try_out
from harness.players.process import Command, Limits, ProcessSearcher
from pmfnas.core.errors import InputError
from pmfnas.core.ports import SearcherFactory, Space
from pmfnas.core.rng import stream
from pmfnas.core.types import Fidelities
from pmfnas.files import write_text
from pmfnas.loop.runner import Setting
from pmfnas.testing.searcher_checks import CHECKS, CheckResult, Subject, applies, run_check

_EXAMPLE = '''"""Local search: archs next to the best so far, each trained to the end of the shortest schedule."""

from pmfnas.core.types import Ok, Stop, Submit, Train, Wait


class {name}:
    def __init__(self, space, fidelities, budget_s, n_workers, *, rng):
        self.space, self.rng = space, rng  # draw from rng alone: the same seed must give the same search
        self.schedule = fidelities.schedules[0]
        self.asked = set()
        self.accuracies = {{}}  # arch -> validation accuracy in percent

    def ask(self, running, remaining_s):
        arch = self._next()
        if arch is None:
            return Wait() if running else Stop("every arch was tried")
        self.asked.add(arch)
        return Submit((Train(arch, self.schedule.name, start=0, stop=self.schedule.epochs),))

    def tell(self, ticket, outcome):
        if isinstance(outcome, Ok):  # it may also be Diverged, Failed or Cancelled
            self.accuracies[ticket.request.arch] = outcome.curve.last_valid_acc

    def recommend(self):
        return sorted(self.accuracies, key=self.accuracies.get, reverse=True)[:10]

    def _next(self):
        near = [a for best in self.recommend()[:1] for a in self.space.neighbours(best)]
        drawn = [self.space.sample(rng=self.rng) for _ in range(100)]
        new = [a for a in near if a not in self.asked] or [a for a in drawn if a not in self.asked]
        return new[self.rng.integers(len(new))] if new else None
'''

N_ALIKE = 3
"""So many checks fail for one cause, with none passed, before the others are left out."""

_MEANING: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "same seed, same moves": (
            "Two searches with the same seed and three workers must make the same moves.",
            "Draw from `rng` alone, and do not iterate over sets or anything whose order is not fixed.",
        ),
        "global generators scrambled": (
            "`random` and `numpy.random` were set to other states between the questions.",
            "Use `self.rng`, the generator that the constructor is given, for everything that is drawn.",
        ),
        "other seeds, other archs": (
            "Four searches with different seeds started with the same archs.",
            "Draw from `rng`; if the searcher draws nothing on purpose, say --deterministic.",
        ),
        "process state untouched": (
            "Environment, working directory, warnings and global generators were compared before and after.",
            "Leave them alone: other searchers run in the same process.",
        ),
        "1 worker": ("One training at a time.", "See that `ask` submits something that ends within the budget."),
        "4 workers": (
            "Four trainings side by side.",
            "`ask` is called while a worker is free: submit more, or answer Wait() while something is running.",
        ),
        "16 workers": (
            "Sixteen trainings side by side.",
            "`ask` is called while a worker is free: submit more, or answer Wait() while something is running.",
        ),
        "out of order": (
            "Eight workers, and segments end in another order than they began.",
            "Look at `ticket.request` in `tell` to see what has ended; do not count on the order.",
        ),
        "recommends what it saw": (
            "A plain search with one worker.",
            "`recommend` returns archs that ended well, best first, as soon as there is one.",
        ),
        "constant scores": (
            "Every arch had the same accuracy.",
            "Ties must not stop the search: there is always something to recommend.",
        ),
        "some archs diverge": (
            "Three in ten archs turned to NaN in training and were told as Diverged.",
            "Look for `isinstance(outcome, Ok)` before using a curve, and do not recommend what diverged.",
        ),
        "all archs diverge": (
            "Every arch turned to NaN in training.",
            "Recommend nothing then, and go on asking or stop; do not fail on an empty list.",
        ),
        "some archs unavailable": (
            "Three in ten archs were told as Failed, at no cost: they were never measured.",
            "Ask for another arch instead of the same one again.",
        ),
        "some segments fail": (
            "Three in ten segments ended as Failed after half their cost.",
            "A failed segment leaves no checkpoint: go on from an earlier one or start afresh.",
        ),
        "some segments cancelled": (
            "Three in ten segments ended as Cancelled after half their cost.",
            "A cancelled segment leaves no checkpoint: go on from an earlier one or start afresh.",
        ),
        "budget below one segment": (
            "The budget ends before anything does.",
            "`recommend` must return nothing then.",
        ),
        "budget of one segment": (
            "The budget ends with the first segment.",
            "`recommend` must return its arch, if it was validated.",
        ),
        "space exhausted": (
            "A space of four archs and a long budget, with one and with four workers.",
            "When all is tried answer Wait() while something is running, then Stop().",
        ),
    }
)
"""Check -> what was done, and what to do where it fails."""


def run(options: argparse.Namespace) -> int:
    """Write an example, or check a searcher."""
    return new_searcher(options) if options.verb == "new-searcher" else check_searcher(options)


def new_searcher(options: argparse.Namespace) -> int:
    """Write the example to a new file in the current folder."""
    stem = options.name.removesuffix(".py")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", stem) or keyword.iskeyword(stem) or stem in sys.stdlib_module_names:
        raise InputError(
            f"name is {options.name!r}, but must be a module name of your own in small letters, such as my_search"
        )
    path, name = Path(f"{stem}.py"), "".join(part.capitalize() for part in stem.split("_"))
    if path.exists():
        raise InputError(f"{path} exists already and is not touched; choose another name")
    write_text(path, _EXAMPLE.format(name=name))
    print(f"{path} is written. Next:")
    print(f"  {typed('check-searcher', f'{path}:{name}')}")
    print(f"  {typed('compare', '--searcher', f'{path}:{name}')}")
    return 0


def check_searcher(options: argparse.Namespace) -> int:
    """Run every check, explain those that fail, and return 1 where one does."""
    if bool(options.searcher) == bool(options.command):
        raise InputError("check-searcher needs one of FILE.py:CLASS and --command")
    given: tuple[str, SearcherFactory]
    given = from_command(options.command, Limits()) if options.command else from_file(options.searcher)
    name, factory = given
    with _one_at_a_time(factory) as made:
        subject = Subject(made, is_random=not options.deterministic)
        benchmark = subject.benchmark
        setting = Setting(benchmark.space, benchmark.fidelities, subject.budget_s)
        try_out(name, factory, setting, rng=stream(0, "try"))
        return _all_checks(name, subject)


def _all_checks(name: str, subject: Subject) -> int:
    """Run and print the checks one by one, unless the first fail for one cause; return the exit code."""
    applied = [check for check in CHECKS if applies(check, subject)]
    print(f"{name}: {len(applied)} checks on a synthetic benchmark")
    causes: list[str] = []
    for n_run, check in enumerate(applied, 1):
        result = run_check(check, subject)
        causes += [] if result.passed else [result.explanation]
        print("\n".join(explained(result)), flush=True)
        if n_run == causes.count(result.explanation) == N_ALIKE < len(applied):
            print(f"the first {N_ALIKE} checks failed for one cause, so the others are left out; mend it first:")
            print(f"  {result.explanation}")
            return 1
    if causes:
        print(f"{len(causes)} of {len(applied)} checks failed")
        return 1
    print(f"all {len(applied)} checks passed")
    return 0


def explained(result: CheckResult) -> list[str]:
    """Return the lines of a result; of a failure what was done, what happened and what to do."""
    if result.passed:
        return [f"ok    {result.name}"]
    done, remedy = _MEANING[result.name]
    return [
        f"FAIL  {result.name}",
        f"      what was done:  {done}",
        f"      what happened:  {result.explanation}",
        f"      what to do:     {remedy}",
    ]


@dataclass
class _OneAtATime:
    """Makes process searchers, and ends each when the next one is made. Implements `SearcherFactory`."""

    command: Command
    made: list[ProcessSearcher] = field(default_factory=list)

    def __call__(
        self, space: Space, fidelities: Fidelities, budget_s: float, n_workers: int, *, rng: np.random.Generator
    ) -> ProcessSearcher:
        """Return a new searcher."""
        self.end()
        self.made.append(self.command(space, fidelities, budget_s, n_workers, rng=rng))
        return self.made[-1]

    def end(self) -> None:
        """End the process of the last searcher."""
        while self.made:
            self.made.pop().close("the check is over")


@contextmanager
def _one_at_a_time(factory: SearcherFactory) -> Iterator[SearcherFactory]:
    """Give the factory; of a command one that leaves no process behind."""
    if not isinstance(factory, Command):
        yield factory
        return
    single = _OneAtATime(factory)
    try:
        yield single
    finally:
        single.end()
