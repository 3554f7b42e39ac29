"""Kernel density estimation over categorical positions.

    p(x) = 1/n sum_i prod_d K_d(x_d, x_id),   K_d(a, b) = 1 - h_d if a = b, else h_d / (k_d - 1)

K is the kernel of Aitchison and Aitken (Biometrika 1976), h_d the bandwidth of position d with k_d choices. For h_d
near 0 the density is that of the data; at (k_d - 1) / k_d it is uniform; above, it favours unobserved choices.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.types import FloatArray

Spread: TypeAlias = Literal["differ", "index"]


@dataclass(frozen=True, slots=True)
class CategoricalKde:
    """A density over archs."""

    archs: NDArray[np.int64]  # (n_archs, n_positions)
    bandwidths: FloatArray  # (n_positions,)
    cardinalities: NDArray[np.int64]  # (n_positions,)
    kernels: tuple[FloatArray, ...]
    """Per position, the kernel between each choice and each of `archs`: (n_choices, n_archs)."""

    def density(self, archs: NDArray[np.int64]) -> FloatArray:
        """Return the density at each arch of `archs`, (n_points, n_positions), as shape (n_points,)."""
        product = np.ones((len(archs), len(self.archs)))
        for choices, kernel in zip(archs.T, self.kernels, strict=True):
            product *= kernel[choices]
        return np.asarray(product.mean(axis=1))

    def sample(self, n: int, *, widen: float = 1.0, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return `n` draws, shape (n, n_positions). Bandwidths are multiplied by `widen`, at most up to uniform."""
        kept = self.archs[rng.integers(len(self.archs), size=n)]
        moves = rng.random(kept.shape) < np.minimum(self.bandwidths * widen, uniform(self.cardinalities))
        step = rng.integers(1, np.maximum(2, self.cardinalities), size=kept.shape)  # to one of the other choices
        return np.where(moves, (kept + step) % self.cardinalities, kept)


def fit(
    archs: NDArray[np.int64], cardinalities: Sequence[int], *, min_bandwidth: float, spread: Spread = "differ"
) -> CategoricalKde:
    """Return the density of `archs`, shape (n_archs, n_positions). Bandwidths follow the normal reference rule.

    h_d = 1.06 s_d n^(-1 / (4 + n_positions)) (Scott 1992).

    Args:
        archs: at least one arch.
        cardinalities: choices per position.
        min_bandwidth: smallest bandwidth; if positive, the probability of every choice is positive.
        spread: meaning of s_d. `differ`: the probability that two values of the position differ; h_d is at most
            uniform. `index`: the standard deviation of the category numbers, as if they were ordered, with no upper
            limit on h_d, as in statsmodels.
    """
    n_choices = np.asarray(cardinalities, dtype=np.int64)
    n_archs, n_positions = archs.shape
    factor = 1.06 * n_archs ** (-1 / (4 + n_positions))
    if spread == "index":
        bandwidths = np.maximum(factor * np.std(archs, axis=0), min_bandwidth)
    else:
        limit = uniform(n_choices)
        bandwidths = np.clip(factor * _differing(archs, n_choices), np.minimum(min_bandwidth, limit), limit)
    kernels = (_kernel(column, h, k) for column, h, k in zip(archs.T, bandwidths, cardinalities, strict=True))
    return CategoricalKde(archs, bandwidths, n_choices, tuple(kernels))


def uniform(cardinalities: NDArray[np.int64]) -> FloatArray:
    """Return the bandwidths of the uniform density, shape (n_positions,)."""
    return np.asarray((cardinalities - 1) / cardinalities)


def _kernel(column: NDArray[np.int64], bandwidth: float, n_choices: int) -> FloatArray:
    """Return K between each choice and each value of a position, shape (n_choices, n_archs)."""
    same = np.arange(n_choices)[:, None] == column
    return np.where(same, 1.0 - bandwidth, bandwidth / max(1, n_choices - 1))


def _differing(archs: NDArray[np.int64], cardinalities: NDArray[np.int64]) -> FloatArray:
    """Return the probability that two values of a position differ, shape (n_positions,)."""
    choices = np.arange(int(cardinalities.max()))
    shares = (archs[:, :, None] == choices).mean(axis=0)  # (n_positions, n_choices)
    return np.asarray(1.0 - (shares**2).sum(axis=1))
