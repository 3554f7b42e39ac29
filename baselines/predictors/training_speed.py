"""Sums of training losses: archs that train faster generalise better.

Source: Ru, Lyle, Schut, Fil, van der Wilk and Gal, "Speedy Performance Estimation for Neural Architecture Search",
NeurIPS 2021, arXiv 2006.04492. SoTL-E is TSE-E with E = 1 (section 3, eq. 2); TSE-EMA weighs late epochs more (eq. 3).

Deviations: a loss is the mean over an epoch where the paper sums minibatches; both rank archs alike. A loss that is not
finite is replaced by the largest finite loss of its epoch.
"""

import numpy as np

from pmfnas.core.ports import Space
from pmfnas.core.predictors import Observed, Prediction, Reads
from pmfnas.core.types import Fidelity, FloatArray

GAMMA = 0.999
"""Factor on a loss's weight per later epoch: .999 is nearly a plain sum; 0.9 forgets within ten epochs."""


def sum_of_losses(train_loss: FloatArray, n_last: int) -> FloatArray:
    """Return the sum of the last `n_last` training losses of each arch, shape (n_archs,)."""
    return np.asarray(_finite(train_loss)[:, -n_last:].sum(axis=1))


def moving_average(train_loss: FloatArray, gamma: float) -> FloatArray:
    """Return sum_t gamma^(T - t) loss_t over all observed epochs, shape (n_archs,)."""
    losses = _finite(train_loss)
    weights = gamma ** np.arange(losses.shape[1])[::-1]
    return np.asarray(losses @ weights)


def _finite(losses: FloatArray) -> FloatArray:
    known = np.isfinite(losses)
    worst = np.where(known, losses, -np.inf).max(axis=0, initial=-np.inf)
    return np.where(known, losses, np.where(np.isfinite(worst), worst, 0.0))


class SotlE:
    """Ranks archs by minus the sum of the training losses over the last `n_last` epochs."""

    reads = Reads(labels=False, curves="training")

    def __init__(self, space: Space, target: Fidelity, n_last: int = 1, *, rng: np.random.Generator) -> None:
        del space, target, rng
        self._n_last = n_last

    def fit(self, known: Observed, labels: FloatArray) -> None:
        """Do nothing: the rule has no parameters."""

    def predict(self, queries: Observed) -> Prediction:
        """Return minus the sums as scores."""
        return Prediction(-sum_of_losses(queries.train_loss, self._n_last))


class TseEma:
    """Ranks archs by minus the exponentially weighted sum of their training losses."""

    reads = Reads(labels=False, curves="training")

    def __init__(self, space: Space, target: Fidelity, gamma: float = GAMMA, *, rng: np.random.Generator) -> None:
        del space, target, rng
        self._gamma = gamma

    def fit(self, known: Observed, labels: FloatArray) -> None:
        """Do nothing: the rule has no parameters."""

    def predict(self, queries: Observed) -> Prediction:
        """Return minus the weighted sums as scores."""
        return Prediction(-moving_average(queries.train_loss, self._gamma))
