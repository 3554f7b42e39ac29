"""PMF-NAS with an expectation from earlier searches, which its own scores confirm or overrule.

Stage 1 starts every second arch among those of which most is expected, as long as the expectation is trusted. For
archs without a medium score, the expectation counts as one more noisy observation of it:

    score of arch a = level + slope * expected(a) + noise

Level, slope and noise are those of the run's own medium scores. The slope is trust * spread of the scores / spread of
what was expected of them. Trust is the rank correlation of expectation and scores, of early curves too, pulled towards
what the earlier searches say of themselves. Where it is not positive, the expectation is ignored.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Curve, Fidelities, FloatArray
from pmfnas.engine.choices import Choice, Choices
from pmfnas.engine.ladder import Level
from pmfnas.engine.model import curves
from pmfnas.engine.parts import WHOLE, Parts
from pmfnas.engine.ports import Features, News, Posterior, Promises, Screened, SearchPredictor, Standing
from pmfnas.engine.predictor import Predictor
from pmfnas.engine.record import State
from pmfnas.engine.searcher import PmfNas
from pmfnas.engine.settings import Settings
from pmfnas.engine.stages.explore import Explore
from pmfnas.engine.stages.searching import Searching
from pmfnas.problem.earlier import Earlier

_DECLARED = 0.7
"""Trust before any score, as a share of the reliability of the earlier searches."""
_WEIGHT = 4.0
"""Weight of that trust, in scores."""
_LEAST_TRUST = 0.05
"""Below it the expectation is ignored."""
_MOST_TRUST = 0.95
_FEW = 3
"""Medium scores before level and spread of the scores are known."""
_LEAST_SPREAD = 0.3
"""Of what is expected of the archs with a score; less would make of nothing a steep slope."""
_CANDIDATES = 16
"""Free archs of which most is expected; the one farthest from all that were started is started."""


def warm_pmf_nas(
    space: Space,
    fidelities: Fidelities,
    budget_s: float,
    n_workers: int,
    *,
    rng: np.random.Generator,
    settings: Settings,
    parts: Parts = WHOLE,
    earlier: Earlier,
) -> PmfNas:
    """Return PMF-NAS that begins with what `earlier` expects."""
    prior = Prior(earlier)

    def predictor(archs: Features, settings: Settings, *, rng: np.random.Generator) -> SearchPredictor:
        prior.archs = archs.archs
        return WarmPredictor(Predictor(archs, settings, rng=rng), archs, prior)

    explore: Any = partial(WarmExplore, prior=prior)  # has what the allocator asks of `Explore`
    parts = replace(parts, explore=explore)
    return PmfNas(space, fidelities, budget_s, n_workers, rng=rng, settings=settings, predictor=predictor, parts=parts)


class Prior:
    """What is expected of the archs of a run, and how far that is trusted."""

    def __init__(self, earlier: Earlier) -> None:
        self._earlier = earlier
        self.archs: list[Arch] = []
        """Of the pool, which grows."""
        self._expected = np.empty(0)  # (n_pool,)
        self._told: dict[Level, tuple[list[int], list[float]]] = {Level.LOW: ([], []), Level.MEDIUM: ([], [])}

    def expected(self, places: Sequence[int] | NDArray[np.int64]) -> FloatArray:
        """Return what is expected of the archs at `places`, (n,)."""
        if len(self._expected) < len(self.archs):
            new = self._earlier.expected(self.archs[len(self._expected) :])
            self._expected = np.append(self._expected, new)
        return self._expected[np.asarray(places, dtype=np.int64)]

    def tell(self, place: int, level: Level, score: float) -> None:
        """Compare the expectation with a score, log odds."""
        if level in self._told and np.isfinite(score):
            places, scores = self._told[level]
            places.append(place)
            scores.append(score)

    @property
    def trust(self) -> float:
        """How far the expectation is trusted, from 0 to 1."""
        weight, total = _WEIGHT, _WEIGHT * _DECLARED * self._earlier.reliability
        for places, scores in self._told.values():
            if len(places) >= _FEW:
                weight, total = weight + len(places), total + len(places) * _correlation(self.expected(places), scores)
        trust = total / weight
        return min(trust, _MOST_TRUST) if trust > _LEAST_TRUST else 0.0

    def observation(self, places: Sequence[int] | NDArray[np.int64]) -> tuple[FloatArray, float] | None:
        """Return the medium scores to expect at `places`, (n,), and their noise variance; None where not trusted."""
        trust, (seen, scores) = self.trust, self._told[Level.MEDIUM]
        if trust <= 0.0 or len(seen) < _FEW:
            return None
        y, x = np.array(scores), self.expected(seen)
        spread = float(y.std())
        slope = trust * spread / max(float(x.std()), _LEAST_SPREAD)
        noise2 = (1.0 - trust**2) * spread**2 * (1.0 + 2.0 / len(seen)) + 1e-9
        return y.mean() + slope * (self.expected(places) - x.mean()), noise2


def _correlation(expected: FloatArray, scores: Sequence[float]) -> float:
    """Return the rank correlation; 0 where one of both is constant."""
    a, b = rankdata(expected), rankdata(scores)
    return float(np.corrcoef(a, b)[0, 1]) if np.ptp(a) > 0 and np.ptp(b) > 0 else 0.0


class WarmPredictor:
    """A predictor that takes the expectation as one more observation. Fills `pmfnas.engine.ports.SearchPredictor`."""

    def __init__(self, inner: SearchPredictor, archs: Features, prior: Prior) -> None:
        self._inner, self._archs, self._prior = inner, archs, prior
        self.final = inner.final

    @property
    def standing(self) -> Standing:
        """The medium scores told, in short."""
        return self._inner.standing

    def tell(self, arch: Arch, level: Level, curve: Curve | None) -> News:
        """Learn from a curve, and compare the expectation with it."""
        if curve is not None:
            self._prior.tell(self._archs.place(arch), level, curves.score(curve))
        return self._inner.tell(arch, level, curve)

    def posterior(self, places: Sequence[int]) -> Posterior:
        """Return the promises of archs without a medium score."""
        found = self._inner.posterior(places)
        mean, std, _ = self._combined(places, found.mean, found.std)
        return Promises(mean, std)

    def screen(self, places: NDArray[np.int64], n: int) -> Screened:
        """Return the `n` best means among those that the process or the expectation finds best."""
        found = self._inner.screen(places, n)
        if self._prior.observation(places[:1]) is None:
            return found
        hoped = places[np.argsort(-self._prior.expected(places), kind="stable")[:n]]
        wide = np.union1d(found.places, hoped)
        found, level = self._inner.screen(wide, len(wide)), self.standing.level
        mean, std, _ = self._combined(found.places, found.mean + level, found.std)
        best = np.argsort(-mean, kind="stable")[:n]
        return Screened(found.places[best], mean[best] - level, std[best])

    def paths(self, places: NDArray[np.int64], n: int, *, spread: float = 1.0) -> FloatArray:
        """Return `n` joint draws of the promises, up to scale and level."""
        drawn = self._inner.paths(places, n, spread=spread)
        if self._prior.observation(places[:1]) is None:
            return drawn
        line, found = self._inner.paths(places, 1, spread=0.0), self._inner.posterior(places.tolist())
        scale = float(found.mean.std() / max(float(line.std()), 1e-12)) or 1.0
        mean, _, kept = self._combined(places, found.mean, found.std)
        return np.asarray(mean[:, None] / scale + np.sqrt(kept)[:, None] * (drawn - line))

    def _combined(
        self, places: Sequence[int] | NDArray[np.int64], mean: FloatArray, std: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return means and standard deviations after the expectation, and which share of the variances is left."""
        observed = self._prior.observation(places)
        if observed is None:
            return mean, std, np.ones(len(mean))
        value, noise2 = observed
        kept = noise2 / (std**2 + noise2)
        return kept * mean + (1.0 - kept) * value, std * np.sqrt(kept), kept


