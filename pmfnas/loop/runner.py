"""The one loop over searcher and executor, and the only place that knows clock and budget.

    while the budget lasts:
        while a worker is free and the searcher does not wait:  decision = searcher.ask(...)
        event = executor.next_event(budget);  searcher.tell(...)

A request whose answer is in the record already is told at once and costs nothing. A searcher that breaks its
contract, or raises, ends its own run, which is recorded as failed with the reason; nothing is patched up.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from pmfnas.core.errors import ContractError, InputError
from pmfnas.core.ports import Event, Executor, Searcher, Space
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
    Request,
    Stop,
    Submit,
    Ticket,
    Wait,
)
from pmfnas.loop.executor import Accounting
from pmfnas.loop.ledger import CUT, FREE, Entry
from pmfnas.loop.referee import Admission

PATIENCE = 10_000
"""Decisions that start nothing and outcomes that cost nothing (answers from the record, failures, drops), in a row,
before a run is ended as failed."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything of a run that its searcher is told of, and how the budget is spent."""

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
    """Best first; empty where nothing was finished."""
    clock_s: float
    """When it ended: the budget, or earlier where the searcher stopped."""
    status: str
    """`ok` or `failed`."""
    why: str
    """Why it ended: `budget`, the searcher's own reason, or what went wrong."""
    searcher_s: float
    """Seconds inside the searcher, on this host; never added to a simulated clock."""


def search(searcher: Searcher, executor: Executor, setting: Setting) -> Finished:
    """Return the finished run of `searcher` on `executor`."""
    loop = _Loop(searcher, executor, setting)
    status = "ok"
    try:
        why = loop.run()
    except ContractError as error:
        status, why = "failed", str(error)
    loop.cut_off()
    why = why.encode("utf-8", "backslashreplace").decode()  # a searcher may name what no file can hold
    return Finished(tuple(loop.entries), loop.recommended, loop.now_s, status, why, loop.searcher_s)


