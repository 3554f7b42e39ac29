"""Regression on the architecture encoding alone: Gaussian process, random forest, gradient boosting.

Source: White, Zela, Ru, Liu and Hutter, "How Powerful are Performance Predictors in Neural Architecture Search?",
NeurIPS 2021, arXiv 2104.01177, section 3 and appendix: model-based predictors, which learn from labels without curves.

Deviations: hyperparameters are the library's defaults or those named below, not tuned per task by random search. The
encoding is the space's own (`Space.features`); targets are log odds of the accuracy. The spread of a forest is the
larger of its trees' spread and its out-of-bag error. The spread of boosting is its cross-validated error.
"""

import warnings
from typing import TYPE_CHECKING

import numpy as np

from baselines.predictors.features import encoding, log_odds, percent
from baselines.predictors.fitting import cross_validated, require_sklearn
from pmfnas.core.errors import InputError
from pmfnas.core.ports import Space
from pmfnas.core.predictors import Observed, Prediction, Reads
from pmfnas.core.types import Fidelity, FloatArray

if TYPE_CHECKING:
    from sklearn.ensemble import GradientBoostingRegressor

N_TREES = 100
_LEAST_STD = 1e-9
_FEW = 10
_MOST_TUNED = 200
"""Largest number of archs for the choice of the process's hyperparameters; the process itself is fitted to all."""


class EncodingProcess:
    """A Gaussian process with a Matern-5/2 kernel of one length, a linear trend and noise, by marginal likelihood."""

    reads = Reads(labels=True, curves="none")

    def __init__(self, space: Space, target: Fidelity, *, rng: np.random.Generator) -> None:
        del target, rng
        require_sklearn("gaussian_process")
        self._space = space

    def fit(self, known: Observed, labels: FloatArray) -> None:
        """Fit to the archs that have a label. Raises `InputError` below two labels."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import ConstantKernel, DotProduct, Matern, WhiteKernel

        x, y = _labelled(self._space, known, labels)
        self._mean, self._spread = x.mean(axis=0), np.maximum(x.std(axis=0), 0.1) * np.sqrt(x.shape[1])
        kernel = ConstantKernel(1.0) * Matern(1.0, nu=2.5) + ConstantKernel(0.3) * DotProduct(1.0) + WhiteKernel(0.1)
        x = (x - self._mean) / self._spread
        tuned = GaussianProcessRegressor(kernel, normalize_y=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a length at its bound is accepted
            tuned.fit(x[:_MOST_TUNED], y[:_MOST_TUNED])
        self._model = GaussianProcessRegressor(tuned.kernel_, optimizer=None, normalize_y=True).fit(x, y)

    def predict(self, queries: Observed) -> Prediction:
        """Return the posterior of the observations, converted to percent."""
        x = (encoding(self._space, queries.archs) - self._mean) / self._spread
        mean, std = self._model.predict(x, return_std=True)
        return _in_percent(mean, std)


class EncodingForest:
    """A random forest on the encoding."""

    reads = Reads(labels=True, curves="none")

    def __init__(self, space: Space, target: Fidelity, n_trees: int = N_TREES, *, rng: np.random.Generator) -> None:
        del target
        require_sklearn("random_forest")
        self._space, self._n_trees, self._seed = space, n_trees, int(rng.integers(2**31))

    def fit(self, known: Observed, labels: FloatArray) -> None:
        """Fit to the archs that have a label. Raises `InputError` below two labels."""
        from sklearn.ensemble import RandomForestRegressor

        x, y = _labelled(self._space, known, labels)
        self._model = RandomForestRegressor(self._n_trees, max_features=0.5, oob_score=True, random_state=self._seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # with few archs, one arch may be in every tree's bag
            self._model.fit(x, y)
        self._error = float(np.sqrt(np.mean((self._model.oob_prediction_ - y) ** 2)))

    def predict(self, queries: Observed) -> Prediction:
        """Return the mean of the trees; the spread is the larger of theirs and the out-of-bag error."""
        x = encoding(self._space, queries.archs)
        trees = np.stack([tree.predict(x) for tree in self._model.estimators_])
        return _in_percent(trees.mean(axis=0), np.maximum(trees.std(axis=0), self._error))


class EncodingBoosting:
    """Gradient-boosted trees on the encoding."""

    reads = Reads(labels=True, curves="none")

    def __init__(self, space: Space, target: Fidelity, n_trees: int = N_TREES, *, rng: np.random.Generator) -> None:
        del target
        require_sklearn("gradient_boosting")
        self._space, self._n_trees, self._rng = space, n_trees, rng

    def fit(self, known: Observed, labels: FloatArray) -> None:
        """Fit to the archs that have a label and estimate the error over three folds. Raises as the forest does."""
        x, y = _labelled(self._space, known, labels)
        order, seed = self._rng.permutation(len(y)), int(self._rng.integers(2**31))

        def make() -> "GradientBoostingRegressor":
            from sklearn.ensemble import GradientBoostingRegressor

            share = 0.8 if len(y) >= _FEW else 1.0  # a share of a few archs may be empty
            return GradientBoostingRegressor(n_estimators=self._n_trees, subsample=share, random_state=seed)

        self._error = cross_validated(make, x[order], y[order], 3)
        self._model = make().fit(x, y)

    def predict(self, queries: Observed) -> Prediction:
        """Return the ensemble's accuracies in percent, with the cross-validated error as their spread."""
        mean = self._model.predict(encoding(self._space, queries.archs))
        return _in_percent(mean, np.full(len(mean), self._error))


def _labelled(space: Space, known: Observed, labels: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return encoding and log odds of the archs that have a label. Raises `InputError` below two labels."""
    has = np.isfinite(labels)
    if has.sum() < 2:
        raise InputError(f"{int(has.sum())} labels are given, but at least 2 are needed")
    return encoding(space, known.archs)[has], log_odds(labels[has])


def _in_percent(odds: FloatArray, std: FloatArray) -> Prediction:
    """Return log odds and their standard deviation as a prediction in percent."""
    spread = 0.5 * (percent(odds + std) - percent(odds - std))
    return Prediction(percent(odds), np.maximum(spread, _LEAST_STD))
