"""The executor of worker processes: tickets are trained in processes that can be killed, while a real clock runs.

A ticket costs the seconds from its start to its end on a worker; those that are neither training nor validation are
set-up. A worker that dies, or that says nothing for too long, costs its ticket and no other: a new one takes its place.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, nan
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

import numpy as np

from pmfnas.core.errors import InputError
from pmfnas.core.metric import Metric
from pmfnas.core.ports import Event
from pmfnas.core.rng import trial_keys
from pmfnas.core.types import (
    Cancelled,
    Cost,
    Curve,
    Diverged,
    Failed,
    Fidelities,
    Ok,
    Outcome,
    Ticket,
    Train,
    arch_numbers,
)
from pmfnas.problem.folder import LOG, Folder
from pmfnas.problem.handle import Task
from pmfnas.problem.process import Inbox, Message, WorkerProcess
from pmfnas.problem.remote import RemoteWorker

MOST_FAILED = 5
"""Number of failed trainings, none having ended well, after which the search ends: `train` is likely at fault."""
Worker: TypeAlias = WorkerProcess | RemoteWorker
N_TRIALS = 3
"""Trainings of one arch on one schedule that a search may ask for; each has a seed of its own."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a worker may say nothing: until its first report, and then from one report to the next."""

    fixed_s: float | None
    """As the user said; None for the rule below."""
    budget_s: float
    least_s: float = 30.0
    share: float = 0.1
    """Of the budget."""
    factor: float = 30.0
    """Times the longest silence that ended well."""

    def limit_s(self, longest_s: float) -> float:
        """Return the seconds after which a worker counts as hung, where none was silent for more than `longest_s`."""
        if self.fixed_s is not None:
            return self.fixed_s
        most_s = self.share * self.budget_s
        return max(self.least_s, min(most_s, self.factor * longest_s) if longest_s else most_s)


@dataclass
class _Job:
    """A ticket on a worker."""

    ticket: Ticket
    slot: int
    start_s: float
    heard_s: float
    reports: list[Message] = field(default_factory=list)
    event: Event | None = None
    """How it ended, until that is told."""

    def cost(self, now_s: float) -> Cost:
        """Return the seconds so far."""
        train_s = sum(report["train_s"] for report in self.reports)
        valid_s = sum(report["valid_s"] for report in self.reports)
        return Cost(train_s, valid_s, max(0.0, now_s - self.start_s - train_s - valid_s))


