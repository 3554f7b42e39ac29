"""Checks that every searcher must pass, whatever it does, on benchmarks that cost nothing.

    >>> for result in check_searcher(MySearcher):
    ...     print(result)
    ok    same seed, same moves
    FAIL  constant scores: recommends arch (0, 1, 2, 0, 0), but was told of no segment of it that ended well

A check drives the searcher through a run (`pmfnas.testing.driver`, with the referee of `pmfnas.loop`) in one
particular situation. `CHECKS` holds them by name. They judge conduct, not how good the found archs are.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from pmfnas.core.errors import ContractError, unknown_name
from pmfnas.core.ports import Benchmark, SearcherFactory, Space
from pmfnas.core.rng import stream
from pmfnas.core.types import Cancelled, Cost, Failed, Ok, Outcome, Ticket, Train
from pmfnas.testing.driver import Trace, drive
from pmfnas.testing.failures import ConstantScores, Diverging, Unavailable
from pmfnas.testing.grid import GridSpace
from pmfnas.testing.process_state import process_state, scrambling
from pmfnas.testing.synthetic import SyntheticBenchmark

_TRAININGS = 20
"""Budget of a check: so many trainings of the shortest schedule one after the other, enough for one of 200 epochs."""
_CROWD = 4
"""With more workers than this the clock is cut, so that a check stays short."""
_SHARE = 0.3


@dataclass(frozen=True)
class Subject:
    """A searcher to be checked, with its spaces and seed."""

    factory: SearcherFactory
    space: Space = field(default_factory=GridSpace)
    tiny: Space | None = field(default_factory=lambda: GridSpace((2, 2)))
    """A space that the budget exhausts; None for a searcher that only works on `space`."""
    is_random: bool = True
    """Whether its moves depend on the seed."""
    seed: int = 0

    @cached_property
    def benchmark(self) -> SyntheticBenchmark:
        """The sound benchmark."""
        return SyntheticBenchmark(self.space, seed=self.seed)

    @cached_property
    def budget_s(self) -> float:
        """Seconds of a typical run."""
        return _TRAININGS * _training_s(self.benchmark)

    def run(self, benchmark: Benchmark | None = None, *, n_workers: int = 1, shuffled: bool = False) -> Trace:
        """Return the trace of a typical run."""
        return drive(
            self.factory,
            benchmark or self.benchmark,
            budget_s=self.budget_s * min(1.0, _CROWD / n_workers),
            n_workers=n_workers,
            shuffled=shuffled,
            seed=self.seed,
        )


Check: TypeAlias = Callable[[Subject], None]
"""Raises `ContractError` where the subject does not pass."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check."""

    name: str
    passed: bool
    explanation: str = ""
    """Why it failed; empty where it passed."""

    def __str__(self) -> str:
        return f"ok    {self.name}" if self.passed else f"FAIL  {self.name}: {self.explanation}"


def check_searcher(
    factory: SearcherFactory,
    *,
    space: Space | None = None,
    tiny: Space | None = None,
    is_random: bool = True,
    seed: int = 0,
) -> tuple[CheckResult, ...]:
    """Return the result of every check that applies to the searchers that `factory` makes.

    Args:
        factory: makes the searcher, with its settings fixed.
        space: where it searches; a small grid by default.
        tiny: a space of a few archs, to be exhausted; by default a small grid, if `space` is the default too.
            With a `space` of your own and no `tiny`, that check is left out.
        is_random: whether its moves depend on the seed. For a searcher that draws nothing, say False.
        seed: root of all seeds.
    """
    if space is None:
        subject = Subject(factory, tiny=tiny or GridSpace((2, 2)), is_random=is_random, seed=seed)
    else:
        subject = Subject(factory, space=space, tiny=tiny, is_random=is_random, seed=seed)
    return tuple(run_check(name, subject) for name in CHECKS if applies(name, subject))


def applies(name: str, subject: Subject) -> bool:
    """Whether the check called `name` makes sense for `subject`."""
    if name == OTHER_SEEDS:
        return subject.is_random
    return name != EXHAUSTED or subject.tiny is not None


def run_check(name: str, subject: Subject) -> CheckResult:
    """Return the result of one check."""
    if name not in CHECKS:
        raise unknown_name("check", name, CHECKS)
    try:
        CHECKS[name](subject)
    except ContractError as error:
        return CheckResult(name, passed=False, explanation=str(error))
    return CheckResult(name, passed=True)


# ------------------------------------------------------------------------------------------------ repetition


def _repeats(subject: Subject) -> None:
    _same_moves(subject.run(n_workers=3), subject.run(n_workers=3), "under the same seed")


def _ignores_global_generators(subject: Subject) -> None:
    def run(scrambled_with: int) -> Trace:
        with scrambling(scrambled_with) as scramble:
            return drive(
                subject.factory, subject.benchmark, budget_s=subject.budget_s, seed=subject.seed, interfere=scramble
            )

    _same_moves(run(1), run(2), "after the global generators were scrambled: draw from rng alone")


def _same_moves(one: Trace, other: Trace, when: str) -> None:
    for number, (a, b) in enumerate(zip(one.moves, other.moves, strict=False)):
        if a != b:
            raise ContractError(f"move {number} was {a}, then {b}, {when}")
    if len(one.moves) != len(other.moves):
        raise ContractError(f"made {len(one.moves)} moves, then {len(other.moves)}, {when}")


