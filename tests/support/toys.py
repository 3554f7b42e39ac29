"""A sound random searcher whose three answers can each be bent, to see that somebody notices."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product

import numpy as np

from pmfnas.core.ports import SearcherFactory, Space
from pmfnas.core.types import Arch, Decision, Fidelities, Ok, Outcome, Stop, Submit, Ticket, Train, Wait


class Toy:
    """Trains archs in random order under the first schedule until none is left; `bend_*` may answer instead.

    A bent answer that is None means: as the sound searcher does.
    """

    def __init__(
        self,
        space: Space,
        fidelities: Fidelities,
        budget_s: float,
        n_workers: int,
        *,
        rng: np.random.Generator,
        bend_start: Callable[["Toy"], None] | None = None,
        bend_ask: Callable[["Toy", Sequence[Ticket], float], Decision | None] | None = None,
        bend_tell: Callable[["Toy", Ticket, Outcome], None] | None = None,
        bend_recommend: Callable[["Toy"], Sequence[Arch] | None] | None = None,
    ) -> None:
        self.rng = rng
        self.budget_s = budget_s
        self.n_workers = n_workers
        self.schedule = fidelities.schedules[0]
        self.left = list(product(*map(range, space.cardinalities)))
        self.told: list[tuple[Ticket, Outcome]] = []
        self.scores: dict[Arch, float] = {}
        self._bend_ask, self._bend_tell, self._bend_recommend = bend_ask, bend_tell, bend_recommend
        if bend_start:
            bend_start(self)

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        bent = self._bend_ask(self, running, remaining_s) if self._bend_ask else None
        return bent or self.next(running)

    def next(self, running: Sequence[Ticket]) -> Decision:
        if not self.left:
            return Wait() if running else Stop("every arch was tried")
        return self.train(self.left.pop(int(self.rng.integers(len(self.left)))))

    def train(self, arch: Arch) -> Submit:
        return Submit((Train(arch, self.schedule.name, 0, self.schedule.epochs),))

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        if self._bend_tell:
            self._bend_tell(self, ticket, outcome)
        self.told.append((ticket, outcome))
        if isinstance(outcome, Ok):
            self.scores[ticket.request.arch] = outcome.curve.last_valid_acc

    def recommend(self) -> Sequence[Arch]:
        bent = self._bend_recommend(self) if self._bend_recommend else None
        return self.best() if bent is None else bent

    def best(self) -> tuple[Arch, ...]:
        return tuple(sorted(self.scores, key=lambda arch: (-self.scores[arch], arch)))


def toy(**bends) -> SearcherFactory:
    return partial(Toy, **bends)


SETTLED = "settled"
"""In a script: wait until nothing runs."""


def scripted(*script) -> SearcherFactory:
    """Return a factory of toys that make these decisions, wait for what they started, and stop."""

    def make(space, fidelities, budget_s, n_workers, *, rng):
        left = [*script, SETTLED, Stop("no more")]

        def ask(self, running, remaining_s):
            if left[0] == SETTLED and running:
                return Wait()
            while left[0] == SETTLED:
                left.pop(0)
            return left.pop(0)

        return Toy(space, fidelities, budget_s, n_workers, rng=rng, bend_ask=ask)

    return make
