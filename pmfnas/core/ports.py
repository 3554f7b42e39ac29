"""The ports: protocols of spaces, benchmarks, searchers and executors.

    searcher --ask--> Decision --runner--> Ticket --executor--> benchmark
    searcher <--tell-- Outcome <--runner-- Event  <--executor--

A searcher sees its constructor's arguments and the outcomes of its own requests. It never holds a benchmark, a clock
or a test set.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pmfnas.core.types import (
    Arch,
    Cost,
    Curve,
    Decision,
    Fidelities,
    FloatArray,
    Outcome,
    Ticket,
    Train,
)


class Space(Protocol):
    """A set of archs, with the facts about each arch that need no training. A space never changes."""

    def __hash__(self) -> int:
        """Return a hash, so that results computed for a space can be cached."""
        ...

    @property
    def name(self) -> str:
        """Short name, `nb201` or `nats-sss`."""
        ...

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """Number of choices per position. The number of archs is their product."""
        ...

    def sample(self, *, rng: np.random.Generator) -> Arch:
        """Return one arch, drawn uniformly."""
        ...

    def neighbours(self, arch: Arch) -> tuple[Arch, ...]:
        """Return all archs that differ in one position, in a fixed order."""
        ...

    def canonical(self, arch: Arch) -> str:
        """Return a key that archs share if and only if they are isomorphic."""
        ...

    def features(self, archs: Sequence[Arch]) -> FloatArray:
        """Return features for models, shape (n_archs, n_features). Isomorphic archs have equal features."""
        ...

    def params_m(self, arch: Arch) -> float:
        """Return the number of parameters, in millions."""
        ...

    def flops_m(self, arch: Arch) -> float:
        """Return the floating-point operations of one forward pass of one image, in millions."""
        ...

    def parse(self, text: str) -> Arch:
        """Return the arch of an official string. Raises `InputError`, which shows a valid string, for other text."""
        ...

    def format(self, arch: Arch) -> str:
        """Return the official string of `arch`."""
        ...


class Benchmark(Protocol):
    """Answers requests to train or measure archs. It holds no clock, no budget and no test accuracy."""

    @property
    def space(self) -> Space:
        """The space whose archs can be trained."""
        ...

    @property
    def fidelities(self) -> Fidelities:
        """The schedules, and the epochs at which each has clean validation."""
        ...

    def n_trials(self, arch: Arch, schedule: str) -> int:
        """Return the number n of trials of `arch` under `schedule`. Trials are numbered 0 .. n - 1."""
        ...

    def train(self, request: Train, trial: int) -> tuple[Curve, Cost]:
        """Return the segment's curve and cost. Raises `UnavailableError` for values that were never measured."""
        ...

    def measure(self, arch: Arch, metric: str) -> tuple[float, Cost]:
        """Return a measurement and its cost. Raises `UnavailableError` for an unknown metric."""
        ...


class Searcher(Protocol):
    """A search strategy. The runner alternates `ask` and `tell`; `recommend` may be called at any time.

    >>> searcher.ask(running=(), remaining_s=30_600.0)
    Submit(requests=(Train(arch=(3, 3, 1, 3, 1, 3), schedule='12', start=0, stop=12, ...),))
    >>> searcher.tell(Ticket(0, request), Ok(curve, cost))
    >>> searcher.recommend()
    ((3, 3, 1, 3, 1, 3),)
    """

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return a decision. The runner asks while a worker is free.

        Args:
            running: every ticket that is on a worker or in line, oldest first.
            remaining_s: seconds of the clock until the budget ends.
        """
        ...

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Record the outcome of a ticket."""
        ...

    def recommend(self) -> Sequence[Arch]:
        """Return observed archs, best first; empty before the first result. Does not change the searcher."""
        ...


class SearcherFactory(Protocol):
    """Makes searchers for the runner: a class, or a `functools.partial` that fixes settings."""

    def __call__(
        self,
        space: Space,
        fidelities: Fidelities,
        budget_s: float,
        n_workers: int,
        *,
        rng: np.random.Generator,
    ) -> Searcher:
        """Return a fresh searcher. Raises `InputError` for settings that cannot be used. Trains nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Event:
    """The end of a ticket on an executor's clock."""

    time_s: float
    ticket: Ticket
    outcome: Outcome
    """Its curve covers this segment only; the runner joins segments."""
    worker: int
    start_s: float


class Executor(Protocol):
    """Runs tickets on a simulated clock or on devices. A searcher cannot tell the two apart."""

    @property
    def n_free(self) -> int:
        """Number of workers that are idle and have no ticket in line."""
        ...

    def submit(self, tickets: Sequence[Ticket]) -> None:
        """Start the tickets now, or put them in line if no worker is free."""
        ...

    def next_event(self, until_s: float) -> Event | None:
        """Advance the clock to the next event and return the event; None if no ticket ends by `until_s`."""
        ...

    def cancel(self, ticket: Ticket) -> Event | None:
        """Take a ticket off its worker or out of the line, now. Returns None if the ticket has already ended."""
        ...

    def running(self) -> Sequence[tuple[Ticket, int, float]]:
        """Return (ticket, worker, start_s) of the tickets on a worker now, oldest first."""
        ...

    def spent(self, ticket: Ticket) -> Cost:
        """Return the cost so far of a ticket that is on a worker: its charge if it ended now."""
        ...
