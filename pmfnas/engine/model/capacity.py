"""What is left of the declared belief in capacity after the run's own evidence, as a share of it in [0, 1].

The belief is about what a medium score does *not* show of a larger network. Two things in a run speak of it:

    helps       scores at the medium level that do not rise with capacity: it has no ground
    supported   training losses at the low level: an arch that scores as much and learns more slowly finishes better,
                so capacity that pays off later shows as a higher loss at the same medium score

Each is declared as a normal distribution and overruled by the archs of the run. Both are free of the scale of scores.
"""

import numpy as np
from scipy.special import ndtr, ndtri

from pmfnas.core.types import FloatArray

_FEW = 3
"""Scores before their slope counts."""
_FEW_PAIRS = 5
"""Pairs of early curve and medium score before their regression counts: it has three coefficients."""


def helps(scores: FloatArray, capacity: FloatArray, slope: float, slope_std: float) -> float:
    """Return the probability that the medium score rises with capacity.

    Scores enter as normal scores; those that diverged, -inf, are the worst.

    Args:
        scores: of archs with a medium score, (n,).
        capacity: of the same archs, in standard deviations of the pool, (n,).
        slope: declared mean of the slope, per standard deviation.
        slope_std: its declared standard deviation.
    """
    n, precision, information = len(scores), slope_std**-2, slope * slope_std**-2
    if n >= _FEW:
        y = ndtri((np.argsort(np.argsort(scores, kind="stable"), kind="stable") + 0.5) / n)
        z = capacity - capacity.mean()
        square = max(float(z @ z), 1e-12)
        noise2 = (float(np.sum((y - float(z @ y) / square * z) ** 2)) + 1.0) / (n - 1.0)
        precision, information = precision + square / noise2, information + float(z @ y) / noise2
    return float(ndtr(information / np.sqrt(precision)))


def supported(loss: FloatArray, scores: FloatArray, capacity: FloatArray, effect: float, effect_std: float) -> float:
    """Return the share of the declared effect that the training losses support.

    The effect is t / sqrt(n) of capacity in a regression of the loss on score and capacity, (n,) each.

    Args:
        loss: -log training loss at the low level.
        scores: medium scores of the same archs.
        capacity: of the same archs.
        effect: declared mean of the effect, negative.
        effect_std: its declared standard deviation.
    """
    n = len(loss)
    if n < _FEW_PAIRS:
        return 1.0
    design = np.stack([np.ones(n), scores, capacity], axis=1)
    inverse = np.linalg.inv(design.T @ design + 1e-9 * np.eye(3))
    weights = inverse @ (design.T @ loss)
    noise2 = float(np.sum((loss - design @ weights) ** 2)) / (n - 3.0) + 1e-12
    seen = float(weights[2]) / np.sqrt(noise2 * inverse[2, 2] * n)
    posterior = (effect * effect_std**-2 + n * seen) / (effect_std**-2 + n)
    return float(np.clip(posterior / effect, 0.0, 1.0))
