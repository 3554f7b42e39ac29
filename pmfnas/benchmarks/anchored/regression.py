"""Kernel ridge regression of whole curves, and neighbours in its input space.

A modelled curve is a regression on the inputs of its network plus the residual of a real neighbour. The regression is
the posterior mean of a Gaussian process with a constant, a linear and a squared-exponential kernel (Rasmussen and
Williams 2006, section 2.2). One set of weights serves all epochs, so the result is smooth over epochs. Residuals are
those of leave-one-out (same book, equations 5.10-5.12), because residuals of fitted points are too small.
"""

from dataclasses import dataclass

import numpy as np

from pmfnas.benchmarks.anchored.source import IntArray
from pmfnas.core.types import FloatArray

_CONSTANT, _LINEAR, _LENGTH, _NOISE = 100.0, 0.01, 6.0, 0.05
"""Variances of the constant, linear and noise parts, relative to a squared-exponential part of variance 1."""

_DECIMALS = 6
"""Decimals of squared distances in the ranking of neighbours. Ties are broken by row, not by rounding errors."""


@dataclass(frozen=True, slots=True)
class Regression:
    """A fitted regression; `residuals` are leave-one-out residuals."""

    x: FloatArray  # (n, n_inputs)
    weights: FloatArray  # (n, n_outputs)
    residuals: FloatArray  # (n, *output shape)

    def predict(self, x: FloatArray, *, chunk: int = 4096) -> FloatArray:
        """Return the mean at `x`, shape (m, n_inputs), as shape (m, *output shape)."""
        parts = [_kernel(x[i : i + chunk], self.x) @ self.weights for i in range(0, len(x), chunk)]
        outputs = np.concatenate(parts) if parts else np.empty((0, self.weights.shape[1]))
        return outputs.reshape(len(x), *self.residuals.shape[1:])


def fit(x: FloatArray, y: FloatArray) -> Regression:
    """Return the regression of `y`, shape (n, ...), on `x`, shape (n, n_inputs)."""
    inverse = np.linalg.inv(_kernel(x, x) + _NOISE * np.eye(len(x)))
    weights = inverse @ y.reshape(len(y), -1)
    residuals = weights / np.diag(inverse)[:, None]
    return Regression(x, weights, residuals.reshape(y.shape))


def _kernel(a: FloatArray, b: FloatArray) -> FloatArray:
    inner = a @ b.T
    square = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :] - 2 * inner
    return np.asarray(_CONSTANT + _LINEAR * inner + np.exp(-np.maximum(square, 0) / (2 * _LENGTH**2)))


def nearest(x: FloatArray, among: FloatArray, k: int, *, chunk: int = 4096) -> IntArray:
    """Return the rows of the `k` nearest points of `among`, nearest first, shape (len(x), min(k, len(among)))."""
    k = min(k, len(among))
    length = (among**2).sum(axis=1)[None, :]
    parts = [
        np.argsort(np.round(length - 2 * x[i : i + chunk] @ among.T, _DECIMALS), axis=1, kind="stable")[:, :k]
        for i in range(0, len(x), chunk)
    ]
    return np.concatenate(parts) if parts else np.empty((0, k), dtype=np.int64)