class ProcessExecutor:
    """Trains tickets in worker processes. Implements `pmfnas.core.ports.Executor`."""

    def __init__(
        self,
        start: Callable[[int, Inbox], Worker],
        cardinalities: Sequence[int],
        fidelities: Fidelities,
        folder: Folder,
        metric: Metric,
        *,
        seed: int,
        n_workers: int,
        patience: Patience,
        now_s: float = 0.0,
        has_results: bool = False,
        note: Callable[[str], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Start the clock and the workers.

        Args:
            start: starts the worker process of a slot.
            cardinalities: of the space.
            fidelities: the schedules.
            folder: of the search; holds the checkpoints.
            metric: what is reported.
            seed: of the search.
            n_workers: tickets that are trained at a time.
            patience: how long a worker may be silent.
            now_s: where the clock of the run stands.
            has_results: whether a training ended well before.
            note: is told what is not a result, such as a checkpoint that cannot be read.
            clock: seconds, rising.
        """
        self._start_worker, self._cardinalities, self._fidelities = start, tuple(cardinalities), fidelities
        self._folder, self._metric, self._seed, self._patience = folder, metric, seed, patience
        self._note, self._clock = note, clock
        self._begin_s = clock() - now_s
        self._inbox: Inbox = SimpleQueue()
        self._workers: list[Worker | None] = [start(slot, self._inbox) for slot in range(n_workers)]
        self._line: deque[Ticket] = deque()
        self._active: dict[int, _Job] = {}
        self._longest_s = 0.0
        self._has_results, self._n_failed = has_results, 0

    @property
    def now_s(self) -> float:
        """Seconds of the run's clock."""
        return self._clock() - self._begin_s

    @property
    def n_free(self) -> int:
        """Number of workers with nothing to do and nothing in line; an end that was not told still holds its worker."""
        return max(0, len(self._workers) - len(self._active) - len(self._line))

    def submit(self, tickets: Sequence[Ticket]) -> None:
        """Start the tickets now, or put them in line."""
        self._line.extend(tickets)
        self._fill()

    def next_event(self, until_s: float) -> Event | None:
        """Wait until a ticket ends and return its end; None where none ends by `until_s`."""
        while True:
            for number, job in self._active.items():
                if job.event is not None:
                    if job.event.time_s > until_s:
                        return None
                    self._check_hope(job.event.outcome)
                    del self._active[number]
                    self._fill()
                    return job.event
            left_s = until_s - self.now_s
            if left_s <= 0 or not self._active:
                return None
            self._hear(min(left_s, self._first_limit_s() - self.now_s))

    def cancel(self, ticket: Ticket) -> Event | None:
        """Take a ticket off its worker or out of the line, now; None where its end was told already."""
        if ticket in self._line:
            self._line.remove(ticket)
            return Event(self.now_s, ticket, Cancelled(), worker=-1, start_s=self.now_s)
        job = self._active.pop(ticket.number, None)
        if job is None:
            return None
        now_s, cost = self.now_s, job.cost(self.now_s)
        if job.event is None:
            self._replace(job.slot)
        else:
            now_s, cost = job.event.time_s, job.event.outcome.cost
        self._fill()
        return Event(now_s, ticket, Cancelled(cost), job.slot, job.start_s)

    def running(self) -> Sequence[tuple[Ticket, int, float]]:
        """Return (ticket, worker, start_s) of what is on a worker now, oldest first."""
        return [(job.ticket, job.slot, job.start_s) for _, job in sorted(self._active.items())]

    def spent(self, ticket: Ticket) -> Cost:
        """Return the cost so far of a ticket that is on a worker."""
        job = self._active[ticket.number]
        return job.cost(self.now_s) if job.event is None else job.event.outcome.cost

    def close(self) -> None:
        """Kill all workers."""
        for worker in self._workers:
            if worker is not None:
                worker.kill()

    # ------------------------------------------------------------------------------------------------ inside

    def _check_hope(self, outcome: Outcome) -> None:
        """Raise `InputError` if all of the first trainings failed."""
        self._has_results |= isinstance(outcome, Ok)
        self._n_failed += 1
        if not self._has_results and self._n_failed >= MOST_FAILED:
            why = outcome.reason if isinstance(outcome, Failed) else "its figures were no numbers"
            raise InputError(
                f"the first {MOST_FAILED} trainings all failed, the last one: {why}; correct train and call search "
                f"again; what it printed is in {self._folder.out / LOG}"
            )

    def _fill(self) -> None:
        """Start tickets in line on idle workers."""
        while self._line and len(self._active) < len(self._workers):
            ticket = self._line.popleft()
            slot = min(set(range(len(self._workers))) - {job.slot for job in self._active.values()})
            now_s = self.now_s
            job = _Job(ticket, slot, now_s, now_s)
            self._active[ticket.number] = job
            request = ticket.request
            if not isinstance(request, Train):
                job.event = self._ended(
                    job, Failed(f"metric {request.metric} cannot be measured: train reports no such")
                )
            elif request.replicate >= N_TRIALS:
                reason = f"replicate {request.replicate} does not exist: {N_TRIALS} trials do"
                job.event = Event(now_s, ticket, Failed(reason), slot, now_s)
            else:
                worker = self._workers[slot] or self._start_worker(slot, self._inbox)
                self._workers[slot] = worker
                worker.send(self._task(ticket.number, request))

    def _task(self, number: int, request: Train) -> Task:
        arch = int(arch_numbers([request.arch], self._cardinalities)[0])
        seed = int(trial_keys(self._seed, request.schedule, [arch], N_TRIALS)[0, request.replicate] >> np.uint64(33))
        return Task(
            number,
            request.arch,
            request.schedule,
            self._fidelities[request.schedule].epochs,
            request.start,
            request.stop,
            request.validations,
            seed,
            str(self._folder.checkpoints(arch, request.schedule, request.replicate).absolute()),
        )

    def _first_limit_s(self) -> float:
        """Return when the first worker counts as hung, unless it says something before."""
        limit_s = self._patience.limit_s(self._longest_s)
        return min((job.heard_s + limit_s for job in self._active.values()), default=inf)

    def _hear(self, wait_s: float) -> None:
        """Take a message that comes within `wait_s` seconds; where none comes, look for workers that hang."""
        try:
            worker, message = self._inbox.get(timeout=max(0.0, wait_s))
        except Empty:
            self._expire()
            return
        if not worker.is_gone and worker in self._workers:
            self._take(self._workers.index(worker), worker, message)

    def _expire(self) -> None:
        """Kill workers that have been silent for too long; their tickets failed."""
        limit_s = self._patience.limit_s(self._longest_s)
        for job in self._active.values():
            if job.event is None and self.now_s >= job.heard_s + limit_s:
                self._replace(job.slot)
                what = "no report" if not job.reports else f"no report after epoch {job.reports[-1]['epoch']}"
                job.event = self._ended(
                    job, Failed(f"hung: {what} for {limit_s:.0f} s; timeout= sets how long is allowed")
                )

    def _take(self, slot: int, worker: Worker, message: Message) -> None:
        job = next((job for job in self._active.values() if job.slot == slot and job.event is None), None)
        match message["kind"]:
            case "broken":
                raise InputError(
                    f"train cannot be loaded in a worker process: {message['why']}; see {self._folder.out / LOG}"
                )
            case "note":
                self._note(message["text"])
            case "report" if job is not None:
                self._longest_s = max(self._longest_s, self.now_s - job.heard_s)
                job.heard_s = self.now_s
                job.reports.append(message)
            case "end" if job is not None:
                self._end(job, message)
            case "gone":
                reason = worker.why_gone()
                self._replace(slot)
                if job is not None:
                    job.event = self._ended(job, Failed(reason))

    def _end(self, job: _Job, message: Message) -> None:
        outcome: Outcome
        if message["status"] == "failed":
            self._replace(job.slot)  # what the error left behind goes with the process
            outcome = Failed(message["why"])
        else:
            curve = self._curve(job)
            outcome = Ok(curve, Cost()) if message["status"] == "ok" else Diverged(curve, Cost())
            if isinstance(outcome, Diverged) and not len(curve.train_loss):
                outcome = Failed("its figures were no numbers in an epoch that it had passed before")
        job.event = self._ended(job, outcome)

    def _ended(self, job: _Job, outcome: Outcome) -> Event:
        """Return the end of a job, now, at its cost."""
        now_s = self.now_s
        kept: dict[str, Any] = {"cost": job.cost(now_s)}
        if isinstance(outcome, Failed):
            told: Outcome = Failed(outcome.reason, **kept)
        elif isinstance(outcome, Diverged):
            told = Diverged(outcome.curve, **kept)
        else:
            assert isinstance(outcome, Ok)
            told = Ok(outcome.curve, **kept)
        return Event(now_s, job.ticket, told, job.slot, job.start_s)

    def _replace(self, slot: int) -> None:
        """Kill the worker of a slot; the next ticket there starts another."""
        worker = self._workers[slot]
        self._workers[slot] = None
        if worker is not None:
            worker.kill()

    def _curve(self, job: _Job) -> Curve:
        """Return the curve of the segment from what was reported of it."""
        request = job.ticket.request
        assert isinstance(request, Train)
        own = [r for r in job.reports if r["epoch"] > request.start]
        validated = [r for r in job.reports if self._metric.name in r and r["epoch"] >= max(1, request.start)]
        if validated:
            self._settle(validated[0][self._metric.name])
        return Curve(
            start=request.start,
            train_loss=np.array([r.get("train_loss", nan) for r in own]),
            train_acc=np.array([self._scored(r, self._metric.of_training) for r in own]),
            valid_epochs=tuple(r["epoch"] for r in validated),
            valid_loss=np.array([r.get("valid_loss", nan) for r in validated]),
            valid_acc=np.array([self._scored(r, self._metric.name) for r in validated]),
        )

    def _settle(self, value: float) -> None:
        """Let the first value say what the metric's values are measured against."""
        settled = self._metric.settled(value)
        if settled != self._metric:
            self._metric = settled
            self._folder.keep_metric(settled)

    def _scored(self, report: Mapping[str, Any], name: str) -> float:
        return self._metric.score(report[name]) if name in report else nan
