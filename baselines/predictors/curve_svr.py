"""Support vector regression on features of the partial curve, the arch and its size.

Source: Baker, Gupta, Raskar and Naik, "Accelerating Neural Architecture Search using Performance Prediction", ICLR 2018
workshop, arXiv 1705.10823, section 3: nu-SVR with a Gaussian kernel on the time series of validation accuracies, its
first and second differences, architecture parameters and hyperparameters.

Deviations: the time series of training loss and training accuracy are features, too. C and gamma are chosen among four
pairs by cross-validation over three folds. The predicted spread is that of the folds' residuals.
"""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from baselines.predictors.features import encoding, log_odds, percent
from baselines.predictors.fitting import cross_validated, require_sklearn
from pmfnas.core.errors import InputError
from pmfnas.core.ports import Space
from pmfnas.core.predictors import Observed, Prediction, Reads
from pmfnas.core.types import Fidelity, FloatArray

if TYPE_CHECKING:
    from sklearn.svm import NuSVR

GRID = tuple((c, gamma) for c in (1.0, 10.0) for gamma in (0.2, 1.0))
_NU = 0.5
_TOLERANCE = 0.01
"""Tolerance of the optimiser, in standard deviations of the target: ten times the library's, in 2/3 of the time."""
_MOST_TUNED = 100
"""Largest number of archs for the choice of C and gamma."""
_MOST_EPOCHS = 12
"""Largest number of points per time series; a longer series is thinned out evenly."""


class CurveSvr:
    """nu-SVR from curves and encoding to the log odds of the final accuracy."""

    reads = Reads(labels=True, curves="all")

    def __init__(self, space: Space, target: Fidelity, *, rng: np.random.Generator) -> None:
        del target
        require_sklearn("curve_svr")
        self._space, self._rng = space, rng

    def fit(self, known: Observed, labels: FloatArray) -> None:
        """Choose C and gamma and fit. Archs without a label are left out. Raises `InputError` below two labels."""
        has = np.isfinite(labels)
        if has.sum() < 2:
            raise InputError(f"curve_svr has {int(has.sum())} labels, but needs at least 2")
        raw = self._raw(known)[has]
        spread = raw.std(axis=0)
        self._mean, self._factor = raw.mean(axis=0), np.where(spread > 1e-9, 1.0 / np.maximum(spread, 1e-9), 0.0)
        self._factor = self._factor / np.sqrt(max(int((self._factor > 0).sum()), 1))
        x, y = self._scaled(raw), log_odds(labels[has])
        self._centre, self._spread = float(y.mean()), max(float(y.std()), 1e-6)
        z = (y - self._centre) / self._spread
        order = self._rng.permutation(len(z))[:_MOST_TUNED]
        tried = [cross_validated(partial(_machine, *pair), x[order], z[order], 3) for pair in GRID]
        best = int(np.argmin(tried))
        self._error, self._model = tried[best] * self._spread, _machine(*GRID[best]).fit(x, z)

    def predict(self, queries: Observed) -> Prediction:
        """Return the predicted accuracies in percent, with the cross-validated error as their spread."""
        z = np.asarray(self._model.predict(self._scaled(self._raw(queries))))
        odds = np.clip(z, -5.0, 5.0) * self._spread + self._centre
        spread = 0.5 * (percent(odds + self._error) - percent(odds - self._error))
        return Prediction(percent(odds), np.maximum(spread, 1e-9))

    def _raw(self, seen: Observed) -> FloatArray:
        columns = [encoding(self._space, seen.archs)]
        places = np.unique(np.linspace(0, seen.n_epochs - 1, min(seen.n_epochs, _MOST_EPOCHS)).round().astype(int))
        for values in (seen.valid_acc, seen.train_acc, -seen.train_loss):
            if seen.n_epochs and np.isfinite(values).all():
                series = values[:, places] if values.max() <= 0 else log_odds(values[:, places])
                columns += [series, np.diff(series, axis=1), np.diff(series, n=2, axis=1)]
        return np.hstack(columns)

    def _scaled(self, raw: FloatArray) -> FloatArray:
        return np.asarray((raw - self._mean) * self._factor)


def _machine(c: float, gamma: float) -> "NuSVR":
    """Return a fresh machine with a Gaussian kernel."""
    from sklearn.svm import NuSVR

    return NuSVR(nu=_NU, C=c, gamma=gamma, tol=_TOLERANCE)
