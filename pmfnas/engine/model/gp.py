"""An exact Gaussian process over archs with a cached Cholesky factor that grows row by row.

    y_i = f(x_i) + u(class_i) + e_i,   f ~ GP(0, s2 k),   u ~ N(0, s2 nugget),   e ~ N(0, s2 (noise + extra_i))

The truth of an arch is f + u: u is shared by isomorphs and replicates, e belongs to one trial; extra is the further
noise of what only hints at the quantity. The scale s2 is
profiled out of the likelihood; length, and nugget + noise together, are chosen from a grid by the profiled
marginal likelihood (Rasmussen and Williams, *Gaussian Processes for Machine Learning*, 2006, eq. 5.8).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.types import FloatArray
from pmfnas.engine.model.arrays import grown
from pmfnas.engine.model.kernel import Kernel, Pairs, squares
from pmfnas.engine.model.triangular import factor_of, solve, whiten

JITTER = 1e-8
"""Added to every diagonal, in units of the smooth variance."""

_BLOCK = 256
"""Archs whose covariances are computed together."""


@dataclass(frozen=True, slots=True)
class Hyper:
    """What the likelihood chooses. Variances are in units of the smooth part's variance."""

    kernel: Kernel
    nugget: float
    """Of what an arch and its isomorphs share, but the features do not show."""
    noise: float
    """Of a single trial."""


