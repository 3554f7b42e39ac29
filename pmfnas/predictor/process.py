"""A Gaussian process over groups of features, each group with its own scale.

    k(x, x') = 1 + sum_g a_g x_g.x'_g + s matern52(r),   r^2 = sum_g w_g |x_g - x'_g|^2,   noise v

Slopes a, weights w, smooth variance s and noise v maximise their posterior under log-normal priors. The maximum is
found with its gradient (Rasmussen and Williams 2006, eq. 5.9). With few observations the priors dominate. The groups
are the arch and its curve. How much each of them tells depends on the observed epochs, so their scales are learnt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize

from pmfnas.core.types import FloatArray

JITTER = 1e-6
MAX_TUNED = 200
"""Largest number of observations for the choice of hyperparameters; the process itself is fitted to all."""

_SLOPE, _WEIGHT, _SMOOTH, _NOISE = 0.1, 1.5, 0.3, 0.05
_SPREAD = 0.7
"""Centres of the priors, and the standard deviation of the logarithms."""
_MAX_STEPS = 30
_BLOCK = 256
"""Rows per block of predictions."""


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Inner products and squared distances between the rows of two sets: one matrix (n, m) per group."""

    products: list[FloatArray]
    squares: list[FloatArray]

    @classmethod
    def of(cls, a: Sequence[FloatArray], b: Sequence[FloatArray]) -> "_Pairs":
        products = [x @ y.T for x, y in zip(a, b, strict=True)]
        squares = [
            np.maximum((x * x).sum(axis=1)[:, None] + (y * y).sum(axis=1) - 2.0 * p, 0.0)
            for x, y, p in zip(a, b, products, strict=True)
        ]
        return cls(products, squares)


