"""The ports: what a space, a benchmark, a searcher and an executor must be able to do.

    searcher --ask--> Decision --runner--> Ticket --executor--> benchmark
    searcher <--tell-- Outcome <--runner-- Event  <--executor--

A searcher sees its constructor's arguments and what it is told; no benchmark, clock or test set.
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
    """The set of archs, and what is free to know about each before any training. It never changes."""

    def __hash__(self) -> int:
        """Spaces are hashable, so that what is worked out about one is kept."""
        ...

    @property
    def name(self) -> str:
        """Short name, `nb201` or `nats-sss`."""
        ...

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """Number of choices per position; the space is their product."""
        ...

    def sample(self, *, rng: np.random.Generator) -> Arch:
        """Return one arch, uniformly."""
        ...

    def neighbours(self, arch: Arch) -> tuple[Arch, ...]:
        """Return all archs that differ in one position, in a fixed order."""
        ...

    def canonical(self, arch: Arch) -> str:
        """Return a key that archs share if and only if they are isomorphic."""
        ...

    def features(self, archs: Sequence[Arch]) -> FloatArray:
        """Return the encoding for models, shape (n_archs, n_features), the same for isomorphic archs."""
        ...

    def params_m(self, arch: Arch) -> float:
        """Return the parameters, in millions."""
        ...

    def flops_m(self, arch: Arch) -> float:
        """Return the floating-point operations of one forward pass of one image, in millions."""
        ...

    def parse(self, text: str) -> Arch:
        """Return the arch of an official string; raise `InputError` that shows a valid one otherwise."""
        ...

    def format(self, arch: Arch) -> str:
        """Return the official string."""
        ...


class Benchmark(Protocol):
    """What can be asked for a segment of training. Holds no clock, no budget and no test accuracy."""

    @property
    def space(self) -> Space:
        """The space whose archs can be trained."""
        ...

    @property
    def fidelities(self) -> Fidelities:
        """The schedules, and where each has clean validation."""
        ...

    def n_trials(self, arch: Arch, schedule: str) -> int:
        """Return how many trials exist, those with the numbers 0 .. n - 1."""
        ...

    def train(self, request: Train, trial: int) -> tuple[Curve, Cost]:
        """Return the segment's curve and cost. Raises `UnavailableError` for what was never measured."""
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
        """Return what to do while a worker is free.

        Args:
            running: every ticket that has started or waits in line, oldest first.
            remaining_s: seconds of the clock until the budget ends.
        """
        ...

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Take note of how a ticket ended."""
        ...

    def recommend(self) -> Sequence[Arch]:
        """Return archs that were told of, best first; empty before the first result. Changes nothing."""
        ...


class SearcherFactory(Protocol):
    """How the runner makes a searcher: a class, or a `functools.partial` that fixes its settings."""

    def __call__(
        self,
        space: Space,
        fidelities: Fidelities,
        budget_s: float,
        n_workers: int,
        *,
        rng: np.random.Generator,
    ) -> Searcher:
        """Return a fresh searcher. Settings are checked here; nothing is trained."""
        ...


@dataclass(frozen=True, slots=True)
class Event:
    """The end of a ticket on an executor's clock."""

    time_s: float
    ticket: Ticket
    outcome: Outcome
    """Curves are those of the segment alone; the runner joins them."""
    worker: int
    start_s: float


class Executor(Protocol):
    """Where tickets run: simulated over a table, or on devices. Searchers cannot tell which."""

    @property
    def n_free(self) -> int:
        """Number of workers with nothing to do and nothing in line."""
        ...

    def submit(self, tickets: Sequence[Ticket]) -> None:
        """Start the tickets at the present time, or put them in line."""
        ...

    def next_event(self, until_s: float) -> Event | None:
        """Advance the clock to the next end of a ticket and return it; None where none ends by `until_s`."""
        ...

    def cancel(self, ticket: Ticket) -> Event | None:
        """Take a ticket off its worker or out of the line, now; None where it had ended already."""
        ...

    def running(self) -> Sequence[tuple[Ticket, int, float]]:
        """Return (ticket, worker, start_s) of what is on a worker now, oldest first."""
        ...

    def spent(self, ticket: Ticket) -> Cost:
        """Return the cost so far of a ticket that is on a worker now: what it would be charged if it ended here."""
        ...
