"""Features that the predictors share: log odds of accuracies, and the encoding of archs."""

from collections.abc import Sequence

import numpy as np

from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, FloatArray


def log_odds(acc_pct: FloatArray) -> FloatArray:
    """Return the log odds of accuracies in percent, which are clipped to [0.1, 99.9]."""
    p = np.clip(acc_pct, 0.1, 99.9) / 100.0
    return np.asarray(np.log(p / (1.0 - p)))


def percent(odds: FloatArray) -> FloatArray:
    """Return the accuracies in percent for given log odds."""
    return np.asarray(100.0 / (1.0 + np.exp(-np.clip(odds, -50.0, 50.0))))


def encoding(space: Space, archs: Sequence[Arch]) -> FloatArray:
    """Return the space's features of archs, shape (n_archs, n_features)."""
    return np.asarray(space.features(archs), dtype=np.float64)