@dataclass
class _Loop:
    """The state of a run in progress."""

    searcher: Searcher
    executor: Executor
    setting: Setting
    now_s: float = 0.0
    searcher_s: float = 0.0
    entries: list[Entry] = field(default_factory=list)
    recommended: tuple[Arch, ...] = ()
    waiting: bool = False
    idle: int = 0
    n_tickets: int = 0
    open: dict[int, Ticket] = field(default_factory=dict)
    reasons: dict[int, Reason] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.admission = Admission(self.setting.space, self.setting.fidelities)

    def run(self) -> str:
        """Return why the run ended."""
        while self.now_s < self.setting.budget_s:
            while self.executor.n_free > 0 and not self.waiting:
                stopped = self._decide()
                if stopped is not None:
                    return stopped
            if not self.open:
                raise ContractError("the searcher waits, but nothing is running")
            event = self.executor.next_event(self.setting.budget_s)
            if event is None:
                self.now_s = self.setting.budget_s
                return "budget"
            self.now_s, self.waiting = event.time_s, False
            self._end(event)
        return "budget"

    def _decide(self) -> str | None:
        """Ask once and act on the decision; return why the run ends, or None."""
        decision = self._ask()
        if not isinstance(decision, Submit) or not decision.requests:
            self._be_patient()
        match decision:
            case Submit():
                self._submit(decision)
            case Wait():
                self.waiting = True
            case Drop(arch):
                self.admission.check_arch(arch, "drops")
                self._drop(arch)
            case Stop(str(why)):
                return why or "stopped"
            case Stop(why):
                raise ContractError(f"stops with the reason {why!r}, but a reason is a str")
            case _:
                raise ContractError(f"ask returned {decision!r}, but must return Submit, Wait, Drop or Stop")
        return None

    def _be_patient(self, outcome: Outcome | None = None) -> None:
        """Count what brings the search no further; raise `ContractError` once it is too much."""
        self.idle += 1
        if self.idle > PATIENCE:
            last = f"; the last request failed: {outcome.reason}" if isinstance(outcome, Failed) else ""
            raise ContractError(f"never stops: {PATIENCE} decisions and outcomes in a row spent nothing{last}")

    def _submit(self, decision: Submit) -> None:
        _check_submit(decision)
        for i, request in enumerate(decision.requests):
            self.admission.check(request)
            ticket = Ticket(self.n_tickets, request)
            self.n_tickets += 1
            self.reasons[ticket.number] = decision.reasons[i] if decision.reasons else NO_REASON
            known = self.admission.answer(request)
            if known is not None:
                self._be_patient()
                self._tell(ticket, known)
                self._enter(Event(self.now_s, ticket, known, worker=-1, start_s=self.now_s), known, FREE, 0.0)
                continue
            self.open[ticket.number] = ticket
            self.executor.submit([ticket])

    def _drop(self, arch: Arch) -> None:
        for ticket in [t for t in self.open.values() if t.request.arch == arch]:
            event = self.executor.cancel(ticket)
            if event is not None:
                self._end(event)
        self.admission.drop(arch)

    def _end(self, event: Event) -> None:
        """Take note of the end of a ticket: checkpoints, searcher, ledger."""
        del self.open[event.ticket.number]
        before_s = self._before_s(event.ticket.request, event.outcome)
        outcome = self.admission.take(event.ticket.request, event.outcome)
        if event.outcome.cost.total_s > 0 or isinstance(outcome, Ok | Measured):
            self.idle = 0
        else:
            self._be_patient(outcome)
        self._tell(event.ticket, outcome)
        self._enter(event, outcome, _STATUS[type(outcome)], before_s)

    def _before_s(self, request: Request, outcome: Outcome) -> float:
        """Return the seconds of the epochs before a segment that are paid beside its own cost.

        A ticket that never ran repeats nothing. Under restart a cancelled segment may still be repeating old epochs:
        all that it took counts as its own.
        """
        cost_holds_them = isinstance(outcome, Cancelled) and self.setting.accounting == "restart"
        if cost_holds_them or outcome.cost.total_s <= 0:
            return 0.0
        return self.admission.before_s(request)

    def _enter(self, event: Event, outcome: Outcome, status: str, before_s: float) -> None:
        incumbent = self.recommended[0] if self.recommended else None
        cost = Cost() if status == FREE else outcome.cost
        reason = self.reasons.pop(event.ticket.number)
        entry = Entry(
            event.ticket, status, event.worker, event.start_s, event.time_s, cost, before_s, outcome, incumbent, reason
        )
        self.entries.append(entry)

    def cut_off(self) -> None:
        """Charge what still runs when the run ends; it is not told and not scored."""
        for ticket, worker, start_s in self.executor.running():
            spent = Cost(train_s=self.now_s - start_s)
            before_s = self._before_s(ticket.request, Cancelled(spent))
            incumbent = self.recommended[0] if self.recommended else None
            reason = self.reasons.pop(ticket.number)
            self.entries.append(
                Entry(ticket, CUT, worker, start_s, self.now_s, spent, before_s, None, incumbent, reason)
            )

    # -- the three questions to the searcher, timed and guarded ----------------------------------------------

    def _ask(self) -> Decision:
        begin = time.perf_counter()
        try:
            return self.searcher.ask(tuple(self.open.values()), self.setting.budget_s - self.now_s)
        except Exception as error:
            raise ContractError(_raised("ask", error)) from error
        finally:
            self.searcher_s += time.perf_counter() - begin

    def _tell(self, ticket: Ticket, outcome: Outcome) -> None:
        begin = time.perf_counter()
        try:
            self.searcher.tell(ticket, outcome)
            recommended = tuple(self.searcher.recommend())
        except Exception as error:
            raise ContractError(_raised("tell or recommend", error)) from error
        finally:
            self.searcher_s += time.perf_counter() - begin
        self.recommended = self.admission.recommended(recommended)


_STATUS = {Ok: "ok", Diverged: "diverged", Measured: "measured", Failed: "failed", Cancelled: "cancelled"}


def _check_submit(decision: Submit) -> None:
    """Raise `ContractError` unless requests and reasons are collections that a record can hold."""
    if not isinstance(decision.requests, tuple | list):
        raise ContractError(f"submits {decision.requests!r}, but the requests of a Submit are a tuple")
    for reason in decision.reasons:
        named = isinstance(reason, Mapping) and all(isinstance(name, str) for name in reason)
        if not named or not all(isinstance(value, int | float | str) for value in reason.values()):
            raise ContractError(f"gives the reason {reason!r}, but reasons map names to float or str")


def _raised(where: str, error: Exception) -> str:
    return f"{where} raised {type(error).__name__}: {error}".replace("\n", " ")
