"""Resuming an interrupted run: recorded events are replayed, then the run goes on.

    search(fresh_searcher, ReplayExecutor(recorded_events, n_workers, go_on), setting)

The searcher is made anew from the same seed and asked the same questions. A request that differs from the record
means that searcher, settings or data changed, which is an error, not a fork. Segments that were in flight at the
interruption start again when the record ends.
"""

from collections import deque
from collections.abc import Callable, Sequence

from pmfnas.core.errors import ContractError
from pmfnas.core.ports import Event, Executor
from pmfnas.core.types import Cost, Ticket


class ReplayExecutor:
    """Answers from the record first, then from the executor that `go_on(time_s)` makes. Implements `Executor`."""

    def __init__(self, recorded: Sequence[Event], *, n_workers: int, go_on: Callable[[float], Executor]) -> None:
        self._recorded = deque(recorded)
        self._expected = {event.ticket.number: event.ticket for event in recorded}
        self._n_workers = n_workers
        self._go_on = go_on
        self._now_s = 0.0
        self._open: dict[int, Ticket] = {}
        self._live: Executor | None = None if recorded else go_on(0.0)

    @property
    def n_free(self) -> int:
        """Number of workers with nothing to do and nothing in line."""
        return self._live.n_free if self._live else max(0, self._n_workers - len(self._open))

    def submit(self, tickets: Sequence[Ticket]) -> None:
        """Check the tickets against the record, or start them where it has ended."""
        if self._live:
            self._live.submit(tickets)
            return
        for ticket in tickets:
            expected = self._expected.get(ticket.number, ticket)
            if ticket != expected:
                raise ContractError(
                    f"ticket {ticket.number} asks {ticket.request}, but the record has {expected.request}"
                )
            self._open[ticket.number] = ticket

    def next_event(self, until_s: float) -> Event | None:
        """Return the next recorded event, or the next live one."""
        if self._live:
            return self._live.next_event(until_s)
        event = self._recorded.popleft()
        self._close(event)
        return event

    def cancel(self, ticket: Ticket) -> Event | None:
        """Return the recorded cancellation of `ticket`, or cancel it live."""
        if self._live:
            return self._live.cancel(ticket)
        for event in self._recorded:
            if event.ticket == ticket:
                self._recorded.remove(event)
                self._close(event)
                return event
        self._open.pop(ticket.number, None)
        return None

    def running(self) -> Sequence[tuple[Ticket, int, float]]:
        """Return (ticket, worker, start_s) of the tickets on a worker now, oldest first."""
        if self._live:
            return self._live.running()
        return [(ticket, -1, self._now_s) for ticket in self._open.values()]

    def spent(self, ticket: Ticket) -> Cost:
        """Return the cost so far of a ticket that runs live; before that none, for it will start anew."""
        return self._live.spent(ticket) if self._live else Cost()

    def _close(self, event: Event) -> None:
        if event.ticket.number not in self._open:
            raise ContractError(f"the record ends ticket {event.ticket.number}, but it was not asked for")
        del self._open[event.ticket.number]
        self._now_s = event.time_s
        if not self._recorded:
            self._live = self._go_on(self._now_s)
            self._live.submit(list(self._open.values()))