class GroupedProcess:
    """A process fitted to centred targets. It predicts the mean and the standard deviation, noise included."""

    def __init__(self, groups: Sequence[FloatArray], y: FloatArray) -> None:
        """Fit the hyperparameters and the process.

        Args:
            groups: features per group, (n, d_g) each.
            y: targets of about mean 0 and variance 1, (n,).
        """
        n_tuned = min(len(y), MAX_TUNED)
        self.theta = _mode([x[:n_tuned] for x in groups], y[:n_tuned])
        pairs = _Pairs.of(groups, groups)
        self._factor = _factor(_covariance(self.theta, pairs)[0], self.theta)
        self._alpha = _solved(self._factor, y)
        e, n_groups = np.exp(self.theta), len(groups)
        self._sloped, self._weighted = _scaled(groups, e[:n_groups]), _scaled(groups, e[n_groups : 2 * n_groups])
        self._whitening = solve_triangular(self._factor, np.eye(len(y)), lower=True, check_finite=False)

    def predict(self, groups: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation at other rows, (m,) each, in the units of the targets."""
        blocks = [[x[i : i + _BLOCK] for x in groups] for i in range(0, len(groups[0]), _BLOCK)]
        found = [self._predict(block) for block in blocks]
        mean, std = (np.concatenate(parts) for parts in zip(*found, strict=True)) if found else (np.empty(0),) * 2
        return mean, std

    def _predict(self, groups: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray]:
        e, n_groups = np.exp(self.theta), len(groups)
        sloped, weighted = _scaled(groups, e[:n_groups]), _scaled(groups, e[n_groups : 2 * n_groups])
        square = (
            (self._weighted**2).sum(axis=1)[:, None] + (weighted**2).sum(axis=1) - 2.0 * self._weighted @ weighted.T
        )
        r = np.sqrt(5.0 * np.maximum(square, 0.0))
        cross = 1.0 + self._sloped @ sloped.T + e[-2] * (1.0 + r + r * r / 3.0) * np.exp(-r)  # (n, m)
        own = 1.0 + e[-2] + e[-1] + JITTER + (sloped * sloped).sum(axis=1)
        whitened = self._whitening @ cross
        variance = own - (whitened * whitened).sum(axis=0)
        return cross.T @ self._alpha, np.sqrt(np.maximum(variance, JITTER))

    def left_out(self, family: NDArray[np.int64]) -> FloatArray:
        """Return standardised residuals, (n,): each target's residual when its whole family is left out.

        Args:
            family: number of each observation's family, (n,).

        Source: Rasmussen and Williams 2006, eq. 5.12, for blocks: block residuals are (K^-1)_bb^-1 (K^-1 y)_b.
        """
        inverse, residual = _solved(self._factor, np.eye(len(self._alpha))), np.empty(len(self._alpha))
        for number in np.unique(family):
            block = np.flatnonzero(family == number)
            covariance = np.linalg.inv(inverse[np.ix_(block, block)])
            residual[block] = covariance @ self._alpha[block] / np.sqrt(np.diag(covariance))
        return residual


def _scaled(groups: Sequence[FloatArray], variances: FloatArray) -> FloatArray:
    """Return all groups side by side, (n, sum of d_g), each times the root of its variance, so inner products add."""
    return np.hstack([np.sqrt(v) * x for v, x in zip(variances, groups, strict=True)])


def _mode(groups: Sequence[FloatArray], y: FloatArray) -> FloatArray:
    """Return the logarithms of the best hyperparameters: slopes, weights, smooth variance, noise."""
    n_groups, pairs = len(groups), _Pairs.of(groups, groups)
    centre = np.log(np.array([_SLOPE] * n_groups + [_WEIGHT] * n_groups + [_SMOOTH, _NOISE]))

    def objective(theta: Any) -> Any:
        return _minus_log_posterior(theta, centre, pairs, y)

    found = minimize(
        objective,
        centre,
        jac=True,
        method="L-BFGS-B",
        bounds=[(c - 6.0, c + 6.0) for c in centre],
        options={"maxiter": _MAX_STEPS},
    )
    return np.asarray(found.x)


def _minus_log_posterior(
    theta: FloatArray, centre: FloatArray, pairs: _Pairs, y: FloatArray
) -> tuple[float, FloatArray]:
    """Return minus the log posterior density of the hyperparameters, up to a constant, and its gradient."""
    k, smooth, slope = _covariance(theta, pairs)
    factor = _factor(k, theta)
    alpha = _solved(factor, y)
    weight = _solved(factor, np.eye(len(y))) - np.outer(alpha, alpha)
    e, n_groups = np.exp(theta), len(pairs.products)
    gradient = np.array(
        [
            *(e[i] * np.sum(weight * p) for i, p in enumerate(pairs.products)),
            *(e[n_groups + i] * np.sum(weight * slope * s) for i, s in enumerate(pairs.squares)),
            e[-2] * np.sum(weight * smooth),
            e[-1] * np.trace(weight),
        ]
    )
    off = (theta - centre) / _SPREAD
    value = 0.5 * y @ alpha + np.log(np.diag(factor)).sum() + 0.5 * off @ off
    return float(value), 0.5 * gradient + off / _SPREAD


def _covariance(theta: FloatArray, pairs: _Pairs) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the covariance, its Matern part at unit variance, and s times that part's derivative by r^2."""
    e, n_groups = np.exp(theta), len(pairs.products)
    square = sum((w * s for w, s in zip(e[n_groups : 2 * n_groups], pairs.squares, strict=True)), start=np.float64(0.0))
    r = np.sqrt(5.0 * square)
    decay = np.exp(-r)
    smooth = (1.0 + r + r * r / 3.0) * decay
    linear = sum((a * p for a, p in zip(e[:n_groups], pairs.products, strict=True)), start=np.float64(1.0))
    return np.asarray(linear + e[-2] * smooth), smooth, -e[-2] * (5.0 / 6.0) * (1.0 + r) * decay


def _factor(k: FloatArray, theta: FloatArray) -> FloatArray:
    noisy = k + (np.exp(theta[-1]) + JITTER) * np.eye(len(k))
    return np.asarray(cholesky(noisy, lower=True, overwrite_a=True, check_finite=False))


def _solved(factor: FloatArray, y: FloatArray) -> FloatArray:
    return np.asarray(cho_solve((factor, True), y, check_finite=False))
