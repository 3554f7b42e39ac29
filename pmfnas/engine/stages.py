"""The three stages, and when the next second is worth more in the following one.

EXPLORE   archs that cover the space, at the low level; a third of them goes on to the medium level. It ends
          when a second spent inside the regions that the predictor marks is worth clearly more than one spent
          anywhere, or when its share of the budget is spent.
REGION    a region is the set of archs whose predicted upper quantile still reaches the best posterior mean:
          those that could be better. Rounds of Thompson sampling start archs there; the early curve decides
          which of them go on to the medium level.
REFINE    full trainings of the best. They are worth the same whenever they are made, but choose better the more
          has been searched: so they come last, as many as are worth more than searching on in their seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pmfnas.core.types import FloatArray
from pmfnas.engine.transfer import FinalBelief

_SIZES = (1, 2, 3, 4, 6, 8, 12, 16)


class Stage(StrEnum):
    """Where a run stands."""

    EXPLORE = "explore"
    REGION = "region"
    REFINE = "refine"


@dataclass(frozen=True, slots=True)
class Plan:
    """How many full trainings the end of the run should hold."""

    n: int
    seconds: float
    """Of one worker, together."""
    gain: float
    """Expected gain of the pick's final score, in log odds."""
    longest_s: float
    """Of the dearest of them: several workers do not shorten it."""

    def latest_s(self, n_workers: int) -> float:
        """Return how many seconds of the clock the trainings need."""
        return max(self.longest_s, self.seconds / n_workers)


NO_PLAN = Plan(0, 0.0, 0.0, 0.0)


def explore_is_over(rates: tuple[float, float], patience: float) -> bool:
    """Whether a second within the regions is worth `patience` seconds anywhere.

    Args:
        rates: expected gain per second within the regions, and anywhere.
        patience: of the settings. Where no gain is expected at all, the predictor has found nothing to follow.
    """
    within, anywhere = rates
    return within > patience * anywhere


def plan_refinement(
    belief: FinalBelief,
    seconds: Sequence[float],
    available_s: float,
    search_rate: float,
    draws: FloatArray,
) -> Plan:
    """Return the number of full trainings that is worth most beyond what searching on would bring.

    Args:
        belief: about the final scores, best first.
        seconds: cost of a full training of each arch in `belief`.
        available_s: seconds that are left, over all workers.
        search_rate: expected gain per second of searching on, in log odds.
        draws: standard normal numbers, (n_draws, n_archs at least).
    """
    order = [i for i in range(len(belief.archs)) if i not in belief.trained]
    best, best_net = NO_PLAN, 0.0
    for n in (n for n in _SIZES if n <= len(order)):
        chosen = order[:n]
        cost_s = sum(seconds[i] for i in chosen)
        if cost_s > available_s:
            break
        gain = gain_of_training(belief, chosen, draws)
        if gain - search_rate * cost_s > best_net:
            best, best_net = Plan(n, cost_s, gain, max(seconds[i] for i in chosen)), gain - search_rate * cost_s
    return best


def gain_of_training(belief: FinalBelief, chosen: list[int], draws: FloatArray) -> float:
    """Return by how much the best posterior mean is expected to rise when `chosen` are trained in full.

    The posterior means after the trainings are Gaussian around the present ones; their covariance is what the
    trainings take from the present covariance. The expectation is a mean over `draws`.
    """
    seen = belief.cov[np.ix_(chosen, chosen)] + belief.noise2 * np.eye(len(chosen))
    root = np.linalg.cholesky(seen)
    moves = np.linalg.solve(root, belief.cov[chosen])  # (n_chosen, k)
    after = belief.mean + draws[:, : len(chosen)] @ moves  # (n_draws, k)
    centred = after - (draws[:, : len(chosen)] @ moves[:, [int(np.argmax(belief.mean))]])
    return float(np.maximum(centred.max(axis=1) - belief.mean.max(), 0.0).mean())
