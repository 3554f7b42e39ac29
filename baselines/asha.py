"""Asynchronous successive halving, ASHA.

Successive halving waits at the end of each rung for the slowest arch. ASHA never waits. When a worker is free, ASHA
takes the highest rung that has an arch to promote: an arch among the best 1/eta of the results so far that has not been
promoted yet. If no rung has one, a new arch starts at the lowest rung. With few results the best 1/eta are a guess, so
some promotions are mistakes. In return, all workers stay busy.

Source: Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", arXiv 1810.05934, Algorithm 2.

Deviations from the paper:
    - The rungs of a ladder need no constant ratio. From a rung with resource r_k (epochs) the best
      1 / floor(r_(k+1) / r_k) are promoted to the next rung: a third, a quarter and a sixteenth on
      12@1, 12@3, 12@12, 200@200. With `eta` the share is 1 / eta at every rung, as in the paper.
    - Archs are drawn without repetition. Once the space is exhausted and no arch can be promoted, the run stops.
    - 200@200 is a fresh run: the schedule differs, so the promoted arch starts again at epoch 0.
    - Archs that diverged or failed count as results and are never promoted.

Settings tried (seeds 0 to 59, CIFAR-10 and CIFAR-100, 30,600 s): 15. Four ladders, shares by epochs or with eta 2, 3
or 4. On schedule 12, shares by epochs, eta 3 and eta 4 differ by no more than noise (.02 and .15 points); eta 2 is
worse. A ladder with 200@200 as last rung loses .05 and .3 points; it is registered as a searcher of its own.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from baselines.parts.brackets import resources
from baselines.parts.climbing import Climber, ladder_of
from baselines.parts.evaluations import exhausted
from baselines.parts.incumbents import Observed
from baselines.parts.sampling import unseen
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Decision, Fidelities, Outcome, Ticket


@dataclass
class Rung:
    """The results of one rung. Ties go to the result that came first."""

    keep: int
    """One in `keep` results may be promoted."""
    results: list[tuple[float, int, Arch]] = field(default_factory=list)
    """(-percent, order of arrival, arch) of all results, sorted: the best first."""
    waiting: list[tuple[float, int, Arch]] = field(default_factory=list)
    """The results whose archs have not been promoted, sorted in the same way."""

    def add(self, arch: Arch, value: float) -> None:
        """Add a result in percent. A result of -inf counts towards the share but is never promoted."""
        entry = (-value, len(self.results), arch)
        insort(self.results, entry)
        insort(self.waiting, entry)

    def promotable(self) -> Arch | None:
        """Return the best arch among the top 1 / keep that has not been promoted yet; None if no arch qualifies."""
        if not self.waiting or self.waiting[0][0] == math.inf:
            return None
        place = bisect_left(self.results, self.waiting[0])
        return self.waiting[0][-1] if place < len(self.results) // self.keep else None

    def promote(self) -> None:
        """Mark the arch that `promotable` returns as promoted."""
        del self.waiting[0]


class Asha:
    """ASHA; of the paper's two forms, the one that promotes archs.

    Args:
        space: the space that archs are drawn from.
        fidelities: the benchmark's schedules and validation epochs.
        budget_s: not used.
        n_workers: not used; the searcher waits only once the space is exhausted.
        rng: draws the archs.
        ladder: the rungs; see `baselines.parts.climbing.ladder_of`.
        eta: each rung promotes 1 / eta of its archs; None derives the share from the epochs of the rungs.
    """

    def __init__(
        self,
        space: Space,
        fidelities: Fidelities,
        budget_s: float,
        n_workers: int,
        *,
        rng: np.random.Generator,
        ladder: str | None = None,
        eta: int | None = None,
    ) -> None:
        del budget_s, n_workers
        rungs = ladder_of(ladder, fidelities)
        counts = resources(rungs, eta)
        self._space = space
        self._rng = rng
        self._climber = Climber(rungs)
        self._observed = Observed(fidelities)
        self._seen: set[Arch] = set()
        self._rungs = [Rung(above // count) for count, above in pairwise(counts)]

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return a promotion at the highest rung that has one; otherwise a new arch at the lowest rung."""
        del remaining_s
        queued = self._climber.queued()
        if queued is not None:
            return queued
        for k in reversed(range(len(self._rungs))):
            arch = self._rungs[k].promotable()
            if arch is not None:
                self._rungs[k].promote()
                return self._climber.take(arch, k + 1)
        arch = unseen(self._space, self._seen, rng=self._rng)
        if arch is None:
            return exhausted(running)
        self._seen.add(arch)
        return self._climber.take(arch, 0)

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Record a result at its rung. The checkpoint is kept if a later promotion may need it."""
        self._observed.add(ticket, outcome)
        arch, rung, value = self._climber.note(ticket, outcome)
        if rung < len(self._rungs):
            self._rungs[rung].add(arch, value)
        if rung == len(self._rungs) or value == -math.inf:
            self._climber.drop([arch])

    def recommend(self) -> Sequence[Arch]:
        """Return the best archs by the plain rule of `baselines.parts.incumbents`, best first."""
        return self._observed.ranking()