class GaussianProcess:
    """Observations of one quantity at archs. Inputs shape the factor; targets may be replaced at any time."""

    def __init__(self, hyper: Hyper, n_features: int) -> None:
        self.hyper = hyper
        self.x = np.empty((0, n_features))  # (n, d) scaled features
        self.squares = np.empty(0)  # (n,) squared lengths of `x`
        self.classes: NDArray[np.int64] = np.empty(0, dtype=np.int64)  # (n,) number of the canonical form
        self.extra = np.empty(0)  # (n,) noise beyond that of a trial
        self.factor = np.empty((0, 0))  # (n, n) lower Cholesky factor of K
        self.y = np.empty(0)  # (n,) centred targets
        self.alpha = np.empty(0)  # (n,) K^-1 y
        self.scale2 = 1.0
        """Variance of the smooth part, with two pseudo-observations at the spread of the targets."""

    def __len__(self) -> int:
        return len(self.x)

    def add(self, x: FloatArray, number: int, extra: float = 0.0) -> None:
        """Append one observation's input in O(n^2).

        Args:
            x: scaled features, shape (d,).
            number: its canonical form's number.
            extra: its noise beyond that of a trial.
        """
        n, hyper, square = len(self), self.hyper, squares(x[None, :])
        cross = hyper.kernel.cross(self.x, x[None, :], (self.squares, square))[:, 0]
        cross += hyper.nugget * (self.classes == number)
        own = hyper.kernel.own(square)[0] + hyper.nugget + hyper.noise + extra + JITTER
        row = whiten(self.factor, cross) if n else cross
        factor = np.zeros((n + 1, n + 1))
        factor[:n, :n] = self.factor
        factor[n, :n] = row
        factor[n, n] = np.sqrt(max(own - float(row @ row), JITTER))
        self.factor = factor
        self.x, self.squares = grown(self.x, x), grown(self.squares, square[0])
        self.classes, self.extra = grown(self.classes, number), grown(self.extra, extra)

    def keep(self, rows: list[int]) -> None:
        """Forget all other observations; `set_hyper` and `set_targets` have to follow."""
        self.x, self.squares = self.x[rows], self.squares[rows]
        self.classes, self.extra = self.classes[rows], self.extra[rows]

    def set_hyper(self, hyper: Hyper) -> None:
        """Change the hyperparameters and factor again, O(n^3)."""
        self.hyper = hyper
        self.factor = _factor(self.x, self.classes, self.extra, hyper) if len(self) else self.factor

    def set_targets(self, y: FloatArray) -> None:
        """Give the observations their centred values, shape (n,), after inputs or hyperparameters changed."""
        self.y = y
        self.alpha = self.solve(y) if len(y) else y
        self.scale2 = (float(y @ self.alpha) + 2.0 * _spread2(y)) / (len(y) + 2.0)

    def smoothed(self) -> FloatArray:
        """Return the posterior means of the truth at the observations, (n,): K u = y - noise K^-1 y."""
        return np.asarray(self.y - (self.hyper.noise + self.extra + JITTER) * self.alpha)

    def solve(self, y: FloatArray) -> FloatArray:
        """Return K^-1 y, shape of y: (n,) or (n, m)."""
        return solve(self.factor, y)

    def truth(self, x: FloatArray, classes: NDArray[np.int64] | None = None) -> tuple[FloatArray, FloatArray]:
        """Return mean (m,) and covariance (m, m) of the truth f + u at scaled features `x` (m, d).

        Args:
            x: where to predict.
            classes: canonical numbers (m,) of `x`, or None where none of them was observed.
        """
        numbers = np.full(len(x), -1) if classes is None else classes
        square = squares(x)
        prior = self.hyper.kernel.cross(x, x, (square, square))
        same = np.equal.outer(numbers, numbers) & (numbers >= 0)[:, None]
        prior += self.hyper.nugget * (same | np.eye(len(x), dtype=bool))
        if not len(self):
            return np.zeros(len(x)), prior
        cross = self.hyper.kernel.cross(self.x, x, (self.squares, square))
        cross += self.hyper.nugget * np.equal.outer(self.classes, numbers)
        whitened = whiten(self.factor, cross)  # (n, m)
        return cross.T @ self.alpha, (prior - whitened.T @ whitened) * self.scale2

    def mean(self, x: FloatArray) -> FloatArray:
        """Return the means of the truth at archs never observed, (m,), by blocks that fit into a cache."""
        blocks = [x[i : i + _BLOCK] for i in range(0, len(x), _BLOCK)]
        crosses = (self.hyper.kernel.cross(block, self.x, (squares(block), self.squares)) for block in blocks)
        return np.concatenate([cross @ self.alpha for cross in crosses]) if blocks else np.empty(0)

    def marginal(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of the truth at archs never observed, (m,) each, without covariances."""
        if not len(self):
            return self.prior(x)
        square = squares(x)
        variance = self.hyper.kernel.own(square) + self.hyper.nugget
        cross = self.hyper.kernel.cross(self.x, x, (self.squares, square))
        whitened = whiten(self.factor, cross)  # (n, m)
        variance -= np.multiply(whitened, whitened, out=whitened).sum(axis=0)
        return cross.T @ self.alpha, np.sqrt(np.maximum(variance, JITTER) * self.scale2)

    def prior(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of the truth before any observation, at scale 1, (m,) each."""
        return np.zeros(len(x)), np.sqrt(self.hyper.kernel.own(squares(x)) + self.hyper.nugget)

    def left_out(self) -> tuple[FloatArray, FloatArray]:
        """Return leave-one-out means and variances of the observations, each (n,).

        Source: Rasmussen and Williams 2006, eq. 5.12.
        """
        inverse = np.diag(self.solve(np.eye(len(self))))
        return self.y - self.alpha / inverse, self.scale2 / inverse


def _spread2(y: FloatArray) -> float:
    """Return the variance of targets about zero, never quite zero."""
    return max(float((y * y).sum()) / len(y), 1e-12) if len(y) else 1.0


def _factor(x: FloatArray, classes: NDArray[np.int64], extra: FloatArray, hyper: Hyper) -> FloatArray:
    """Return the lower Cholesky factor of the covariance of all observations, shape (n, n)."""
    return _factor_of(hyper.kernel.cross(x, x), np.equal.outer(classes, classes), extra, hyper)


def _factor_of(smooth: FloatArray, same: NDArray[np.bool_], extra: FloatArray, hyper: Hyper) -> FloatArray:
    """Return the same from the covariance of the smooth part, (n, n), and who is isomorphic, (n, n)."""
    k = smooth + hyper.nugget * same
    k[np.diag_indices_from(k)] += hyper.noise + extra + JITTER
    return factor_of(k.T)  # symmetric: transposed, it has the order that is overwritten


def log_evidence(factor: FloatArray, y: FloatArray) -> float:
    """Return the log marginal likelihood of targets with the scale profiled out, up to a constant.

    Args:
        factor: lower Cholesky factor of the covariance, (n, n).
        y: targets, (n,).
    """
    white = whiten(factor, y)
    scale2 = (white @ white + 2.0 * _spread2(y)) / (len(y) + 2.0)
    return float(-0.5 * (len(y) + 2.0) * np.log(scale2) - np.log(np.diag(factor)).sum())


def choose(gp: GaussianProcess, lengths: tuple[float, ...], roughness: tuple[float, ...]) -> Hyper:
    """Return the neighbour of the present hyperparameters on the grid that the likelihood likes best.

    Args:
        gp: the process as it is; its hyperparameters are a point of the grid.
        lengths: rising values of the kernel's length.
        roughness: rising values of nugget + noise; their ratio is kept.
    """
    now, total = gp.hyper, gp.hyper.nugget + gp.hyper.noise
    i, j = _nearest(lengths, now.kernel.length), _nearest(roughness, total)
    pairs, same = Pairs.of(gp.x, gp.x), np.equal.outer(gp.classes, gp.classes)
    best, best_evidence = now, -np.inf
    for length in lengths[max(0, i - 1) : i + 2]:
        kernel = replace(now.kernel, length=length)
        smooth = kernel.of(pairs)
        for rough in roughness[max(0, j - 1) : j + 2]:
            hyper = Hyper(kernel, now.nugget * rough / total, now.noise * rough / total)
            evidence = log_evidence(_factor_of(smooth, same, gp.extra, hyper), gp.y)
            if evidence > best_evidence:
                best, best_evidence = hyper, evidence
    return best


def _nearest(grid: tuple[float, ...], value: float) -> int:
    return min(range(len(grid)), key=lambda i: abs(float(np.log(grid[i] / value))))
