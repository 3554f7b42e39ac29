"""The only loop over searcher and executor, and the only module that knows clock and budget.

    while the budget lasts:
        while a worker is free and the searcher does not wait:  decision = searcher.ask(...)
        event = executor.next_event(budget);  searcher.tell(...)

A request that the record can answer is answered at once and costs nothing. If a searcher breaks its contract, or
raises, its run ends and is recorded as failed with the reason; the runner does not repair anything.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import TypeVar, TypeVarTuple

import numpy as np

from pmfnas.core.errors import ContractError, InputError, PmfnasError
from pmfnas.core.ports import Event, Executor, Searcher, SearcherFactory, Space
from pmfnas.core.types import (
    NO_REASON,
    Arch,
    Cancelled,
    Cost,
    Decision,
    Diverged,
    Drop,
    Failed,
    Fidelities,
    Measured,
    Ok,
    Outcome,
    Reason,
    Stop,
    Submit,
    Ticket,
    Wait,
)
from pmfnas.loop.executor import Accounting
from pmfnas.loop.ledger import CUT, FREE, Entry
from pmfnas.loop.referee import Referee, guarded

PATIENCE = 10_000
"""Decisions that start nothing and outcomes that cost nothing (answers from the record, failures, drops), in a row,
before a run is ended as failed."""

_STATUS = {Ok: "ok", Diverged: "diverged", Measured: "measured", Failed: "failed", Cancelled: "cancelled"}

_Args = TypeVarTuple("_Args")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Setting:
    """The setting of a run: all the information that its searcher gets, and the accounting."""

    space: Space
    fidelities: Fidelities
    budget_s: float
    n_workers: int = 1
    accounting: Accounting = "resume"

    def __post_init__(self) -> None:
        if not self.budget_s > 0:
            raise InputError(f"budget is {self.budget_s} s, but must be positive")
        if self.n_workers < 1:
            raise InputError(f"workers is {self.n_workers}, but must be at least 1")


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that ended."""

    entries: tuple[Entry, ...]
    recommended: tuple[Arch, ...]
    """Best first; empty if no segment was finished."""
    clock_s: float
    """Time at which the run ended: the budget, or earlier if the searcher stopped."""
    status: str
    """`ok` or `failed`."""
    why: str
    """Why the run ended: `budget`, the searcher's own reason, or the error."""
    searcher_s: float
    """Seconds inside the searcher, on this host; never added to a simulated clock."""


def make_searcher(factory: SearcherFactory, setting: Setting, *, rng: np.random.Generator) -> Searcher:
    """Return a fresh searcher for a run; raise `ContractError` if its constructor raises."""

    def construct() -> Searcher:
        try:
            return factory(setting.space, setting.fidelities, setting.budget_s, setting.n_workers, rng=rng)
        except PmfnasError as error:
            raise ContractError(str(error)) from error

    return guarded("its constructor", construct)


def search(searcher: Searcher, executor: Executor, setting: Setting) -> Finished:
    """Return the finished run of `searcher` on `executor`."""
    run = _Run(searcher, executor, setting, Referee(setting.space, setting.fidelities))
    status = "ok"
    try:
        why = run.play()
    except ContractError as error:
        status, why = "failed", str(error)
    run.cut_off()
    why = why.encode("utf-8", "backslashreplace").decode()  # a searcher may use text that is not valid UTF-8
    return Finished(tuple(run.entries), run.recommended, run.now_s, status, why, run.searcher_s)


