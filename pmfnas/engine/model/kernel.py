"""Covariance between archs, and random features whose linear combinations are draws from its prior.

    k(x, x') = c0 + c1 x.x' + matern52(|x - x'| / length)

A constant, a linear trend and a smooth remainder, all in units of the smooth part's variance. Features are
scaled over the pool to mean 0 and to a mean squared length of 1, so `length` is comparable between spaces.
"""

from dataclasses import dataclass

import numpy as np

from pmfnas.core.types import FloatArray

_ROOT5 = 5.0**0.5


@dataclass(frozen=True, slots=True)
class Kernel:
    """The covariance of the smooth truth of two archs."""

    length: float
    """Distance over which the smooth part forgets; the mean squared distance within the pool is 2."""
    linear: float
    """Variance of the linear trend's slope, c1."""
    constant: float
    """Variance of the mean, c0."""

    def cross(self, a: FloatArray, b: FloatArray, known: tuple[FloatArray, FloatArray] | None = None) -> FloatArray:
        """Return the covariances of scaled features (n, d) and (m, d), shape (n, m).

        Args:
            a: features of n archs.
            b: features of m archs.
            known: the `squares` of both, where they are at hand.
        """
        return self.of(Pairs.of(a, b, known))

    def of(self, pairs: "Pairs") -> FloatArray:
        """Return the covariances of pairs of archs, (n, m)."""
        cov = _matern(pairs.distance * (_ROOT5 / self.length))
        cov += self.linear * pairs.dot
        cov += self.constant
        return cov

    def own(self, square: FloatArray) -> FloatArray:
        """Return the prior variances of archs from the `squares` of their scaled features, (n,)."""
        return np.asarray(1.0 + self.linear * square + self.constant)

    def basis(self, a: FloatArray, spectrum: "Spectrum") -> FloatArray:
        """Return features (n, n_basis) whose product with standard normal weights is a draw of the prior.

        Source: random Fourier features (Rahimi and Recht, NeurIPS 2007, algorithm 1).
        """
        waves = a @ (spectrum.directions / self.length) + spectrum.phases
        smooth = np.cos(waves, out=waves)
        smooth *= np.sqrt(2.0 / len(spectrum.phases))
        constant = np.full((len(a), 1), np.sqrt(self.constant))
        return np.hstack([smooth, np.sqrt(self.linear) * a, constant]).astype(a.dtype)


@dataclass(frozen=True, slots=True)
class Pairs:
    """What the covariances of pairs of archs are made of, whatever the hyperparameters."""

    dot: FloatArray  # (n, m) scalar products of scaled features
    distance: FloatArray  # (n, m)

    @classmethod
    def of(cls, a: FloatArray, b: FloatArray, known: tuple[FloatArray, FloatArray] | None = None) -> "Pairs":
        """Return all pairs of scaled features (n, d) and (m, d), whose `squares` may be known."""
        dot = a @ b.T
        square = np.add.outer(*(known or (squares(a), squares(b))))
        square -= 2.0 * dot
        np.maximum(square, 0.0, out=square)
        return cls(dot, np.sqrt(square, out=square))


def _matern(r: FloatArray) -> FloatArray:
    """Return the covariance of the smooth part at scaled distances, which are overwritten."""
    cov = 1.0 + r
    square = r * r
    square /= 3.0
    cov += square
    np.negative(r, out=r)
    cov *= np.exp(r, out=r)
    return cov


def squares(a: FloatArray) -> FloatArray:
    """Return the squared lengths of scaled features (n, d), shape (n,)."""
    return np.asarray((a * a).sum(axis=1))


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Random frequencies of the Matern-5/2 kernel: a multivariate t distribution with 5 degrees of freedom."""

    directions: FloatArray  # (d, n_waves), for length 1
    phases: FloatArray  # (n_waves,)

    @classmethod
    def draw(cls, n_features: int, n_waves: int, *, rng: np.random.Generator) -> "Spectrum":
        """Return `n_waves` random frequencies."""
        normal = rng.standard_normal((n_features, n_waves))
        heavy = np.sqrt(5.0 / rng.chisquare(5.0, n_waves))
        return cls(normal * heavy, rng.uniform(0.0, 2.0 * np.pi, n_waves))


@dataclass(frozen=True, slots=True)
class Scaling:
    """How raw features become scaled ones."""

    mean: FloatArray  # (d_raw,)
    kept: FloatArray  # (d_raw,) reciprocal scale, 0 for a constant feature

    @classmethod
    def of(cls, raw: FloatArray) -> "Scaling":
        """Return the scaling that gives `raw` (n, d) mean 0 and a mean squared row length of 1.

        Columns get unit variance, but counts that rarely differ keep theirs: a column that is 1 for one arch in a
        hundred would else set that arch ten times as far apart as a frequent one.
        """
        std = raw.std(axis=0)
        varies = std > 1e-9 * np.maximum(1.0, np.abs(raw).max(axis=0, initial=0.0))
        rare_count = (raw == np.round(raw)).all(axis=0) & (std < 1.0)
        kept = np.where(varies, 1.0 / np.where(varies, np.where(rare_count, 1.0, std), 1.0), 0.0)
        return cls(raw.mean(axis=0), kept / np.sqrt(max(float(((std * kept) ** 2).sum()), 1e-12)))

    def apply(self, raw: FloatArray) -> FloatArray:
        """Return the scaled features, same shape."""
        return np.asarray((raw - self.mean) * self.kept)
