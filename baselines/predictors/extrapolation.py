"""Learning-curve extrapolation with parametric families.

Source: Domhan, Springenberg and Hutter, "Speeding up automatic hyperparameter optimization of deep neural networks by
extrapolation of learning curves", IJCAI 2015, section 3.1 and table 1. A curve is a combination of parametric families,
each fitted to the observed epochs. The prediction is the combination's value at the last epoch.

Deviations: four of the eleven families are used. Each is linear in two of its parameters, which have a closed form; the
third runs over a grid, for all archs at once. Instead of Markov chains, families and grid points are averaged with
weights exp(-n/2 log(squared error)), as the Bayesian information criterion weighs models of equal size (Schwarz 1978).
The spread combines their errors and their disagreement. Curves rise: a falling fit counts as constant. With fewer than
three epochs the last value is the prediction. If the observed schedule is not the target's, the curve is extrapolated
to the end of the observed schedule, because learning rates that fall to zero end the curve there.
"""

from collections.abc import Callable, Iterator

import numpy as np

from pmfnas.core.ports import Space
from pmfnas.core.predictors import Observed, Prediction, Reads
from pmfnas.core.types import Fidelity, FloatArray

FAMILIES: dict[str, tuple[Callable[[FloatArray, float], FloatArray], tuple[float, ...]]] = {
    "pow3": (lambda t, c: -(t**-c), (0.1, 0.25, 0.5, 1.0, 2.0)),
    "log power": (lambda t, c: 1.0 / (1.0 + (t / 10.0) ** -c), (0.5, 1.0, 2.0)),
    "exp": (lambda t, c: -np.exp(-c * t), (0.02, 0.05, 0.1, 0.3)),
    "ilog2": (lambda t, c: -1.0 / np.log(t + c), (1.1, 3.0)),
}
"""Rising shapes g(t; c) and the grid of c. A family is a + b g."""

LEAST_EPOCHS = 3
_LEAST_ERROR = 0.05
"""Lower bound on the error of a fit, in percent points."""


def extrapolate(curves: FloatArray, horizon: int) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation at epoch `horizon` of curves that are observed from epoch 1 on.

    Args:
        curves: accuracies in percent, (n_archs, n_epochs), n_epochs >= LEAST_EPOCHS, finite.
        horizon: epoch to extrapolate to, at least n_epochs.

    Returns:
        Percent, shape (n_archs,) each; the mean is clipped to [0, 100].
    """
    fits = list(_fits(curves, horizon))
    ends, errors = np.stack([end for end, _ in fits]), np.stack([error for _, error in fits])  # (n_fits, n_archs)
    evidence = -curves.shape[1] * np.log(np.maximum(errors, _LEAST_ERROR))
    weights = np.exp(evidence - evidence.max(axis=0))
    weights /= weights.sum(axis=0)
    mean = (weights * ends).sum(axis=0)
    variance = (weights * ((ends - mean) ** 2 + errors**2)).sum(axis=0)
    return np.clip(mean, 0.0, 100.0), np.sqrt(variance)


def _fits(curves: FloatArray, horizon: int) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield, per family and grid point, the value at the horizon and the root mean squared error, (n_archs,) each."""
    n = curves.shape[1]
    epochs, middle = np.arange(1.0, n + 1.0), curves.mean(axis=1)
    for shape, grid in FAMILIES.values():
        for c in grid:
            g = shape(epochs, c)
            centred = g - g.mean()
            slope = np.maximum(curves @ centred / (centred @ centred), 0.0)
            left = curves - middle[:, None] - slope[:, None] * centred
            end = float(shape(np.array([float(horizon)]), c)[0]) - float(g.mean())
            yield np.clip(middle + slope * end, 0.0, 100.0), np.sqrt((left**2).mean(axis=1))


class CurveExtrapolation:
    """Extrapolates validation accuracy to the end of its schedule; if missing, training accuracy, then the loss."""

    reads = Reads(labels=False, curves="all")

    def __init__(self, space: Space, target: Fidelity, *, rng: np.random.Generator) -> None:
        del space, rng
        self._target = target

    def fit(self, known: Observed, labels: FloatArray) -> None:
        """Do nothing: every curve is fitted on its own."""

    def predict(self, queries: Observed) -> Prediction:
        """Return the extrapolated accuracies; scores that only rank for few epochs or another schedule."""
        if not queries.n_epochs:
            return Prediction(np.zeros(len(queries)))
        curves, is_accuracy = _longest(queries)
        if queries.n_epochs < LEAST_EPOCHS:
            return Prediction(curves[:, -1])
        own_end = int(queries.schedule) if queries.schedule.isdecimal() else self._target.epochs
        mean, std = extrapolate(curves, max(own_end, queries.n_epochs))
        return Prediction(mean, std) if is_accuracy and queries.schedule == self._target.schedule else Prediction(mean)


def _longest(queries: Observed) -> tuple[FloatArray, bool]:
    """Return the curves to extrapolate and whether they are validation accuracies. A loss becomes 100 exp(-loss)."""
    for values, is_accuracy in ((queries.valid_acc, True), (queries.train_acc, False)):
        if np.isfinite(values).all():
            return values, is_accuracy
    loss = queries.valid_loss if np.isfinite(queries.valid_loss).all() else queries.train_loss
    return 100.0 * np.exp(-np.where(np.isfinite(loss), loss, 50.0)), False