@dataclass
class _Run:
    """The state of a run in progress."""

    searcher: Searcher
    executor: Executor
    setting: Setting
    referee: Referee
    now_s: float = 0.0
    searcher_s: float = 0.0
    entries: list[Entry] = field(default_factory=list)
    recommended: tuple[Arch, ...] = ()
    n_idle: int = 0
    n_tickets: int = 0
    open: dict[int, Ticket] = field(default_factory=dict)
    reasons: dict[int, Reason] = field(default_factory=dict)

    def play(self) -> str:
        """Play until the budget is spent or the searcher stops; return why the run ended."""
        while self.now_s < self.setting.budget_s:
            stopped = self._fill_workers()
            if stopped is not None:
                return stopped
            event = self.executor.next_event(self.setting.budget_s)
            if event is None:
                self.now_s = self.setting.budget_s
                break
            self.now_s = event.time_s
            self._end(event)
        return "budget"

    def _fill_workers(self) -> str | None:
        """Ask while a worker is free, until the searcher waits; return its reason if it stops, else None."""
        while self.executor.n_free > 0:
            decision = self._ask()
            if not isinstance(decision, Submit) or not decision.requests:
                self._be_patient()
            match decision:
                case Submit():
                    self._submit(decision)
                case Drop(arch):
                    self._drop(arch)
                case Wait():
                    return None
                case Stop(why):
                    return why or "stopped"
        return None

    def _submit(self, decision: Submit) -> None:
        """Give every request a ticket; the record answers it at once and free of charge, or it is started."""
        for i, request in enumerate(decision.requests):
            self.referee.check_request(request)
            ticket = Ticket(self.n_tickets, request)
            self.n_tickets += 1
            self.reasons[ticket.number] = decision.reasons[i] if decision.reasons else NO_REASON
            known = self.referee.answer(request)
            if known is None:
                self.open[ticket.number] = ticket
                self.executor.submit([ticket])
                continue
            self._be_patient()
            self._tell(ticket, known)
            self._enter(Event(self.now_s, ticket, known, worker=-1, start_s=self.now_s), known, FREE, 0.0)

    def _drop(self, arch: Arch) -> None:
        """Cancel every open ticket of `arch` and remove its checkpoints."""
        for ticket in [t for t in self.open.values() if t.request.arch == arch]:
            event = self.executor.cancel(ticket)
            if event is not None:
                self._end(event)
        self.referee.drop(arch)

    def _end(self, event: Event) -> None:
        """Process the end of a ticket: checkpoints, searcher, ledger."""
        del self.open[event.ticket.number]
        before_s = self.referee.before_s(event.ticket.request)
        outcome = self.referee.take(event.ticket.request, event.outcome)
        if event.outcome.cost.total_s > 0 or isinstance(outcome, (Ok, Measured)):
            self.n_idle = 0
        else:
            self._be_patient(outcome)
        self._tell(event.ticket, outcome)
        self._enter(event, outcome, _STATUS[type(outcome)], before_s)

    def cut_off(self) -> None:
        """Charge the tickets that still run when the run ends; they are neither reported nor scored."""
        for ticket, worker, start_s in self.executor.running():
            cut = Event(self.now_s, ticket, Cancelled(self.executor.spent(ticket)), worker, start_s)
            self._enter(cut, None, CUT, self.referee.before_s(ticket.request))

    def _enter(self, event: Event, told: Outcome | None, status: str, before_s: float) -> None:
        """Enter the end of a ticket into the ledger."""
        cost = Cost() if status == FREE else event.outcome.cost
        incumbent = self.recommended[0] if self.recommended else None
        reason = self.reasons.pop(event.ticket.number)
        entry = Entry(
            event.ticket, status, event.worker, event.start_s, event.time_s, cost, before_s, told, incumbent, reason
        )
        self.entries.append(entry)

    def _be_patient(self, outcome: Outcome | None = None) -> None:
        """Count a decision or an outcome that spends nothing; raise `ContractError` once there are too many."""
        self.n_idle += 1
        if self.n_idle > PATIENCE:
            last = f"; the last request failed: {outcome.reason}" if isinstance(outcome, Failed) else ""
            raise ContractError(f"never stops: {PATIENCE} decisions and outcomes in a row spent nothing{last}")

    # -- the three questions to the searcher, timed and guarded ----------------------------------------------

    def _ask(self) -> Decision:
        running, remaining_s = tuple(self.open.values()), self.setting.budget_s - self.now_s
        decision = self._timed("ask", self.searcher.ask, running, remaining_s)
        self.referee.check_decision(decision, n_open=len(running))
        return decision

    def _tell(self, ticket: Ticket, outcome: Outcome) -> None:
        self._timed("tell", self.searcher.tell, ticket, outcome)
        self.recommended = self.referee.recommended(self._timed("recommend", self._recommend))

    def _recommend(self) -> tuple[Arch, ...]:
        return tuple(self.searcher.recommend())

    def _timed(self, name: str, question: Callable[[*_Args], _T], *args: *_Args) -> _T:
        """Return the searcher's answer to a question, and count its seconds on this host."""
        begin = perf_counter()
        try:
            return guarded(name, question, *args)
        finally:
            self.searcher_s += perf_counter() - begin
