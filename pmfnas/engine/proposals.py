"""Which archs to start: archs that cover the space, and archs drawn from regions that could hold the best.

A region is the set of free archs whose upper quantile still reaches the best promise known: a level set of the
posterior, which need not be connected.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.types import Arch
from pmfnas.engine.model.arrays import highest
from pmfnas.engine.pool import Pool
from pmfnas.engine.ports import SearchPredictor
from pmfnas.engine.settings import Settings

_WIDE = 2000
"""Archs of the pool, best means first, whose uncertainty is looked at when regions are marked."""


def spread(pool: Pool, n_tried: int, belief: float, *, rng: np.random.Generator) -> int | None:
    """Return the place of the one among `n_tried` free archs that is farthest from all that were started.

    Those tried are random where `belief` is 0; else the best of a random score that correlates so much with
    capacity. Source: best-candidate sampling (Mitchell, SIGGRAPH 1991).
    """
    places = np.flatnonzero(pool.free)
    if not len(places):
        return None
    score = belief * pool.capacity[places] + np.sqrt(1.0 - belief**2) * rng.standard_normal(len(places))
    places = places[highest(score, n_tried)]
    if not pool.started:
        return int(places[0])
    gaps = ((pool.x[places][:, None, :] - pool.x[pool.started][None, :, :]) ** 2).sum(axis=2).min(axis=1)
    return int(places[gaps.argmax()])


class Regions:
    """The archs that could still be the best, as they were marked last; the whole pool before."""

    def __init__(self, pool: Pool, settings: Settings) -> None:
        self.pool, self._settings = pool, settings
        self.marked = False
        self.places: NDArray[np.int64] = np.arange(len(pool))
        """Places in the pool."""

    @property
    def is_free(self) -> NDArray[np.bool_]:
        """Which of `places` are free, (n_places,)."""
        return self.pool.free[self.places]

    def mark(self, predictor: SearchPredictor, leaders: Sequence[Arch]) -> None:
        """Mark regions anew, in which archs passed over are free again.

        The neighbours of the leaders join a pool that does not hold the whole space.
        """
        self.pool.reopen()
        for arch in leaders:
            self.pool.add_neighbours(arch)
        settings, standing = self._settings, predictor.standing
        best = predictor.screen(np.flatnonzero(self.pool.free), _WIDE)
        upper = best.mean + settings.region_quantile * best.std
        n_reaching = int((upper >= standing.best - standing.level).sum())
        size = int(np.clip(n_reaching, settings.region_min, settings.region_max))
        self.places = best.places[highest(upper, size)]
        self.marked = True


class Propose(Protocol):
    """A rule that says which archs to start."""

    def __call__(self, regions: Regions, predictor: SearchPredictor, n: int, *, rng: np.random.Generator) -> list[int]:
        """Return up to `n` distinct free places of the pool."""
        ...


def thompson(regions: Regions, predictor: SearchPredictor, n: int, *, rng: np.random.Generator) -> list[int]:
    """Return up to `n` free places within the regions, each the best of one joint draw of the posterior.

    Source: Thompson sampling (Biometrika 25, 1933). Random ones before the first regions are marked.
    """
    is_free = regions.is_free
    if not regions.marked or not is_free.any():
        return at_random(regions, predictor, n, rng=rng)
    places, paths = regions.places[is_free], predictor.paths(regions.places, n)[is_free]
    chosen: list[int] = []
    for j in range(min(n, len(places))):
        best = int(np.argmax(paths[:, j]))
        chosen.append(int(places[best]))
        paths[best] = -np.inf
    return chosen


def at_random(regions: Regions, predictor: SearchPredictor, n: int, *, rng: np.random.Generator) -> list[int]:
    """Return up to `n` random free places within the regions, of the whole pool where these are used up."""
    del predictor
    places = regions.places[regions.is_free]
    places = places if len(places) else np.flatnonzero(regions.pool.free)
    return [int(place) for place in rng.permutation(places)[:n]]
