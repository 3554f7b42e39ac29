"""Hyperband.

How many archs should successive halving start with? Many archs with few epochs each pay if early values predict the
final ones. Few archs with many epochs each pay if early values mislead. Hyperband tries both: it cycles through
brackets of about equal cost, each entering the ladder at another rung, the lowest first. The last bracket trains its
archs at the top rung only, which is random search.

Source: Li et al. 2018, "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization", arXiv 1603.06560,
Algorithm 1.

Deviations from the paper:
    - The rungs of a ladder need no constant ratio: eta^s, the ratio of the last resource to a bracket's first, is
      R / r_first, and n_i = n r_first / r_i (lines 2 and 5). Resources are epochs from 0: 200@200 is a fresh run and
      counts 200, against 12 for 12@12. A constant ratio (`eta`) spends far too much on 200@200.
    - Archs are drawn without repetition. At the end of a rung, free workers wait. Failed archs are not promoted.
    - The cycle repeats until the budget ends.

Settings tried (seeds 0 to 99, CIFAR-10 and CIFAR-100, 30,600 s): 20. Eight ladders, by epochs or with eta = 3, both
roundings. On CIFAR-10 the rungs of schedule 12 reach 94.01, ladders with 200@200 reach 93.91. On CIFAR-100 both reach
71.8, and 70.4 with eta = 3. The ladder with 200@200 is registered as a searcher of its own.
"""

from collections.abc import Sequence

import numpy as np

from baselines.parts.brackets import Rounding, hyperband_shapes, resources
from baselines.parts.climbing import Climber, ladder_of
from baselines.parts.incumbents import Observed
from baselines.parts.racing import Race, random_entrants
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Decision, Fidelities, Outcome, Ticket


class Hyperband:
    """Hyperband, Algorithm 1 of the paper.

    Args:
        space: the space that archs are drawn from.
        fidelities: the benchmark's schedules and validation epochs.
        budget_s: not used.
        n_workers: not used; workers wait for each other at the end of each rung.
        rng: draws the archs.
        ladder: the rungs; see `baselines.parts.climbing.ladder_of`.
        eta: each rung promotes 1 / eta of its archs; None derives the share from the epochs of the rungs.
        rounding: how bracket sizes are rounded; see `baselines.parts.brackets.hyperband_shapes`.
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
        rounding: Rounding = "up",
    ) -> None:
        del budget_s, n_workers
        rungs = ladder_of(ladder, fidelities)
        shapes = hyperband_shapes(resources(rungs, eta), rounding)
        self._climber = Climber(rungs)
        self._race = Race(self._climber, shapes, random_entrants(space, rng=rng), overlap=False)
        self._observed = Observed(fidelities)

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return the next segment of the current bracket, or `Wait` until its rung is complete."""
        del remaining_s
        return self._race.ask(running)

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Record a result. The last result of a rung decides which archs are promoted."""
        self._observed.add(ticket, outcome)
        self._climber.drop(self._race.tell(ticket, outcome).out)

    def recommend(self) -> Sequence[Arch]:
        """Return the best archs by the plain rule of `baselines.parts.incumbents`, best first."""
        return self._observed.ranking()
