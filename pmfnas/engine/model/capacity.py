"""What capacity is worth: two declared beliefs, each a normal distribution that the run's own evidence overrules.

    slope    by how much the medium score rises with capacity, both standardised
    kappa    what capacity adds to the final score beyond what the medium score shows, in log odds

Capacity z is in standard deviations of the pool. Evidence about the slope: the early curves and the medium scores. About
kappa: the training losses here, probes and full trainings in `transfer`.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from pmfnas.core.types import FloatArray

_FEW = 3
"""Archs before a slope counts."""
_FEW_PAIRS = 4
"""Pairs of early curve and medium score before their regression counts: it has three coefficients."""


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
    y = ndtri((np.argsort(np.argsort(scores, kind="stable"), kind="stable") + 0.5) / n)
    z = capacity - capacity.mean()
    square = max(float(z @ z), 1e-12)
    seen = float(z @ y) / square
    noise2 = (float(np.sum((y - seen * z) ** 2)) + 1.0) / (n - 1.0)
    return prior.after(seen / share, noise2 / square / share**2)


def kappa_after(prior: Normal, loss: FloatArray, scores: FloatArray, capacity: FloatArray, stretch: float) -> Normal:
    """Return the belief about kappa after the training losses at the low level.

    An arch that learns more slowly for the score it ends at gains more from a longer training. What capacity is worth
    given the medium score is linear in log epochs: it is 0 at the medium level, and at the low level the opposite of
    what it is at the end. So kappa is minus the slope of -log training loss on capacity, given the score, times the
    ratio of these lengths.

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
    return prior.after(-stretch * float(weights[2]), stretch**2 * noise2 * inverse[2, 2] + prior.variance / 9.0)
