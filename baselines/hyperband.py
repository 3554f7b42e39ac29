"""Hyperband.

How many archs should successive halving start with? Many for little each pays where early values tell; few for much
each where they do not. Hyperband does not choose: it cycles through brackets that enter the ladder at each of its
rungs, the lowest first, each bracket costing about the same. The last one trains its archs to the top at once, which
is random search.

Source: Li et al. 2018, "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization", arXiv 1603.06560,
Algorithm 1.

Deviations from the paper:
    - The rungs of a ladder need no constant ratio: eta^s, the ratio of the last resource to a bracket's first, is
      R / r_first, and n_i = n r_first / r_i (lines 2 and 5). Resources are epochs from 0: 200@200, a fresh run, counts
      200 against 12 of 12@12. Counting rungs instead (`eta`) spends far too much on 200@200.
    - Archs are drawn without repetition. A rung is a barrier at which free workers wait; archs that fail go no further.
    - The cycle repeats until the budget ends.

Settings tried (seeds 0 to 99, CIFAR-10 and CIFAR-100, 30,600 s): 20. Eight ladders, by epochs or with eta = 3, both
roundings. The rungs of schedule 12 beat those with 200@200 (94.01 against 93.91 on CIFAR-10; 71.8 on CIFAR-100 either
way, 70.4 where rungs are counted by eta = 3); the latter ladder is registered apart.
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
    """Hyperband.

    Args:
        space: where archs are drawn from.
        fidelities: what exists.
        budget_s: not used.
        n_workers: not used; workers wait for each other at the end of each rung.
        rng: draws the archs.
        ladder: its rungs; see `baselines.parts.climbing.ladder_of`.
        eta: share 1 / eta of a rung that goes on; None lets it follow from the epochs of the rungs.
        rounding: of the bracket sizes; see `baselines.parts.brackets.hyperband_shapes`.
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
        """Return the next segment of the bracket in progress, or wait at its barrier."""
        del remaining_s
        return self._race.ask(running)

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Take note of a result; the last one of a rung decides who goes on."""
        self._observed.add(ticket, outcome)
        self._climber.drop(self._race.tell(ticket, outcome).out)

    def recommend(self) -> Sequence[Arch]:
        """Return archs by the plain rule, best first."""
        return self._observed.ranking()
