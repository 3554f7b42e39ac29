"""Joint draws of a Gaussian process at very many archs: a draw of the prior, corrected by what was observed.

Source: pathwise conditioning (Wilson et al., ICML 2020, arXiv 2002.09309, eq. 9).
"""

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.types import FloatArray
from pmfnas.engine.model.gp import GaussianProcess
from pmfnas.engine.model.kernel import Spectrum


class Paths:
    """Draws paths; keeps what stays as long as the hyperparameters do."""

    def __init__(self, n_features: int, n_waves: int, *, rng: np.random.Generator) -> None:
        self._spectrum = Spectrum.draw(n_features, n_waves, rng=rng)
        self._rng = rng
        self._places: NDArray[np.int64] | None = None
        """Where was drawn last; the prior waves there and covariances with the observations follow."""
        self._basis = np.empty((0, 0))
        self._cross = np.empty((0, 0))  # (n_places, n_seen), and room for more
        self._seen = np.empty((0, 0))  # (n_seen, n_basis) prior waves at the observations

    def forget(self) -> None:
        """Forget what was kept: hyperparameters or observations were changed."""
        self._places = None

    def draw(
        self, gp: GaussianProcess, x: FloatArray, places: NDArray[np.int64], n: int, *, spread: float
    ) -> FloatArray:
        """Return `n` draws of the truth without its nugget at archs never observed, (n_places, n), at scale 1.

        Args:
            gp: the process.
            x: scaled features of all archs.
            places: of the archs among them.
            n: number of draws.
            spread: factor on what a draw deviates from the mean.
        """
        self._look_at(gp, x, places)
        weights = spread * self._rng.standard_normal((self._seen.shape[1], n))
        own = np.sqrt(gp.hyper.nugget) * self._rng.standard_normal((int(gp.classes.max()) + 1, n))[gp.classes]
        noise = np.sqrt(gp.hyper.noise + gp.extra)[:, None] * self._rng.standard_normal((len(gp), n))
        update = gp.solve(gp.y[:, None] / np.sqrt(gp.scale2) - self._seen @ weights - spread * (own + noise))
        return np.asarray(self._basis @ weights + self._cross[:, : len(gp)] @ update)

    def _look_at(self, gp: GaussianProcess, x: FloatArray, places: NDArray[np.int64]) -> None:
        """Have waves and covariances of `places` and the observations; only those of new observations are computed."""
        kernel = gp.hyper.kernel
        if places is not self._places:
            self._places, self._basis = places, kernel.basis(x[places], self._spectrum)
            self._cross = np.empty((len(places), 0))
            self._seen = np.empty((0, self._basis.shape[1]))
        done, n = len(self._seen), len(gp)
        if done == n:
            return
        if n > self._cross.shape[1]:
            wider = np.empty((len(places), 2 * n))
            wider[:, :done] = self._cross[:, :done]
            self._cross = wider
        self._seen = np.vstack([self._seen, kernel.basis(gp.x[done:], self._spectrum)])
        self._cross[:, done:n] = kernel.cross(x[places], gp.x[done:])
