"""The three stages, and when the next second is worth more in the following one.

EXPLORE   archs that cover the space, at the low level; a third of them goes on to the medium level. It ends
          when a second spent inside the regions that the predictor marks is worth clearly more than one spent
          anywhere, or when its share of the budget is spent.
REGION    a region is the set of archs whose predicted upper quantile still reaches the best posterior mean:
          those that could be better. Rounds of Thompson sampling start archs there; the early curve decides
          which of them go on to the medium level.
REFINE    batches of probes, full trainings and replicates among the best. A batch is made when its seconds are
          expected to raise the final score of the pick by more than searching on would. Then searching goes on
          until the next batch is worth more: the better the archs found, the rarer a region's next find, the more
          of the budget refinement takes.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pmfnas.core.types import FloatArray, Train
from pmfnas.engine.transfer import FinalBelief

SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24)
"""How many trainings a batch may hold."""


class Stage(StrEnum):
    """Where a run stands."""

    EXPLORE = "explore"
    REGION = "region"
    REFINE = "refine"


@dataclass(frozen=True, slots=True)
class Batch:
    """Trainings that are worth more together than apart: a first one alone has nothing to be compared with."""

    action: str
    requests: tuple[Train, ...] = ()
    gain: float = 0.0
    """Expected rise of the pick's final score, in log odds."""
    seconds: float = 0.0
    """Of one worker, together."""

    @property
    def rate(self) -> float:
        """Expected gain per second."""
        return self.gain / max(self.seconds, 1e-9)


def explore_is_over(rates: tuple[float, float], patience: float) -> bool:
    """Whether a second within the regions is worth `patience` seconds anywhere.

    Args:
        rates: expected gain per second within the regions, and anywhere.
        patience: of the settings. Where no gain is expected at all, the predictor has found nothing to follow.
    """
    within, anywhere = rates
    return within > patience * anywhere


def gain_of_sightings(belief: FinalBelief, chosen: list[int], kind: int, draws: FloatArray) -> float:
    """Return by how much the best posterior mean is expected to rise when the archs at `chosen` are sighted.

    The posterior means after the sightings are Gaussian around the present ones; their covariance is what the
    sightings take from the present covariance. The expectation is a mean over `draws`: the knowledge gradient
    for correlated beliefs of a batch (Wu and Frazier, NeurIPS 2016, arXiv 1606.04414, section 4).

    Args:
        belief: about the final scores, best first.
        chosen: places in it.
        kind: of the sightings, `PROBE` or `FULL`.
        draws: standard normal numbers, (n_draws, n_chosen at least).
    """
    k, n = len(belief.archs), len(chosen)
    told = belief.joint[chosen] + belief.joint[k + kind]  # (n, k + 2)
    seen = told[:, chosen] + told[:, [k + kind]] + belief.noise2[kind] * np.eye(n)
    moves = np.linalg.solve(np.linalg.cholesky(seen), told[:, :k])  # (n, k)
    lead = belief.mean + draws[:, :n] @ (moves - moves[:, :1])
    return float(np.maximum(lead.max(axis=1) - belief.mean[0], 0.0).mean())
