"""Every check of `pmfnas.testing` on a searcher from a file or a command, explained as it runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from harness.players.file import try_out
from harness.players.process import Command, ProcessSearcher
from pmfnas.core.ports import SearcherFactory, Space
from pmfnas.core.rng import stream
from pmfnas.core.types import Fidelities
from pmfnas.loop.runner import Setting
from pmfnas.testing.explanations import explained
from pmfnas.testing.searcher_checks import CHECKS, Subject, applies, run_check

N_ALIKE = 3
"""If the first checks, so many of them, all fail for one cause, the others are left out."""


def check(name: str, factory: SearcherFactory, *, is_random: bool, say: Callable[[str], None]) -> bool:
    """Run the checks that apply, and return whether all of them passed.

    Args:
        name: of the searcher.
        factory: makes the searcher; a command leaves no process behind.
        is_random: whether its moves depend on the seed.
        say: takes the lines.

    Raises:
        InputError: the searcher cannot be made, or does not start.
    """
    with _one_at_a_time(factory) as made:
        subject = Subject(made, is_random=is_random)
        benchmark = subject.benchmark
        setting = Setting(benchmark.space, benchmark.fidelities, subject.budget_s)
        try_out(name, factory, setting, rng=stream(0, "try"))
        return _all_checks(name, subject, say)


def _all_checks(name: str, subject: Subject, say: Callable[[str], None]) -> bool:
    applied = [check for check in CHECKS if applies(check, subject)]
    say(f"{name}: {len(applied)} checks on a synthetic benchmark")
    causes: list[str] = []
    for n_run, check in enumerate(applied, 1):
        result = run_check(check, subject)
        causes += [] if result.passed else [result.explanation]
        say("\n".join(explained(result)))
        if n_run == causes.count(result.explanation) == N_ALIKE < len(applied):
            say(f"the first {N_ALIKE} checks failed for one cause, so the others are left out; mend it first:")
            say(f"  {result.explanation}")
            return False
    say(f"{len(causes)} of {len(applied)} checks failed" if causes else f"all {len(applied)} checks passed")
    return not causes


@contextmanager
def _one_at_a_time(factory: SearcherFactory) -> Iterator[SearcherFactory]:
    """Give the factory; of a command, one that ends the process of its last searcher when it makes the next one."""
    if not isinstance(factory, Command):
        yield factory
        return
    made: list[ProcessSearcher] = []

    def end() -> None:
        while made:
            made.pop().close("the check is over")

    def single(
        space: Space, fidelities: Fidelities, budget_s: float, n_workers: int, *, rng: np.random.Generator
    ) -> ProcessSearcher:
        end()
        made.append(factory(space, fidelities, budget_s, n_workers, rng=rng))
        return made[-1]

    try:
        yield single
    finally:
        end()
