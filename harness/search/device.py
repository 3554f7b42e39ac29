"""The device executor: tickets are trained, several at once, while a real clock runs.

Up to `width` tickets share the device. They advance together, epoch by epoch, and end one by one; each costs its
share of the device's seconds, so that the shares add up to the time spent training. The clock goes on while the
searcher thinks.

An epoch that would end after the budget is not begun, and a ticket that ended after it is not reported.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TypeAlias

from pmfnas.core.errors import UnavailableError
from pmfnas.core.ports import Event
from pmfnas.core.types import Cancelled, Cost, Failed, Ticket, Train
from pmfnas.loop.executor import TrialOf
from pmfnas.training.benchmark import TrainingBenchmark

Watch: TypeAlias = Callable[[int], AbstractContextManager[None]]
"""Watches over an epoch of so many candidates."""


def unwatched(n_candidates: int) -> AbstractContextManager[None]:
    """Return a context that does nothing."""
    del n_candidates
    return nullcontext()


class DeviceExecutor:
    """Trains tickets on one device. Implements `pmfnas.core.ports.Executor`."""

    def __init__(
        self,
        benchmark: TrainingBenchmark,
        trial_of: TrialOf,
        *,
        width: int,
        now_s: float = 0.0,
        clock: Callable[[], float] = time.perf_counter,
        watch: Watch = unwatched,
    ) -> None:
        """Start the clock.

        Args:
            benchmark: holds the session that trains.
            trial_of: which training seed a replicate has.
            width: most tickets on the device at once.
            now_s: where the clock of the run stands; more than 0 where it goes on.
            clock: seconds, rising.
            watch: the context in which every epoch is trained.
        """
        self._benchmark, self._trial_of, self._width = benchmark, trial_of, width
        self._clock, self._watch = clock, watch
        self._begin_s = clock() - now_s
        self._line: deque[Ticket] = deque()
        self._active: dict[int, tuple[Ticket, int, float]] = {}  # ticket, slot, start_s; untold ends included
        self._untold: deque[Event] = deque()
        self._epoch_s = 0.0  # seconds of the last epoch of all tickets
        self._epoch_began_s = self._until_s = 0.0  # of the run's clock

    @property
    def now_s(self) -> float:
        """Seconds of the run's clock."""
        return self._clock() - self._begin_s

    @property
    def n_free(self) -> int:
        """Number of slots with nothing to do and nothing in line; an end that was not told still holds its slot."""
        return max(0, self._width - len(self._active) - len(self._line))

    def submit(self, tickets: Sequence[Ticket]) -> None:
        """Start the tickets now, or put them in line."""
        self._line.extend(tickets)
        self._start()

    def next_event(self, until_s: float) -> Event | None:
        """Train until a ticket ends and return its end; None where none ends by `until_s`."""
        self._until_s = until_s
        while not self._untold:
            if not self._active or self.now_s + self._epoch_s > until_s:
                return None
            self._advance()
        if self._untold[0].time_s > until_s:
            return None
        event = self._untold.popleft()
        del self._active[event.ticket.number]
        self._start()
        return event

    def cancel(self, ticket: Ticket) -> Event | None:
        """Take a ticket off the device or out of the line, now; None where its end was told already."""
        if ticket in self._line:
            self._line.remove(ticket)
            return Event(self.now_s, ticket, Cancelled(), worker=-1, start_s=self.now_s)
        if ticket.number not in self._active:
            return None
        cost = self.spent(ticket)
        _, slot, start_s = self._active.pop(ticket.number)
        if any(event.ticket == ticket for event in self._untold):
            self._untold = deque(event for event in self._untold if event.ticket != ticket)
        else:
            self._benchmark.session.abandon(ticket.number)
        self._start()
        return Event(self.now_s, ticket, Cancelled(cost), slot, start_s)

    def running(self) -> Sequence[tuple[Ticket, int, float]]:
        """Return (ticket, slot, start_s) of the tickets on the device now, oldest first."""
        return [self._active[number] for number in sorted(self._active)]

    def spent(self, ticket: Ticket) -> Cost:
        """Return the ticket's share of the device's seconds so far."""
        for event in self._untold:
            if event.ticket == ticket:
                return event.outcome.cost
        return self._benchmark.session.cost(ticket.number)

    def hung(self, reason: str) -> list[Event]:
        """Return the ends, failed for `reason`, of the tickets that are being trained at this very moment.

        Nothing is changed: another thread asks, whose process is about to be replaced. Each ticket's cost includes its
        share of the seconds of the epoch that does not end, up to the end of the run.
        """
        session, now_s = self._benchmark.session, min(self.now_s, self._until_s)
        share_s = max(0.0, now_s - self._epoch_began_s) / max(1, len(session.at_work))
        events = []
        for number in session.at_work:
            ticket, slot, start_s = self._active[number]
            cost = session.cost(number)
            events.append(
                Event(now_s, ticket, Failed(reason, replace(cost, train_s=cost.train_s + share_s)), slot, start_s)
            )
        return events

    def _start(self) -> None:
        while self._line and len(self._active) < self._width:
            ticket = self._line.popleft()
            taken = {slot for _, slot, _ in self._active.values()}
            slot = min(set(range(self._width)) - taken)
            self._active[ticket.number] = (ticket, slot, self.now_s)
            try:
                self._begin(ticket)
            except UnavailableError as error:
                self._untold.append(Event(self.now_s, ticket, Failed(str(error)), slot, self.now_s))

    def _begin(self, ticket: Ticket) -> None:
        request = ticket.request
        if not isinstance(request, Train):
            self._benchmark.measure(request.arch, request.metric)
            return
        trial = self._trial_of(request.arch, request.schedule, request.replicate)
        self._benchmark.session.begin(self._benchmark.segment(ticket.number, request, trial))

    def _advance(self) -> None:
        begin_s, session = self._clock(), self._benchmark.session
        self._epoch_began_s = begin_s - self._begin_s
        with self._watch(len(session)):
            everything = session.advance()
        for ended in everything:
            ticket, slot, start_s = self._active[ended.number]
            self._untold.append(Event(self.now_s, ticket, ended.outcome, slot, start_s))
        self._epoch_s = self._clock() - begin_s
