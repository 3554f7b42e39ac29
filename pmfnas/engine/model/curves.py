"""What a learning curve says: the score at its end, and features of how it got there.

Accuracies enter as logits, in which equal steps are about equally hard at any level.
"""

from math import isfinite

import numpy as np

from pmfnas.core.types import Curve, FloatArray

N_FEATURES = 4
ACCURACIES = [0, 1]
"""Places of validation and training accuracy among them."""
LOSS = 2
"""Place of -log training loss among them."""
_LEAST = 1e-3


def logit(acc_pct: float) -> float:
    """Return the log odds of an accuracy in percent, which is kept within [0.1, 99.9]; -inf for NaN."""
    if not isfinite(acc_pct):
        return -np.inf
    p = min(max(acc_pct / 100.0, _LEAST), 1.0 - _LEAST)
    return float(np.log(p / (1.0 - p)))


def percent(score: float) -> float:
    """Return the accuracy in percent of a score in log odds."""
    return float(percents(score))


def percents(scores: FloatArray | float) -> FloatArray:
    """Return the accuracies in percent of scores in log odds, same shape."""
    return np.asarray(100.0 / (1.0 + np.exp(-scores)))


def score(curve: Curve) -> float:
    """Return the log odds of the latest validation accuracy; -inf where there is none or it is not a number."""
    return logit(curve.last_valid_acc)


def minus_log_loss(curve: Curve) -> float:
    """Return minus the logarithm of the training loss at the end; NaN where it is not a number."""
    loss = float(curve.train_loss[-1])
    return -float(np.log(max(loss, 1e-6))) if loss == loss else np.nan


def features(curve: Curve) -> FloatArray:
    """Return what the early curve shows, shape (4,), larger is better.

    Validation accuracy, training accuracy and minus training loss at its end, and the slope of the training
    accuracy over it; log odds or logs, NaN where a figure is missing or not finite.
    """
    end, begin = logit(float(curve.train_acc[-1])), logit(float(curve.train_acc[0]))
    values = np.array([score(curve), end, minus_log_loss(curve), end - begin])
    return np.where(np.isfinite(values), values, np.nan)
