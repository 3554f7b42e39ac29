"""Plays a run for a check: the loop of `pmfnas.loop`, with more questions and with faults.

    factory -> Watched -> pmfnas.loop.runner.search -> Disturbed -> SimulatedExecutor -> Uneven -> benchmark

The referee enforces the rules. `Watched` adds rules that the referee cannot check, for instance that a recommendation
must not change by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pmfnas.core.errors import ContractError
from pmfnas.core.ports import Benchmark, Executor, SearcherFactory
from pmfnas.core.rng import stream
from pmfnas.core.types import Arch, Decision, Outcome, Stop, Submit, Ticket
from pmfnas.loop.executor import SimulatedExecutor, paired_trials
from pmfnas.loop.ledger import CUT, FREE
from pmfnas.loop.referee import Referee
from pmfnas.loop.runner import Setting, make_searcher, search
from pmfnas.testing.failures import Disturbance, Disturbed, Uneven
from pmfnas.testing.watched import Watched


@dataclass(frozen=True, slots=True)
class Told:
    """An outcome that the searcher was told."""

    ticket: Ticket
    outcome: Outcome
    time_s: float
    is_free: bool
    """True if the outcome was answered from the record, at no cost."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A run that broke no rule."""

    decisions: tuple[Decision, ...]
    told: tuple[Told, ...]
    recommended: tuple[Arch, ...]
    clock_s: float
    why: str
    """`budget` or `stopped`."""

    @property
    def moves(self) -> tuple[object, ...]:
        """The moves that must repeat under the same seed: requests, waits, drops in order, and the recommendation."""
        plain = [d.requests if isinstance(d, Submit) else d for d in self.decisions if not isinstance(d, Stop)]
        return (*plain, self.recommended, self.why)


def drive(
    factory: SearcherFactory,
    benchmark: Benchmark,
    *,
    budget_s: float,
    n_workers: int = 1,
    seed: int = 0,
    shuffled: bool = False,
    disturb: Disturbance | None = None,
    interfere: Callable[[], None] | None = None,
) -> Trace:
    """Return the trace of one run; raise `ContractError` if the searcher breaks a rule.

    Args:
        factory: makes the searcher.
        benchmark: the benchmark of the run.
        budget_s: budget, seconds of the clock.
        n_workers: training slots.
        seed: root of the searcher's stream and of the order of trials.
        shuffled: multiply the time of each segment by 1/8 to 8, so that segments end out of order.
        disturb: replaces outcomes as the segments end.
        interfere: called before every question to the searcher.

    Raises:
        ContractError: the searcher broke a rule, raised, or does not stop.
        DataError: a cost of the benchmark is not a valid time.
        InputError: the budget or the number of workers is not positive.
    """
    setting = Setting(benchmark.space, benchmark.fidelities, budget_s, n_workers)
    interfere = interfere or _nothing
    interfere()
    searcher = Watched(make_searcher(factory, setting, rng=stream(seed, "searcher")), interfere)
    Referee(setting.space, setting.fidelities).recommended(tuple(searcher.recommend()))  # no outcome yet: no arch
    offered: Benchmark = Uneven(benchmark, seed=seed) if shuffled else benchmark
    trial_of = paired_trials(offered, seed)
    executor: Executor = SimulatedExecutor(offered, trial_of, n_workers=n_workers, accounting="resume")
    finished = search(searcher, Disturbed(executor, disturb) if disturb else executor, setting)
    if finished.status != "ok":
        raise ContractError(finished.why)
    searcher.check_end()
    ended = [entry for entry in finished.entries if entry.status != CUT]
    told = tuple(Told(e.ticket, e.outcome, e.end_s, e.status == FREE) for e in ended if e.outcome is not None)
    decisions = tuple(searcher.decisions)
    why = "stopped" if decisions and isinstance(decisions[-1], Stop) else "budget"
    return Trace(decisions, told, finished.recommended, finished.clock_s, why)


def _nothing() -> None:
    pass
