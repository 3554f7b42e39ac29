"""PMF-NAS's predictor with a wrong uncertainty, everything else its own: what does the allocator lose?

    halved, doubled   every std times 0.5 or 2
    constant          every arch the same std, the mean of them: right on the whole, blind to who is uncertain
    shuffled          the std of another arch: the right set, handed out at random

Means, medium scores and the noise of trials stay what they are. What is distorted, by what asks for it:

    posterior   std of archs without a medium score           all four
    final       covariance of the final and medium scores:    all four; correlations are kept
                stds replaced, and the shifts scaled alike
    paths       spread of the draws of Thompson sampling      halved, doubled
    screen      std by which regions are marked               halved, doubled

A factor per arch has no meaning in a joint draw, so constant and shuffled leave the last two as they are. The constant
std of archs never trained is the mean over a fixed sample of the pool at that moment, so that one arch alone is not
called by its own; elsewhere it is the mean over the archs asked about. Shuffling is within the archs asked about, anew
each time; one alone keeps its own. It draws from a child of the run's generator, so that the stream itself stays that
of the full searcher.
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
"""Kind of distortion -> what every std becomes."""

_SAMPLE = 64
"""Archs of the pool whose mean std stands for that of archs never trained."""
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
        self._trained: set[int] = set()  # places
        self._inner = Predictor(archs, settings, rng=rng)

    def tell(self, arch: Arch, level: Level, curve: Curve | None) -> News:
        """Learn from a curve."""
        self._trained.add(self._archs.place(arch))
        return self._inner.tell(arch, level, curve)

    @property
    def standing(self) -> Standing:
        """The medium scores told, in short, as they are."""
        return self._inner.standing

    def posterior(self, places: Sequence[int]) -> Posterior:
        """Return the promises of archs without a medium score, the std distorted at its first reading."""
        found = self._inner.posterior(places)
        return _Wrong(found.mean, lambda: self._wrong(found.std, self._typical(places, found.std)))

    def screen(self, places: NDArray[np.int64], n: int) -> Screened:
        """Return the best of very many archs, their std scaled."""
        found = self._inner.screen(places, n)
        return replace(found, std=self._scale * found.std)

    def paths(self, places: NDArray[np.int64], n: int, *, spread: float = 1.0) -> FloatArray:
        """Return joint draws whose deviation from the mean is scaled."""
        return self._inner.paths(places, n, spread=self._scale * spread)

    def final(self, n: int) -> FinalBelief:
        """Return the belief about the final scores, its means as they are, its covariances distorted."""
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
        """Return the std that all get where it is constant: of archs never trained, the mean of a sample."""
        if self._kind != "constant" or any(place in self._trained for place in places):
            return float(std.mean())
        return float(self._inner.posterior(self._sample).std.mean())

    def _factors(self, cov: FloatArray, order: NDArray[np.int64]) -> FloatArray:
        """Return by what the row of each arch in a covariance (n, n) is scaled, (n,)."""
        std = np.sqrt(np.maximum(np.diag(cov), _LEAST**2))
        return np.asarray(self._wrong(std, float(std.mean()), order) / std)

    def _wrong(self, std: FloatArray, typical: float, order: NDArray[np.int64] | None = None) -> FloatArray:
        """Return the distorted stds, (n,), given a typical one; shuffled into `order`, or anew."""
        if self._kind == "constant":
            return np.full_like(std, typical)
        if self._kind == "shuffled":
            return std[self._order(len(std)) if order is None else order]
        return self._scale * std

    def _order(self, n: int) -> NDArray[np.int64]:
        return self._own_rng.permutation(n) if self._kind == "shuffled" else np.arange(n)


@dataclass(frozen=True)
class _Wrong:
    """Promises whose std is made wrong at its first reading. Fills `pmfnas.engine.ports.Posterior`."""

    mean: FloatArray
    make: Callable[[], FloatArray]

    @cached_property
    def std(self) -> FloatArray:
        """Distorted, (n,)."""
        return self.make()
