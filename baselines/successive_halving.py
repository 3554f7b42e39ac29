"""Successive halving.

Many archs are trained a little, the best of them go on for longer, the best of those longer still: what is spent on
a rung is about the same at every rung, so seconds move from archs that look bad early to those that look good.

Source: Jamieson and Talwalkar 2016, "Non-stochastic Best Arm Identification and Hyperparameter Optimization",
arXiv 1502.07943, algorithm SuccessiveHalving.

Deviations from the paper:
    - The paper fixes a budget B and the number of archs n, and lets the resource per rung follow from them. Here the
      ladder fixes the resource per rung and n is a setting; the archs per rung follow from n so that each rung costs
      about the same number of epochs, n_i = n r_0 / r_i (81, 27, 6 on 12@1, 12@3, 12@12), instead of halving.
    - A bracket of n archs is small against the budget; brackets follow one another until the budget ends.
    - Resources are epochs from 0: 12@12 counts 12 and 200@200, a fresh run, 200.
    - Archs are drawn without repetition. A rung is a barrier at which free workers wait; archs that fail go no further.

Settings tried (seeds 0 to 99, CIFAR-10 and CIFAR-100, 30,600 s): 22. Brackets of 27, 81, 162 or 243 archs on three
ladders of schedule 12, one bracket sized by equal or unequal shares of the budget per rung, and both with 200@200 as
last rung. All without 200@200 lie within .05 and .35 points of each other at the end; the smaller brackets are ahead
early. 200@200 loses .03 and .3 points, and is registered apart.
"""

from collections.abc import Sequence

import numpy as np

from baselines.parts.brackets import halving, resources
from baselines.parts.climbing import Climber, ladder_of
from baselines.parts.incumbents import Observed
from baselines.parts.racing import Race, random_entrants
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Decision, Fidelities, Outcome, Ticket


class SuccessiveHalving:
    """Successive halving, bracket after bracket.

    Args:
        space: where archs are drawn from.
        fidelities: what exists.
        budget_s: not used.
        n_workers: not used; workers wait for each other at the end of each rung.
        rng: draws the archs.
        ladder: its rungs; see `baselines.parts.climbing.ladder_of`.
        n_archs: archs that enter a bracket (n of the paper).
        eta: share 1 / eta of a rung that goes on; None lets it follow from the epochs of the rungs.
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
        n_archs: int = 81,
        eta: int | None = None,
    ) -> None:
        del budget_s, n_workers
        rungs = ladder_of(ladder, fidelities)
        shape = halving(n_archs, 0, resources(rungs, eta))
        self._climber = Climber(rungs)
        self._race = Race(self._climber, [shape], random_entrants(space, rng=rng), overlap=False)
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
