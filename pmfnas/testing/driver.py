"""Drives a searcher over a benchmark and holds it to the rules of its port.

A small event loop with a clock, `n_workers` workers and a line before them. It can let segments end out of order,
let outcomes go wrong, and act on the process between two questions (to scramble the global generators, say).
Its runs are checks, not results: it keeps no ledger and knows no test accuracy.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

import numpy as np

from pmfnas.core.errors import ContractError, DataError, InputError, UnavailableError
from pmfnas.core.ports import Benchmark, Searcher, SearcherFactory
from pmfnas.core.rng import stream, trial_keys
from pmfnas.core.types import (
    Arch,
    Cancelled,
    Cost,
    Curve,
    Decision,
    Diverged,
    Drop,
    Failed,
    Measured,
    Ok,
    Outcome,
    Request,
    Stop,
    Submit,
    Ticket,
    Train,
    Wait,
    arch_numbers,
)
from pmfnas.testing.rules import Rules

PATIENCE = 10_000
"""Decisions or outcomes in a row without the clock moving before a searcher counts as one that never stops."""

Disturbance: TypeAlias = Callable[[Ticket, Outcome], Outcome]
"""Turns the outcome that a benchmark has for a ticket into another one."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Told:
    """An outcome that the searcher was told."""

    ticket: Ticket
    outcome: Outcome
    time_s: float
    is_free: bool
    """Answered from the record, at no cost."""


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
        """All that must repeat under the same seed: requests, waits and drops in order, and the recommendation."""
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
    """Return the trace of one run; raise `ContractError` where the searcher breaks a rule.

    Args:
        factory: makes the searcher.
        benchmark: what it searches on.
        budget_s: seconds of the clock.
        n_workers: training slots.
        seed: root of the searcher's stream and of the order of trials.
        shuffled: draw how long each segment takes (an eighth to eightfold its cost), so that they end out of order.
        disturb: replaces outcomes as the segments start.
        interfere: called before every question to the searcher.

    Raises:
        ContractError: the searcher broke a rule, raised, or never stops.
        InputError: a budget or a number of workers that is not positive.
    """
    if not budget_s > 0 or n_workers < 1:
        raise InputError(f"budget_s, n_workers are {budget_s}, {n_workers}, but must be positive")
    interfere = interfere or _nothing
    interfere()
    rng = stream(seed, "searcher")
    searcher = _guarded(
        "the factory", lambda: factory(benchmark.space, benchmark.fidelities, budget_s, n_workers, rng=rng)
    )
    workers = _Workers(
        benchmark, seed, n_workers, disturb or _as_it_is, stream(seed, "durations") if shuffled else None
    )
    return _Loop(searcher, workers, Rules(benchmark.space, benchmark.fidelities), budget_s, interfere).run()


def _nothing() -> None:
    pass


def _as_it_is(ticket: Ticket, outcome: Outcome) -> Outcome:
    del ticket
    return outcome


def _guarded(what: str, call: Callable[[], _T]) -> _T:
    try:
        return call()
    except Exception as error:
        raise ContractError(f"{what} raised {type(error).__name__}: {error}") from error


@dataclass(frozen=True, slots=True)
class _Busy:
    """A ticket on a worker."""

    ticket: Ticket
    outcome: Outcome
    start_s: float
    end_s: float


@dataclass
class _Workers:
    """The clock, what runs, and what waits in line."""

    benchmark: Benchmark
    seed: int
    n_workers: int
    disturb: Disturbance
    durations: np.random.Generator | None
    now_s: float = 0.0
    line: deque[Ticket] = field(default_factory=deque)
    busy: list[_Busy] = field(default_factory=list)

    @property
    def has_free(self) -> bool:
        return len(self.busy) + len(self.line) < self.n_workers

    @property
    def open(self) -> tuple[Ticket, ...]:
        """Every ticket that has not ended, oldest first. It is asked for while a worker is free: none is in line."""
        return tuple(sorted((b.ticket for b in self.busy), key=lambda ticket: ticket.number))

    def start(self) -> None:
        """Put what waits on the free workers."""
        while self.line and len(self.busy) < self.n_workers:
            ticket = self.line.popleft()
            outcome = self.disturb(ticket, self._outcome(ticket.request))
            if not 0 <= outcome.cost.total_s < np.inf:
                raise DataError(
                    f"{ticket.request} costs {outcome.cost.total_s} s by the benchmark, but must cost a finite time of "
                    "at least 0 s"
                )
            factor = 1.0 if self.durations is None else 8.0 ** self.durations.uniform(-1.0, 1.0)
            self.busy.append(_Busy(ticket, outcome, self.now_s, self.now_s + factor * outcome.cost.total_s))

    def next_end(self) -> _Busy:
        """Advance the clock to the next end, of two at once the older ticket's, and return it."""
        ended = min(self.busy, key=lambda b: (b.end_s, b.ticket.number))
        self.busy.remove(ended)
        self.now_s = ended.end_s
        self.start()
        return ended

    def cancel(self, arch: Arch) -> list[tuple[Ticket, Cancelled]]:
        """Take what runs on `arch` away, and return it with what it had cost."""
        gone = [b for b in self.busy if b.ticket.request.arch == arch]
        self.busy = [b for b in self.busy if b.ticket.request.arch != arch]
        return [(b.ticket, Cancelled(Cost(self.now_s - b.start_s))) for b in gone]

    def _outcome(self, request: Request) -> Outcome:
        try:
            if not isinstance(request, Train):
                return Measured(*self.benchmark.measure(request.arch, request.metric))
            curve, cost = self.benchmark.train(request, self._trial(request))
        except UnavailableError as error:
            return Failed(str(error))
        values = (curve.train_loss, curve.train_acc, curve.valid_loss, curve.valid_acc)
        finite = all(np.isfinite(value).all() for value in values)
        return Ok(curve, cost) if finite else Diverged(curve, cost)

    def _trial(self, request: Train) -> int:
        n_trials = self.benchmark.n_trials(request.arch, request.schedule)
        if request.replicate >= n_trials:
            raise UnavailableError(f"replicate {request.replicate} does not exist: {n_trials} trials do")
        number = arch_numbers([request.arch], self.benchmark.space.cardinalities)
        return int(np.argsort(trial_keys(self.seed, request.schedule, number, n_trials)[0])[request.replicate])