def _differs_by_seed(subject: Subject) -> None:
    first = subject.run()
    for seed in range(subject.seed + 1, subject.seed + 4):
        # The order of the trials follows the root seed too, so only the archs asked for are compared.
        other = drive(subject.factory, subject.benchmark, budget_s=subject.budget_s, seed=seed)
        if _first_archs(other) != _first_archs(first):
            return
    raise ContractError("started with the same archs under four seeds; if it draws nothing, say is_random=False")


def _first_archs(trace: Trace) -> list[object]:
    """Return the archs of the first ten outcomes: too early for the noise of the trials to tell seeds apart."""
    return [told.ticket.request.arch for told in trace.told[:10]]


def _leaves_process_alone(subject: Subject) -> None:
    before = process_state()
    subject.run(n_workers=2)
    changed = [name for name, value in process_state().items() if value != before[name]]
    if changed:
        raise ContractError(f"changed {', '.join(changed)}, but a searcher owns nothing but its rng")


# ------------------------------------------------------------------------------------------- order and workers


def _with_workers(subject: Subject, *, n_workers: int) -> None:
    trace = subject.run(n_workers=n_workers)
    if not trace.told:
        raise ContractError(f"finished nothing with {n_workers} workers in {trace.clock_s:.0f} s")


def _out_of_order(subject: Subject) -> None:
    subject.run(n_workers=8, shuffled=True)


def _recommends_results(subject: Subject) -> None:
    trace = subject.run()
    _must_recommend(trace)


def _must_recommend(trace: Trace) -> None:
    for told in trace.told:
        if isinstance(told.outcome, Ok) and told.outcome.curve.valid_epochs and not trace.recommended:
            raise ContractError(
                f"was told of arch {told.ticket.request.arch} with a validation, but recommends nothing"
            )


# --------------------------------------------------------------------------------------------- what goes wrong


def _on_constant_scores(subject: Subject) -> None:
    _must_recommend(subject.run(ConstantScores(subject.benchmark), n_workers=2))


def _on_diverging(subject: Subject, *, share: float) -> None:
    trace = subject.run(Diverging(subject.benchmark, share=share), n_workers=2)
    _must_recommend(trace)


def _on_unavailable(subject: Subject) -> None:
    subject.run(Unavailable(subject.benchmark, share=_SHARE), n_workers=2)


def _disturbed(subject: Subject, make: Callable[[Cost], Outcome]) -> None:
    """Drive with `_SHARE` of the outcomes replaced by what `make` makes of their cost."""
    rng = stream(subject.seed, "disturbance")

    def disturb(ticket: Ticket, outcome: Outcome) -> Outcome:
        del ticket
        return make(outcome.cost) if rng.random() < _SHARE else outcome

    drive(
        subject.factory,
        subject.benchmark,
        budget_s=subject.budget_s,
        n_workers=4,
        seed=subject.seed,
        shuffled=True,
        disturb=disturb,
    )


def _on_failed(subject: Subject) -> None:
    _disturbed(subject, lambda cost: Failed("the worker crashed", cost))


def _on_cancelled(subject: Subject) -> None:
    _disturbed(subject, Cancelled)


# ------------------------------------------------------------------------------------------------------- budget


def _on_no_budget(subject: Subject) -> None:
    """Nothing ends, so the driver holds the recommendation to be empty."""
    drive(subject.factory, subject.benchmark, budget_s=1e-3, seed=subject.seed)


def _on_one_segment(subject: Subject) -> None:
    """Give a budget that ends with the first segment of a longer run; most searchers start it alike."""
    first = next((told for told in subject.run().told if not told.is_free), None)
    if first is not None:
        _must_recommend(drive(subject.factory, subject.benchmark, budget_s=first.time_s, seed=subject.seed))


def _on_exhausted_space(subject: Subject) -> None:
    assert subject.tiny is not None, "This is a bug: the check does not apply without a tiny space."
    benchmark = SyntheticBenchmark(subject.tiny, seed=subject.seed)
    n_archs = int(np.prod(subject.tiny.cardinalities))
    long_s = 100 * n_archs * _training_s(benchmark)
    for n_workers in (1, 4):
        drive(subject.factory, benchmark, budget_s=long_s, n_workers=n_workers, seed=subject.seed)


def _training_s(benchmark: SyntheticBenchmark) -> float:
    """Return the mean seconds of a training of the shortest schedule."""
    schedule, rng = benchmark.fidelities.schedules[0], stream(0, "budget")
    requests = [Train(benchmark.space.sample(rng=rng), schedule.name, 0, schedule.epochs) for _ in range(16)]
    return float(np.mean([benchmark.train(request, 0)[1].total_s for request in requests]))


OTHER_SEEDS = "other seeds, other archs"
EXHAUSTED = "space exhausted"

CHECKS: MappingProxyType[str, Check] = MappingProxyType(
    {
        "same seed, same moves": _repeats,
        "global generators scrambled": _ignores_global_generators,
        OTHER_SEEDS: _differs_by_seed,
        "process state untouched": _leaves_process_alone,
        "1 worker": partial(_with_workers, n_workers=1),
        "4 workers": partial(_with_workers, n_workers=4),
        "16 workers": partial(_with_workers, n_workers=16),
        "out of order": _out_of_order,
        "recommends what it saw": _recommends_results,
        "constant scores": _on_constant_scores,
        "some archs diverge": partial(_on_diverging, share=_SHARE),
        "all archs diverge": partial(_on_diverging, share=1.0),
        "some archs unavailable": _on_unavailable,
        "some segments fail": _on_failed,
        "some segments cancelled": _on_cancelled,
        "budget below one segment": _on_no_budget,
        "budget of one segment": _on_one_segment,
        EXHAUSTED: _on_exhausted_space,
    }
)
