"""What capacity is worth: two declared beliefs, each a normal distribution that the run's own evidence overrules.

    slope    by how much the medium score rises with capacity, both standardised
    kappa    what capacity adds to the final score beyond what the medium score shows, in log odds

Capacity z is in standard deviations of the pool. Evidence about the slope: the early curves that cover the space, and
the medium scores. About kappa: training losses at the low level here, probes and full trainings in `transfer`. An arch
is promised kappa z more than its medium score, as far as it is certain that capacity helps at all.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from pmfnas.core.types import FloatArray
from pmfnas.engine.settings import Settings

_FEW = 3
"""Archs before a slope counts."""
_FEW_PAIRS = 4
"""Pairs of early curve and medium score before their regression counts: it has three coefficients."""
_INEXACT = 9.0
"""The law of `kappa_after` is trusted to a standard deviation that is a third of the declared one's."""


@dataclass(frozen=True, slots=True)
class Normal:
    """A normal belief about one number."""

    mean: float
    variance: float

    @property
    def positive(self) -> float:
        """Probability that the number is positive."""
        return float(ndtr(self.mean / np.sqrt(self.variance))) if self.variance > 0.0 else float(self.mean > 0.0)

    def after(self, seen: float, variance: float) -> "Normal":
        """Return the belief after an observation with noise of that variance."""
        weight = self.variance / (self.variance + variance) if self.variance > 0.0 else 0.0
        return Normal(self.mean + weight * (seen - self.mean), (1.0 - weight) * self.variance)


NOTHING = Normal(0.0, 0.0)
"""It is certain to be 0."""


class CapacityBelief:
    """Both beliefs of a run, as its evidence leaves them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._early_slope = self.slope = Normal(settings.slope_belief, settings.slope_belief_std**2)
        self.kappa = self._declared = Normal(settings.capacity_belief, settings.capacity_std**2)
        """Before probes and full trainings."""
        self._after_finals: Normal | None = None
        self._n_scores = 0

    def tell_early(self, scores: FloatArray, capacity: FloatArray) -> None:
        """Learn from the early scores of archs that cover the space, all so far, (n,) each."""
        declared = Normal(self._settings.slope_belief, self._settings.slope_belief_std**2)
        self._early_slope = self.slope = slope_after(declared, scores, capacity, share=self._settings.early_share)

    def tell_medium(self, scores: FloatArray, loss: FloatArray, capacity: FloatArray) -> None:
        """Learn from all medium scores so far, and -log training losses at the low level, NaN where unknown."""
        self._n_scores = len(scores)
        self.slope = slope_after(self._early_slope, scores, capacity)
        paired = np.isfinite(scores) & np.isfinite(loss)
        self.kappa = kappa_after(self._declared, loss[paired], scores[paired], capacity[paired], self._settings.stretch)

    def tell_finals(self, kappa: Normal) -> None:
        """Take over what probes and full trainings left of kappa."""
        self._after_finals = kappa

    def lift(self, capacity: FloatArray) -> FloatArray:
        """Return what is promised beyond medium scores, log odds; never more than was declared possible."""
        if self._n_scores < _FEW_PAIRS:  # the first scores put the belief to the test
            return np.zeros(np.shape(capacity))
        kappa = (self._after_finals or self.kappa).mean
        bound = max(abs(self._declared.mean), float(np.sqrt(self._declared.variance)))
        helps = self.helps if kappa > 0.0 else 1.0
        return np.asarray(min(max(kappa * helps, -bound), bound) * capacity)

    @property
    def helps(self) -> float:
        """How certain it is that capacity helps at the medium level: 0 where it is as likely to harm, 1 at most."""
        return max(2.0 * self.slope.positive - 1.0, 0.0)


def slope_after(prior: Normal, scores: FloatArray, capacity: FloatArray, *, share: float = 1.0) -> Normal:
    """Return the belief about the slope after some scores, which enter as normal scores; -inf is the worst.

    Args:
        prior: belief before.
        scores: of some archs, (n,).
        capacity: of the same archs, (n,).
        share: of the slope that shows in these scores.
    """
    n = len(scores)
    if n < _FEW:
        return prior
    ordered = np.sort(scores)
    below, to = np.searchsorted(ordered, scores, "left"), np.searchsorted(ordered, scores, "right")
    y = ndtri((below + to) / 2.0 / n)  # equal scores get the normal score of their middle rank
    z = capacity - capacity.mean()
    square = max(float(z @ z), 1e-12)
    seen = float(z @ y) / square
    noise2 = (float(np.sum((y - seen * z) ** 2)) + 1.0) / (n - 1.0)
    return prior.after(seen / share, noise2 / square / share**2)


def kappa_after(prior: Normal, loss: FloatArray, scores: FloatArray, capacity: FloatArray, stretch: float) -> Normal:
    """Return the belief about kappa after the training losses at the low level.

    An arch that learns more slowly for the score it ends at gains more from a longer training. What capacity is worth
    given the medium score is taken as linear in log epochs: it is 0 at the medium level, and at the low level the
    opposite of what it is at the end. So kappa is minus the slope of -log training loss on capacity, given the score,
    times the ratio of these lengths.

    Args:
        prior: belief before.
        loss: -log training loss at the low level, (n,).
        scores: medium scores of the same archs, (n,).
        capacity: of the same archs, (n,).
        stretch: log epochs from the medium level to the end, per log epochs from the low to the medium level.
    """
    n = len(loss)
    if n < _FEW_PAIRS:
        return prior
    design = np.stack([np.ones(n), scores, capacity], axis=1)
    inverse = np.linalg.inv(design.T @ design + 1e-9 * np.eye(3))
    weights = inverse @ (design.T @ loss)
    noise2 = float(np.sum((loss - design @ weights) ** 2)) / (n - 3.0) + 1e-12
    return prior.after(-stretch * float(weights[2]), stretch**2 * noise2 * inverse[2, 2] + prior.variance / _INEXACT)