class WarmExplore:
    """Stage 1 that starts every second arch among those of which most is expected."""

    def __init__(
        self,
        choices: Choices,
        searching: Searching,
        propose: Callable[[int], list[int]],
        settings: Settings,
        budget_s: float,
        *,
        rng: np.random.Generator,
        prior: Prior,
    ) -> None:
        self._inner = Explore(choices, searching, propose, settings, budget_s, rng=rng)
        self.over = self._inner.over
        self._choices, self._searching, self._settings, self._prior = choices, searching, settings, prior

    def next(self, state: State, remaining_s: float) -> Choice | None:
        """Return the next choice."""
        n_started = state.record.n_started
        if n_started < self._settings.explore_low and n_started % 2 == 0 and self._prior.trust > 0.0:
            place = self._hoped(state)
            choice = self._choices.starts([place])[0] if place is not None else None
            begun = self._searching.start(state, place, choice, remaining_s) if place is not None and choice else None
            if begun is not None:
                return begun
        return self._inner.next(state, remaining_s)

    def _hoped(self, state: State) -> int | None:
        """Return a free place of which much is expected."""
        pool = state.pool
        free = np.flatnonzero(pool.free)
        if not len(free):
            return None
        best = free[np.argsort(-self._prior.expected(free), kind="stable")[:_CANDIDATES]]
        if not pool.started:
            return int(best[0])
        gaps = ((pool.x[best][:, None, :] - pool.x[pool.started][None, :, :]) ** 2).sum(axis=2).min(axis=1)
        return int(best[gaps.argmax()])
