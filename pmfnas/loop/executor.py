"""The simulated executor: a heap of (finish time, ticket) over a benchmark.

Tickets start at once on a free worker, lowest number first, or wait in line. The clock advances only in
`next_event`, which moves it to the earliest end, or to its limit; ties go to the older ticket.
"""

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf, isfinite
from typing import Literal, TypeAlias

import numpy as np

from pmfnas.core.errors import DataError, UnavailableError
from pmfnas.core.ports import Benchmark, Event
from pmfnas.core.rng import trial_order
from pmfnas.core.types import (
    Arch,
    Cancelled,
    Cost,
    Diverged,
    Failed,
    FloatArray,
    Measured,
    Ok,
    Outcome,
    Request,
    Ticket,
    Train,
    arch_number,
)

Accounting: TypeAlias = Literal["resume", "restart"]
"""Cost of a segment that continues from a checkpoint: its own epochs, or all epochs from 0 again."""

TrialOf: TypeAlias = Callable[[Arch, str, int], int]
"""(arch, schedule, replicate) -> number of the benchmark's trial."""


Visible: TypeAlias = Callable[[str, int], int]
"""(schedule, trials that exist) -> trials that a run may see."""


def all_visible(schedule: str, n_trials: int) -> int:
    """Return the number of all trials: the rule for data whose runs are scored by test accuracy."""
    del schedule
    return n_trials


def paired_trials(benchmark: Benchmark, seed: int, visible: Visible = all_visible) -> TrialOf:
    """Return the trial order of a run: one permutation per (seed, arch, schedule), the same for every searcher.

    Args:
        benchmark: gives the number of trials.
        seed: root seed of the run.
        visible: gives the number of trials that the run may see, the first ones; the others do not exist for the run.
    """
    cardinalities = benchmark.space.cardinalities
    orders: dict[tuple[Arch, str], tuple[int, ...]] = {}  # of the archs that were asked for

    def trial_of(arch: Arch, schedule: str, replicate: int) -> int:
        n_trials = benchmark.n_trials(arch, schedule)
        n_seen = visible(schedule, n_trials)
        if replicate >= n_seen:
            raise UnavailableError(f"replicate {replicate} of schedule {schedule} does not exist: {n_seen} trials do")
        if n_trials == 1:
            return 0
        if (arch, schedule) not in orders:
            number = arch_number(arch, cardinalities)
            orders[arch, schedule] = trial_order(seed, schedule, number, n_trials)
        return orders[arch, schedule][replicate]

    return trial_of


class SimulatedExecutor:
    """Runs tickets by looking them up. Implements `pmfnas.core.ports.Executor`.

    With `reports_loss`, a training loss that is no number is a training that diverged.
    """

    def __init__(
        self,
        benchmark: Benchmark,
        trial_of: TrialOf,
        *,
        n_workers: int,
        accounting: Accounting,
        now_s: float = 0.0,
        reports_loss: bool = True,
    ) -> None:
        self._benchmark, self._reports_loss = benchmark, reports_loss
        self._trial_of = trial_of
        self._accounting = accounting
        self._now_s = now_s
        self._free = list(range(n_workers))  # a heap: the lowest worker starts first
        self._line: deque[Ticket] = deque()
        self._ends: list[tuple[float, int]] = []  # heap of (finish time, ticket number)
        self._active: dict[int, Event] = {}

    @property
    def n_free(self) -> int:
        """Number of idle workers minus the tickets waiting in line, at least 0."""
        return max(0, len(self._free) - len(self._line))

    def submit(self, tickets: Sequence[Ticket]) -> None:
        """Start the tickets now, or put them in line."""
        self._line.extend(tickets)
        self._start()

    def next_event(self, until_s: float) -> Event | None:
        """Advance the clock to the next end of a ticket and return that event, or to `until_s` and return None."""
        while self._ends and self._ends[0][0] <= until_s:
            time_s, number = heapq.heappop(self._ends)
            if number in self._active:  # the end of a cancelled ticket stays in the heap
                event = self._active.pop(number)
                self._now_s = time_s
                heapq.heappush(self._free, event.worker)
                self._start()
                return event
        self._now_s = max(self._now_s, until_s)
        return None

    def cancel(self, ticket: Ticket) -> Event | None:
        """Take a ticket off its worker or out of the line now; return None if it has ended already."""
        if ticket in self._line:
            self._line.remove(ticket)
            return Event(self._now_s, ticket, Cancelled(), worker=-1, start_s=self._now_s)
        if ticket.number not in self._active:
            return None
        outcome, event = Cancelled(self.spent(ticket)), self._active.pop(ticket.number)
        heapq.heappush(self._free, event.worker)
        self._start()
        return replace(event, time_s=self._now_s, outcome=outcome)

    def running(self) -> Sequence[tuple[Ticket, int, float]]:
        """Return (ticket, worker, start_s) of the tickets on a worker now, oldest first."""
        return [(e.ticket, e.worker, e.start_s) for _, e in sorted(self._active.items())]

    def spent(self, ticket: Ticket) -> Cost:
        """Return the seconds that the ticket has been on its worker, repeated epochs included."""
        return Cost(train_s=self._now_s - self._active[ticket.number].start_s)

    def _start(self) -> None:
        while self._line and self._free:
            ticket, worker = self._line.popleft(), heapq.heappop(self._free)
            outcome, duration_s = self._run(ticket)
            end_s = self._now_s + duration_s
            self._active[ticket.number] = Event(end_s, ticket, outcome, worker, self._now_s)
            heapq.heappush(self._ends, (end_s, ticket.number))

    def _run(self, ticket: Ticket) -> tuple[Outcome, float]:
        """Return the outcome of a ticket and its seconds on the worker; raise `DataError` for an invalid time."""
        outcome, duration_s = self._looked_up(ticket.request)
        if not 0 <= duration_s < inf:
            raise DataError(
                f"{ticket.request} costs {duration_s} s by the benchmark, but must cost a finite time of at least 0 s; "
                "mend its data"
            )
        return outcome, duration_s

    def _looked_up(self, request: Request) -> tuple[Outcome, float]:
        try:
            if not isinstance(request, Train):
                value, cost = self._benchmark.measure(request.arch, request.metric)
                return Measured(value, cost), cost.total_s
            trial = self._trial_of(request.arch, request.schedule, request.replicate)
            curve, cost = self._benchmark.train(request, trial)
            duration_s = cost.total_s + self._repeated_s(request, trial)
        except UnavailableError as error:
            return Failed(str(error)), 0.0
        has_loss = not self._reports_loss or _is_finite(curve.train_loss)
        finite = has_loss and _is_finite(curve.valid_acc)
        return (Ok(curve, cost) if finite else Diverged(curve, cost)), duration_s

    def _repeated_s(self, request: Train, trial: int) -> float:
        """Return the seconds of the epochs before the segment if the accounting charges them again, else 0."""
        if self._accounting == "resume" or request.start == 0:
            return 0.0
        before = Train(request.arch, request.schedule, 0, request.start, (), request.replicate)
        return self._benchmark.train(before, trial)[1].train_s


def _is_finite(values: FloatArray) -> bool:
    """Return whether all values are finite; a finite sum of squares says so at a fraction of the time."""
    if len(values) == 1:
        return isfinite(values.item())
    return isfinite(values.dot(values)) or bool(np.isfinite(values).all())
