"""Training accuracy as a function of training loss, and its inverse.

At the end of a training, the loss determines the training accuracy to within some tenths of a percent, by one falling
curve per data set. The curve is fitted to a thousand real trainings of both schedules and all kinds of cells: medians
of the log-odds in classes of log loss, joined by a monotone interpolation. In two cases accuracy deviates from the
curve: while the learning rate is high, and in the first epochs, where the loss falls while it is averaged. A correction
per epoch describes this deviation.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from pmfnas.benchmarks.anchored.inputs import log_odds
from pmfnas.benchmarks.anchored.source import LONG, Float32Array, Source
from pmfnas.core.types import FloatArray

_CLASSES = 40
_GRID = 4000

CORRECTED_EPOCHS = (1, 2, 3, 6, 12, 25, 50, LONG)
CORRECTIONS = (
    (0.25, 0.11, 0.06, 0.0, -0.02, 0.0, 0.0, 0.0),
    (0.47, 0.16, 0.05, -0.06, -0.04, -0.02, -0.01, 0.0),
    (0.36, 0.08, -0.05, -0.12, -0.10, -0.06, -0.04, 0.0),
)
"""Deviation of the log-odds of training accuracy from the curve at `CORRECTED_EPOCHS`, by data set; linear between.

The values are means over the three archs with public official files (0, 11 and 284), over all their trials of both
schedules. Only these trainings have public losses and accuracies at every epoch.
"""


@dataclass(frozen=True, slots=True)
class Link:
    """The falling curve of one data set, as a table for interpolation."""

    log_loss: FloatArray  # (n,) rising
    odds: FloatArray  # (n,) falling

    def accuracy_odds(self, log_loss: FloatArray | Float32Array) -> FloatArray:
        """Return the log-odds of training accuracy at the end of a training with this log loss."""
        return np.interp(log_loss, self.log_loss, self.odds)

    def loss(self, odds: FloatArray) -> FloatArray:
        """Return the log training loss at the end of a training with this accuracy, given as log-odds."""
        return np.interp(-odds, -self.odds, self.log_loss)


def fit_link(source: Source, dataset: int) -> Link:
    """Return the link of the data set with index `dataset`.

    Recorded trainings on cifar10 used 50,000 images, those on cifar10-valid use 25,000. The relation of training loss
    and training accuracy is assumed to be the same.
    """
    log_loss = np.log(source.end_loss[:, dataset]).ravel()
    odds = log_odds(source.end_acc[:, dataset]).ravel()
    order = np.argsort(log_loss, kind="stable")
    classes = np.array_split(order, min(_CLASSES, len(order)))
    x = np.array([np.median(log_loss[c]) for c in classes])
    y = np.minimum.accumulate([np.median(odds[c]) for c in classes])
    x, first = np.unique(x, return_index=True)
    y = y[first] - 1e-6 * np.arange(len(first))  # strictly falling, so that it can be inverted
    grid = np.linspace(x[0] - 1.0, x[-1] + 0.05, _GRID)
    inner = np.asarray(PchipInterpolator(x, y)(np.clip(grid, x[0], x[-1])))
    slope = (y[1] - y[0]) / (x[1] - x[0])
    outside = np.minimum(grid - x[0], 0) * slope - 1e-6 * np.maximum(grid - x[-1], 0)
    return Link(grid, inner + outside)


def correction(dataset: int) -> FloatArray:
    """Return the correction of the link's log-odds at each epoch of schedule 200, shape (200,)."""
    return np.interp(np.arange(1, LONG + 1), CORRECTED_EPOCHS, CORRECTIONS[dataset])
