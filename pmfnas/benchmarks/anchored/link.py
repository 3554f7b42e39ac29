"""Training accuracy as a function of training loss, and back.

Over the ends of a thousand real trainings, two schedules and all kinds of cells, training loss tells the training
accuracy to within some tenths of a percent: one falling curve per data set. It is learnt there, as medians of the
log-odds in classes of the logarithm of loss, joined monotonically. While the learning rate is high, and in the
first epochs, in which the loss falls while it is averaged, accuracy lies beside this curve; by how much is a
correction per epoch.
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
"""Log-odds of training accuracy beside the curve at `CORRECTED_EPOCHS`, straight lines between, by data set.

Means over the three archs whose official files are public (0, 11 and 284), all their trials of both schedules: the
only trainings of which loss and accuracy are public at every epoch.
"""


@dataclass(frozen=True, slots=True)
class Link:
    """The falling curve of one data set, tabulated."""

    log_loss: FloatArray  # (n,) rising
    odds: FloatArray  # (n,) falling

    def accuracy_odds(self, log_loss: FloatArray | Float32Array) -> FloatArray:
        """Return the log-odds of training accuracy at the end of a training with this loss."""
        return np.interp(log_loss, self.log_loss, self.odds)

    def loss(self, odds: FloatArray) -> FloatArray:
        """Return the logarithm of training loss at the end of a training with this accuracy."""
        return np.interp(-odds, -self.odds, self.log_loss)


def fit_link(source: Source, dataset: int) -> Link:
    """Return the link of the data set with index `dataset`.

    Trainings on cifar10 were of 50,000 images, those of cifar10-valid are of half as many; the relation of loss
    and accuracy on the images trained on is taken to be the same.
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
    """Return what to add to the link's log-odds at each epoch of schedule 200, shape (200,)."""
    return np.interp(np.arange(1, LONG + 1), CORRECTED_EPOCHS, CORRECTIONS[dataset])
