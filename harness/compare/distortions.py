"""PMF-NAS's predictor with a wrong uncertainty, everything else its own: what does the allocator lose?

    halved, doubled   every std times 0.5 or 2
    constant          every arch the same std, the mean of them: right on the whole, blind to who is uncertain
    shuffled          the std of another arch: the right set, handed out at random

Means, medium scores and the noise of trials stay what they are. What is distorted, by what asks for it:

    unseen      std of archs never trained                    all four
    early       std of archs with an early curve              all four
    final       covariance of the final and medium scores:    all four; correlations are kept
                stds replaced, and the shifts scaled alike
    propose     spread of the draws of Thompson sampling      halved, doubled: exactly; constant, shuffled: not
    regions     the quantile that marks them                  halved, doubled: exactly; constant, shuffled: not

The last two happen inside the predictor. Its draws are linear in the standard normals that it takes, and the quantile
is so many stds above the mean, so a common factor can be handed in with its generator and its settings; a factor per
arch cannot. The constant std of archs never trained is the mean over a fixed sample of the pool at that moment, so that
one arch alone is not called by its own; elsewhere it is the mean over the archs asked about. Shuffling is within the
archs asked about, anew each time; one alone keeps its own. It draws from a child of the run's generator, so that the
stream itself stays that of the full searcher.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import InputError
from pmfnas.core.types import Arch, FloatArray
from pmfnas.engine.pool import Pool
from pmfnas.engine.predictor import Predictor
from pmfnas.engine.settings import Settings
from pmfnas.engine.transfer import FinalBelief

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

    def __call__(self, pool: Pool, settings: Settings, *, rng: np.random.Generator) -> "Distorted":
        """Return the predictor of a run."""
        return Distorted(self.kind, pool, settings, rng=rng)


class Distorted:
    """A predictor with a wrong uncertainty. Fills `pmfnas.engine.ports.SearchPredictor`."""

    def __init__(self, kind: str, pool: Pool, settings: Settings, *, rng: np.random.Generator) -> None:
        self._kind, self._scale = kind, SCALES.get(kind, 1.0)
        self._own_rng = rng.spawn(1)[0]
        self._sample = self._own_rng.permutation(len(pool))[:_SAMPLE].tolist()
        normals = _ScaledNormals(rng)
        wide = replace(settings, region_quantile=self._scale * settings.region_quantile)
        inner = Predictor(pool, wide, rng=cast(np.random.Generator, normals))
        normals.scale = self._scale  # only now: the process's own waves are not the uncertainty
        self._inner = inner
        self.tell_low, self.tell_medium, self.tell_probe = inner.tell_low, inner.tell_medium, inner.tell_probe
        self.tell_high, self.tell_diverged, self.note_start = inner.tell_high, inner.tell_diverged, inner.note_start
        self.refresh, self.propose = inner.refresh, inner.propose
        self.best_promise, self.latest_promise = inner.best_promise, inner.latest_promise
        self.by_plain_rule, self.by_early_curve = inner.by_plain_rule, inner.by_early_curve

    @property
    def started(self) -> FloatArray:
        """Scaled features of the archs that were started, (n_started, d)."""
        return self._inner.started

    @property
    def n_medium(self) -> int:
        """Number of medium scores."""
        return self._inner.n_medium

    @property
    def trial_noise2(self) -> float:
        """Variance of one medium trial's noise, as it is."""
        return self._inner.trial_noise2

    def unseen(self, places: Sequence[int]) -> tuple[FloatArray, FloatArray]:
        """Return mean and distorted std of archs never trained, (n,) each."""
        mean, std = self._inner.unseen(places)
        typical = float(self._inner.unseen(self._sample)[1].mean()) if self._kind == "constant" else np.nan
        return mean, self._wrong(std, typical, self._order(len(std)))

    def early(self, archs: list[Arch]) -> tuple[FloatArray, FloatArray]:
        """Return mean and distorted std of archs with an early curve, (n,) each."""
        mean, std = self._inner.early(archs)
        return mean, self._wrong(std, float(std.mean()), self._order(len(std)))

    def final(self, n: int) -> FinalBelief:
        """Return the belief about the final scores, its means as they are, its covariances distorted."""
        belief = self._inner.final(n)
        k = len(belief.archs)
        if not k:
            return belief
        order = self._order(k)
        medium, shifts = self._factors(belief.medium_cov, order), np.full(2, self._scale)
        factors = np.append(self._factors(belief.joint[:k, :k], order), shifts)
        return replace(
            belief,
            joint=belief.joint * np.outer(factors, factors),
            medium_cov=belief.medium_cov * np.outer(medium, medium),
        )

    def _factors(self, cov: FloatArray, order: NDArray[np.int64]) -> FloatArray:
        """Return by what the row of each arch in a covariance (n, n) is scaled, (n,)."""
        std = np.sqrt(np.maximum(np.diag(cov), _LEAST**2))
        return np.asarray(self._wrong(std, float(std.mean()), order) / std)

    def _wrong(self, std: FloatArray, typical: float, order: NDArray[np.int64]) -> FloatArray:
        """Return the distorted stds, (n,), given a typical one and the order of a shuffle."""
        if self._kind == "constant":
            return np.full_like(std, typical)
        return std[order] if self._kind == "shuffled" else self._scale * std

    def _order(self, n: int) -> NDArray[np.int64]:
        return self._own_rng.permutation(n) if self._kind == "shuffled" else np.arange(n)


class _ScaledNormals:
    """A generator whose standard normals are scaled; as much of one as a predictor uses."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.scale = 1.0
        self.permutation, self.uniform, self.chisquare = rng.permutation, rng.uniform, rng.chisquare
        self._rng = rng

    def standard_normal(self, size: Any) -> FloatArray:
        """Return draws of mean 0 and standard deviation `scale`."""
        return np.asarray(self.scale * self._rng.standard_normal(size))