@dataclass
class _Loop:
    """One run in progress."""

    searcher: Searcher
    workers: _Workers
    rules: Rules
    budget_s: float
    interfere: Callable[[], None]
    decisions: list[Decision] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    recommended: tuple[Arch, ...] = ()
    n_tickets: int = 0
    idle: int = 0

    def run(self) -> Trace:
        """Return the trace of the run."""
        self.recommended = self._recommend()
        why = self._search()
        if self._recommend() != self.recommended:
            raise ContractError("recommend changed after the last tell, but only what is told may change it")
        return Trace(tuple(self.decisions), tuple(self.told), self.recommended, self.workers.now_s, why)

    def _search(self) -> str:
        waits = False
        while True:
            while self.workers.has_free and not waits:
                decision = self._ask()
                if isinstance(decision, Stop):
                    return "stopped"
                waits = isinstance(decision, Wait)
                self._act(decision)
            before_s = self.workers.now_s
            ended = self.workers.next_end()
            if ended.end_s > self.budget_s:
                self.workers.now_s = self.budget_s
                return "budget"
            self.idle = 0 if self.workers.now_s > before_s else self.idle
            self._tell(ended.ticket, self.rules.take(ended.ticket.request, ended.outcome), is_free=False)
            waits = False

    def _ask(self) -> Decision:
        self._be_patient()
        self.interfere()
        running = self.workers.open
        remaining_s = self.budget_s - self.workers.now_s
        decision = _guarded("ask", lambda: self.searcher.ask(running, remaining_s))
        self.rules.check_decision(decision, n_open=len(running))
        if self._recommend() != self.recommended:
            raise ContractError("ask changed what recommend answers, but only what is told may change it")
        self.decisions.append(decision)
        return decision

    def _be_patient(self) -> None:
        self.idle += 1
        if self.idle > PATIENCE:
            raise ContractError(f"never stops: {PATIENCE} decisions and outcomes in a row did not move the clock")

    def _act(self, decision: Decision) -> None:
        if isinstance(decision, Drop):
            for ticket, outcome in self.workers.cancel(decision.arch):
                self._tell(ticket, outcome, is_free=False)
            self.rules.drop(decision.arch)
        elif isinstance(decision, Submit):
            for request in decision.requests:
                self._submit(request)

    def _submit(self, request: Request) -> None:
        self.rules.check_request(request)
        ticket = Ticket(self.n_tickets, request)
        self.n_tickets += 1
        known = self.rules.answer(request)
        if known is not None:
            self._tell(ticket, known, is_free=True)
            return
        self.workers.line.append(ticket)
        self.workers.start()

    def _tell(self, ticket: Ticket, outcome: Outcome, *, is_free: bool) -> None:
        self._be_patient()
        self.interfere()
        if isinstance(outcome, Ok | Diverged):
            _seal(outcome.curve)
        _guarded("tell", lambda: self.searcher.tell(ticket, outcome))
        self.told.append(Told(ticket, outcome, self.workers.now_s, is_free))
        self.recommended = self._recommend()

    def _recommend(self) -> tuple[Arch, ...]:
        """Return the recommendation, asked for twice."""
        self.interfere()
        first = tuple(_guarded("recommend", self.searcher.recommend))
        self.interfere()
        again = tuple(_guarded("recommend", self.searcher.recommend))
        if first != again:
            raise ContractError(f"recommend answered {first[:1]}, then {again[:1]}, with nothing told between")
        if first != self.recommended:
            self.rules.check_recommended(first)
        return first


def _seal(curve: Curve) -> None:
    """Make the arrays of a curve read-only: a searcher that writes into what it is told would change the record."""
    for values in (curve.train_loss, curve.train_acc, curve.valid_loss, curve.valid_acc):
        values.setflags(write=False)
