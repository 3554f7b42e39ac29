"""PMF-NAS's predictor with a wrong uncertainty and everything else unchanged: what does the allocator lose?

    halved, doubled   every std times 0.5 or 2
    constant          every arch has the mean std: right on average, but equal for all archs
    shuffled          every arch has the std of another arch, chosen at random

Means, medium scores and the noise of trials do not change. The distorted quantities, by method of the predictor:

    posterior   std of archs without a medium score           all four
    final       covariance of the final and medium scores:    all four; correlations are kept
                stds replaced, and the shifts scaled alike
    paths       spread of the draws of Thompson sampling      halved, doubled
    screen      std of the screened archs                     halved, doubled

A factor per arch has no meaning in a joint draw, so `constant` and `shuffled` do not change the last two. For untrained
archs the constant std is the current mean over a fixed sample of the pool, so that a query for a single arch does not
return that arch's own std. For other queries it is the mean over the queried archs. Shuffling permutes the stds of the
queried archs, with a new permutation in each query; a single arch keeps its own std. Shuffling draws from a child of
the run's generator, so that the run's random stream stays that of the full searcher.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import InputError
from pmfnas.core.types import Arch, Curve, FloatArray
from pmfnas.engine.ladder import Level
from pmfnas.engine.model.transfer import FinalBelief
from pmfnas.engine.ports import Features, News, Posterior, Screened, Standing
from pmfnas.engine.predictor import Predictor
from pmfnas.engine.settings import Settings

SCALES: Mapping[str, float] = MappingProxyType({"halved": 0.5, "doubled": 2.0})
KINDS: Mapping[str, str] = MappingProxyType(
    {"halved": "times 0.5", "doubled": "times 2", "constant": "its mean", "shuffled": "another arch's"}
)
"""Kind of distortion -> its effect on every std, in words."""

_SAMPLE = 64
"""Number of pool archs whose mean std is the constant std of untrained archs."""
_LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class Distorting:
    """Makes predictors with a wrong uncertainty. Fills `pmfnas.engine.ports.PredictorFactory`."""

    kind: str
    """One of `KINDS`."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"kind is {self.kind!r}, but must be one of: {', '.join(KINDS)}")

    def __call__(self, archs: Features, settings: Settings, *, rng: np.random.Generator) -> "Distorted":
        """Return the predictor of a run."""
        return Distorted(self.kind, archs, settings, rng=rng)


class Distorted:
    """A predictor with a wrong uncertainty. Fills `pmfnas.engine.ports.SearchPredictor`."""

    def __init__(self, kind: str, archs: Features, settings: Settings, *, rng: np.random.Generator) -> None:
        self._kind, self._scale, self._archs = kind, SCALES.get(kind, 1.0), archs
        self._own_rng = rng.spawn(1)[0]
        self._sample = self._own_rng.permutation(len(archs.x))[:_SAMPLE].tolist()
        self._trained: set[int] = set()  # places in the pool
        self._inner = Predictor(archs, settings, rng=rng)

    def tell(self, arch: Arch, level: Level, curve: Curve | None) -> News:
        """Learn from a curve."""
        self._trained.add(self._archs.place(arch))
        return self._inner.tell(arch, level, curve)

    @property
    def standing(self) -> Standing:
        """Summary of the medium scores, unchanged."""
        return self._inner.standing

    def posterior(self, places: Sequence[int]) -> Posterior:
        """Return the promises of archs without a medium score; the std is distorted on first access."""
        found = self._inner.posterior(places)
        return _Wrong(found.mean, lambda: self._wrong(found.std, self._typical(places, found.std)))

    def screen(self, places: NDArray[np.int64], n: int) -> Screened:
        """Return the best of very many archs, with scaled std."""
        found = self._inner.screen(places, n)
        return replace(found, std=self._scale * found.std)

    def paths(self, places: NDArray[np.int64], n: int, *, spread: float = 1.0) -> FloatArray:
        """Return joint draws with a scaled deviation from the mean."""
        return self._inner.paths(places, n, spread=self._scale * spread)

    def final(self, n: int) -> FinalBelief:
        """Return the belief about the final scores, with unchanged means and distorted covariances."""
        belief = self._inner.final(n)
        k = len(belief.archs)
        if not k:
            return belief
        order, shifts = self._order(k), np.full(2, self._scale)
        medium = self._factors(belief.medium_cov, order)
        factors = np.append(self._factors(belief.joint[:k, :k], order), shifts)
        return replace(
            belief,
            joint=belief.joint * np.outer(factors, factors),
            medium_cov=belief.medium_cov * np.outer(medium, medium),
        )

    def _typical(self, places: Sequence[int], std: FloatArray) -> float:
        """Return the std for the kind `constant`: the mean of `std`, or for untrained archs the mean of a sample."""
        if self._kind != "constant" or any(place in self._trained for place in places):
            return float(std.mean())
        return float(self._inner.posterior(self._sample).std.mean())

    def _factors(self, cov: FloatArray, order: NDArray[np.int64]) -> FloatArray:
        """Return the factor (n,) of each arch's row and column in a covariance (n, n)."""
        std = np.sqrt(np.maximum(np.diag(cov), _LEAST**2))
        return np.asarray(self._wrong(std, float(std.mean()), order) / std)

    def _wrong(self, std: FloatArray, typical: float, order: NDArray[np.int64] | None = None) -> FloatArray:
        """Return the distorted stds (n,): all `typical`, permuted by `order` (None draws a new one), or scaled."""
        if self._kind == "constant":
            return np.full_like(std, typical)
        if self._kind == "shuffled":
            return std[self._order(len(std)) if order is None else order]
        return self._scale * std

    def _order(self, n: int) -> NDArray[np.int64]:
        return self._own_rng.permutation(n) if self._kind == "shuffled" else np.arange(n)


@dataclass(frozen=True)
class _Wrong:
    """Promises whose std is distorted on first access. Fills `pmfnas.engine.ports.Posterior`."""

    mean: FloatArray
    make: Callable[[], FloatArray]

    @cached_property
    def std(self) -> FloatArray:
        """Distorted std, (n,)."""
        return self.make()
