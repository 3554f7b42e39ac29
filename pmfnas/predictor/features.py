"""Features of an arch and of the first epochs of its curve, in groups of mean 0 and mean squared row length 1.

Accuracies enter as log odds, losses as minus their logarithm. So larger is better, and steps are comparable at any
level. A value that no arch has is left out. A value that some archs lack is replaced by the mean.
"""

from dataclasses import dataclass

import numpy as np

from pmfnas.core.ports import Space
from pmfnas.core.predictors import Observed
from pmfnas.core.types import Arch, FloatArray
from pmfnas.engine.catalogue import is_whole, whole
from pmfnas.engine.model.kernel import Scaling

_MAX_WHOLE = 20_000
_LEAST_PCT = 0.1
_LEAST_LOSS = 1e-6


def log_odds(acc_pct: FloatArray) -> FloatArray:
    """Return the log odds of accuracies in percent, which are clipped to [0.1, 99.9]; NaN stays NaN."""
    p = np.clip(acc_pct, _LEAST_PCT, 100.0 - _LEAST_PCT) / 100.0
    return np.asarray(np.log(p / (1.0 - p)))


def minus_log(loss: FloatArray) -> FloatArray:
    """Return minus the logarithm of losses; NaN stays NaN."""
    return np.asarray(-np.log(np.maximum(loss, _LEAST_LOSS)))


def arch_scaling(space: Space, archs: tuple[Arch, ...]) -> Scaling:
    """Return the scaling of the space's features: over the whole space if it is small, else over `archs`."""
    raw = whole(space).raw if is_whole(space, _MAX_WHOLE) else np.asarray(space.features(archs), dtype=float)
    return Scaling.of(raw)


def early_epoch(n_epochs: int) -> int:
    """Return the index of the early epoch, a quarter into the curve. Features compare it with the last epoch."""
    return max(1, n_epochs // 4) - 1


def curve_features(seen: Observed) -> FloatArray:
    """Return features of the curves, shape (n_archs, n_features), larger is better; no columns without epochs.

    At the last epoch: validation accuracy and loss, training accuracy and loss. Over the curve: the mean and the first
    value of the training loss, and the rise of training loss and accuracy in the second half.
    """
    n = seen.n_epochs
    if not n:
        return np.empty((len(seen), 0))
    loss, acc = minus_log(seen.train_loss), log_odds(seen.train_acc)  # (n_archs, n_epochs)
    columns = [log_odds(seen.valid_acc[:, -1]), minus_log(seen.valid_loss[:, -1]), acc[:, -1], loss[:, -1]]
    if n > 1:
        half = n // 2 - 1
        columns += [loss.mean(axis=1), loss[:, 0], loss[:, -1] - loss[:, half], acc[:, -1] - acc[:, half]]
    return np.stack(columns, axis=1)


@dataclass(frozen=True, slots=True)
class Standard:
    """Scales columns to features of one group: known columns are standardised, the others set to 0."""

    mean: FloatArray  # (n_columns,)
    factor: FloatArray  # (n_columns,) reciprocal scale; 0 for a column that is unknown or constant

    @classmethod
    def of(cls, columns: FloatArray) -> "Standard":
        """Return the standard of `columns`, (n_archs, n_columns); NaN marks an unknown value."""
        known = np.isfinite(columns)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, columns, 0.0).sum(axis=0) / count
        spread = np.sqrt(np.where(known, (columns - mean) ** 2, 0.0).sum(axis=0) / count)
        varies = spread > 1e-9
        factor = np.where(varies, 1.0 / np.where(varies, spread, 1.0), 0.0)
        return cls(mean, factor / np.sqrt(max(int(varies.sum()), 1)))

    def apply(self, columns: FloatArray) -> FloatArray:
        """Return the features, same shape. An unknown value becomes the mean, 0."""
        return np.where(np.isfinite(columns), (columns - self.mean) * self.factor, 0.0)
