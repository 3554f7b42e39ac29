"""What takes the place of a part that an ablation leaves out: one of `settings.PARTS`, named in `Settings.without`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.types import Arch, Curve, FloatArray
from pmfnas.engine.choices import Batch, Choice
from pmfnas.engine.ladder import Level
from pmfnas.engine.parts import Parts
from pmfnas.engine.ports import News, Posterior, Promises, Screened, SearchPredictor, Standing
from pmfnas.engine.proposals import Regions, at_random
from pmfnas.engine.record import State
from pmfnas.engine.stages.explore import Explore
from pmfnas.engine.stages.refine import Refine, Review

_SURE = 1e-6
"""What remains of the uncertainty where it is left out."""
_FIXED_SHARE = 0.3
"""Share of the budget that goes to refinement where the allocation is fixed."""
_FIXED_BATCH = 8
"""Size of its first batch."""


def parts_without(parts: Parts, left_out: frozenset[str]) -> Parts:
    """Return `parts` with those named in `left_out`, of `settings.PARTS`, replaced."""
    for name, change in _WITHOUT.items():
        parts = change(parts) if name in left_out else parts
    return parts


# -- uncertainty, curves ----------------------------------------------------------------------------------


class Sure:
    """A predictor that is sure of what it says of archs without a medium score. Stage 3 keeps its uncertainty."""

    def __init__(self, inner: SearchPredictor) -> None:
        self._inner = inner
        self.tell, self.final = inner.tell, inner.final

    @property
    def standing(self) -> Standing:
        """The medium scores told, in short."""
        return self._inner.standing

    def posterior(self, places: Sequence[int]) -> Posterior:
        """Return the promises, each with next to no std."""
        found = self._inner.posterior(places)
        return Promises(found.mean, _SURE * found.std)

    def screen(self, places: NDArray[np.int64], n: int) -> Screened:
        """Return the best means, each with next to no std."""
        found = self._inner.screen(places, n)
        return replace(found, std=_SURE * found.std)

    def paths(self, places: NDArray[np.int64], n: int, *, spread: float = 1.0) -> FloatArray:
        """Return the mean as every draw."""
        return self._inner.paths(places, n, spread=0.0 * spread)


class Deaf:
    """A predictor that is told no early curve."""

    def __init__(self, inner: SearchPredictor) -> None:
        self._inner = inner
        self.posterior, self.screen, self.final, self.paths = inner.posterior, inner.screen, inner.final, inner.paths

    @property
    def standing(self) -> Standing:
        """The medium scores told, in short."""
        return self._inner.standing

    def tell(self, arch: Arch, level: Level, curve: Curve | None) -> News:
        """Pass on what did not end at the low level."""
        return News() if level is Level.LOW and curve is not None else self._inner.tell(arch, level, curve)


# -- which archs to start and to continue -----------------------------------------------------------------


def greedy(regions: Regions, predictor: SearchPredictor, n: int, *, rng: np.random.Generator) -> list[int]:
    """Return the free places of the `n` best means within the regions; random ones before these are marked."""
    is_free = regions.is_free
    if not regions.marked or not is_free.any():
        return at_random(regions, predictor, n, rng=rng)
    mean = predictor.paths(regions.places, 1)[is_free, 0]
    return [int(place) for place in regions.places[is_free][np.argsort(-mean, kind="stable")[:n]]]


def anywhere(regions: Regions, predictor: SearchPredictor, n: int, *, rng: np.random.Generator) -> list[int]:
    """Return up to `n` random free places of the pool."""
    del predictor
    return [int(place) for place in rng.permutation(np.flatnonzero(regions.pool.free))[:n]]


def by_mean(choice: Choice) -> tuple[float, float]:
    """Rank by predicted mean."""
    return -choice.mean, 0.0


# -- a fixed allocation -----------------------------------------------------------------------------------


def at_its_number(rates: Callable[[], tuple[float, float]], patience: float) -> str:
    """Return that stage 1 is over as soon as its archs are trained."""
    del rates, patience
    return "its fixed number of archs has been trained"


def fixed_batches(review: Review) -> Batch | None:
    """Return the largest affordable batch up to a fixed size once a fixed share of the budget is left.

    Probes come first, then full trainings one by one; nothing is trained again.
    """
    fits = [b for b in review.batches if len(b.requests) <= _FIXED_BATCH and b.action != "replicate"]
    if review.share_left > _FIXED_SHARE:
        return None
    if not review.is_first:
        fits = [b for b in fits if b.action != "probe" and len(b.requests) == 1]
    return max(fits, key=lambda b: len(b.requests), default=None)


# -- the pick ---------------------------------------------------------------------------------------------


def by_best_value(state: State) -> Sequence[Arch]:
    """Rank by the best value seen: full trainings first, then medium scores."""
    best, lost = state.record.best, state.record.lost
    return sorted(best.keys() - lost, key=lambda arch: (best[arch], arch), reverse=True)


_WITHOUT: Mapping[str, Callable[[Parts], Parts]] = MappingProxyType(
    {
        "adaptive": lambda parts: replace(
            parts, explore=partial(Explore, ending=at_its_number), refine=partial(Refine, rule=fixed_batches)
        ),
        "curves": lambda parts: replace(parts, probes=False, around=(*parts.around, Deaf)),
        "uncertainty": lambda parts: replace(parts, propose=greedy, around=(*parts.around, Sure)),
        "potential": lambda parts: replace(parts, propose=at_random, ranking=by_mean),
        "architecture": lambda parts: replace(
            parts, propose=at_random, believes=False, view=replace(parts.view, structure=False)
        ),
        "region": lambda parts: replace(parts, propose=anywhere),
        "capacity": lambda parts: replace(parts, believes=False, view=replace(parts.view, sizes=False)),
        "canonical": lambda parts: replace(parts, view=replace(parts.view, isomorphs=False)),
        "explore": lambda parts: replace(parts, explore=None),
        "refine": lambda parts: replace(parts, refine=None),
        "posterior_pick": lambda parts: replace(parts, pick=by_best_value),
    }
)
"""In the order in which they are applied: where two exchange the same part, the later one holds."""
