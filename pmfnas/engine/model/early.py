"""How an early curve corrects what the arch alone promises.

    r_a / s_a = g . e_a + rest

r is the leave-one-out residual of the Gaussian process at the medium level, s its standard deviation, e the early
curve's features with what the predicted mean explains taken out. g is a ridge regression learnt within the run,
pulled to a small positive prior; its residual says how much of the uncertainty the early curve removes.
"""

from dataclasses import dataclass

import numpy as np

from pmfnas.core.types import FloatArray
from pmfnas.engine.model.curves import N_FEATURES
from pmfnas.engine.settings import Settings

_PRIOR_DIRECTION = np.array([0.5, 0.5, 0.0, 0.0])  # validation and training accuracy, half each


@dataclass(frozen=True, slots=True)
class EarlyHead:
    """The correction, ready to use. All features are standardised over the early curves seen."""

    centre: FloatArray  # (4,)
    spread: FloatArray  # (4,)
    explained: FloatArray  # (2, 4): intercept and slope of each feature on the predicted mean
    gain: FloatArray  # (4,)
    calibration: float
    """Root mean square of r / s: above 1 where the Gaussian process is too sure of itself."""
    remaining: float
    """Standard deviation of r / s that the early curve leaves."""

    def correct(self, mean: FloatArray, std: FloatArray, early: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and std after seeing the early features (n, 4), given those from the arch alone (n,)."""
        e = self._standardise(early) - self.explained[0] - np.outer(mean, self.explained[1])
        e = np.where(np.isfinite(early), e, 0.0)
        return mean + std * (e @ self.gain), std * self.remaining

    def _standardise(self, early: FloatArray) -> FloatArray:
        return np.where(np.isfinite(early), (early - self.centre) / self.spread, 0.0)


def first_head(early: FloatArray, settings: Settings) -> EarlyHead:
    """Return the head that holds the prior alone, standardised over the early features (n, 4) seen."""
    centre, spread = _moments(early)
    gain = settings.early_gain * _PRIOR_DIRECTION
    left = float(np.sqrt(1.0 - min(0.9, settings.early_gain**2)))
    return EarlyHead(centre, spread, np.zeros((2, N_FEATURES)), gain, 1.0, left)


def fit_head(
    early: FloatArray, mean: FloatArray, residual: FloatArray, std: FloatArray, settings: Settings
) -> EarlyHead:
    """Return the head learnt from archs that have both an early curve and a medium score.

    Args:
        early: early features, (n, 4).
        mean: leave-one-out means of the Gaussian process, (n,).
        residual: medium score minus `mean`, (n,).
        std: leave-one-out standard deviations, (n,).
        settings: of the run.
    """
    first = first_head(early, settings)
    e = first._standardise(early)  # (n, 4)
    design = np.stack([np.ones(len(mean)), mean], axis=1)
    weight = settings.early_weight
    ridge = design.T @ design + np.diag([1e-9, weight * float(np.mean(mean**2) + 1e-12)])
    explained = np.linalg.solve(ridge, design.T @ e)  # (2, 4)
    e = e - design @ explained
    r = np.clip(residual / std, -3.0, 3.0)
    rest = r - e @ first.gain
    gain = first.gain + np.linalg.solve(e.T @ e + weight * np.eye(N_FEATURES), e.T @ rest)
    left2 = (np.sum((r - e @ gain) ** 2) + weight * first.remaining**2) / (len(r) + weight)
    calibration2 = (np.sum(r**2) + weight) / (len(r) + weight)
    return EarlyHead(
        first.centre, first.spread, explained, gain, float(np.sqrt(calibration2)), float(min(np.sqrt(left2), 1.0))
    )


def _moments(early: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation per column over its finite values, (4,) each; 0 and 1 where there are none."""
    finite = np.isfinite(early)
    count = np.maximum(finite.sum(axis=0), 1)
    centre = np.where(finite, early, 0.0).sum(axis=0) / count
    spread = np.sqrt(np.where(finite, (early - centre) ** 2, 0.0).sum(axis=0) / count)
    return centre, np.where(spread > 1e-9, spread, 1.0)
