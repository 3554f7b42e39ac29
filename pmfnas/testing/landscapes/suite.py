"""Landscapes on which capacity helps, harms or does not matter, each over a whole space and with a known best.

The quality u of an arch is a weighted sum of two parts of unit variance: g(z), the effect of its capacity z
(standardised log FLOPs), and r, the effect of everything else, which has no linear part in z:

    u = w g(z) + sqrt(1 - w^2) r          rising g = z; reversed g = -z; saturating g = min(z, 0); irrelevant w = 0

r is *smooth*, a sum of long waves over the features of the space, or *rugged*: shorter waves plus noise that does not
depend on the features. The final accuracy is a quantile function of the rank of u, so every landscape of a space has
the same accuracies, and isomorphs share theirs. `reflected` does the same to the final values of a table: there r is
the residual of the regression on capacity, in log odds.

Short schedules are biased by capacity, with the sign of g: they underrate larger archs if capacity helps in the end,
and overrate them if it harms.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import InputError
from pmfnas.core.ports import Space
from pmfnas.core.rng import stream
from pmfnas.core.types import FloatArray
from pmfnas.spaces import CellSpace, SizeSpace
from pmfnas.testing.grid import GridSpace
from pmfnas.testing.landscapes.landscape import Landscape, log_odds

SHAPES: Mapping[str, Callable[[FloatArray], FloatArray]] = MappingProxyType(
    {
        "rising": lambda z: z,
        "reversed": lambda z: -z,
        "saturating": lambda z: np.minimum(z, 0.0),
        "irrelevant": np.zeros_like,
    }
)
"""Shape -> effect g of capacity, which is in standard deviations."""

_WEIGHT = 0.7
"""Absolute correlation of capacity and u in the rising and reversed shapes."""
_BEST_PCT, _FALL_PCT, _BEND = 73.5, 11.0, 0.6
"""Accuracy = best - fall (-log quantile)^bend: small differences at the top, a long tail below."""
_LATE, _UNEVEN = 0.05, 0.03
"""Part of the score that the medium level lacks, log odds: per standard deviation of g, and the spread of the rest."""

SPACES: Mapping[str, Callable[[], Space]] = MappingProxyType(
    {
        "cells": lambda: CellSpace(n_classes=100, image_size=32),
        "grid": lambda: GridSpace((7, 7, 7, 7)),
        "sizes": lambda: SizeSpace(n_classes=100, image_size=32),
    }
)

NAMES = (
    "cells-rising-smooth",
    "cells-reversed-smooth",
    "cells-reversed-rugged",
    "cells-irrelevant-smooth",
    "cells-irrelevant-rugged",
    "cells-saturating-smooth",
    "cells-saturating-rugged",
    "grid-reversed-smooth",
    "grid-reversed-rugged",
    "grid-irrelevant-rugged",
    "grid-saturating-smooth",
    "sizes-reversed-smooth",
    "sizes-saturating-rugged",
)
"""SPACE-SHAPE-SURFACE of every landscape of the suite; any other combination can be made too."""


def landscape(name: str, *, seed: int = 0) -> Landscape:
    """Return the landscape called SPACE-SHAPE-SURFACE; another seed gives another r.

    Raises:
        InputError: the name has another form, or an unknown space, shape or surface.
    """
    space, shape, surface = [*name.split("-"), "", ""][:3]
    if space not in SPACES or shape not in SHAPES or surface not in _SURFACES or name.count("-") != 2:
        choices = (", ".join(each) for each in (SPACES, SHAPES, _SURFACES))
        raise InputError("landscape is {!r}, but must be SPACE-SHAPE-SURFACE of: {}; {}; {}".format(name, *choices))
    listed, rng = _listed(space), stream(seed, f"landscape/{name}")
    rest = _unexplained(_SURFACES[surface](listed.x, rng), listed.capacity, listed.counts)
    weight = 0.0 if shape == "irrelevant" else _WEIGHT
    worth = _standardised(SHAPES[shape](listed.capacity), listed.counts)
    u = weight * worth + np.sqrt(1.0 - weight**2) * rest
    acc_pct = _BEST_PCT - _FALL_PCT * (-np.log(_quantiles(u, listed.counts))) ** _BEND
    return _landscape(name, listed, acc_pct, SHAPES[shape](listed.capacity), rng)


def reflected(name: str, space: Space, acc_pct: FloatArray, shape: str, *, seed: int = 0) -> Landscape:
    """Return a landscape of given final values, in which the effect of capacity is replaced by another shape.

    In log odds y = a + b z + r becomes a + b g(z) + r. The archs are ranked by the new y and get the given values in
    this order, so the set of values stays the same. b is fitted to the better half of the archs, because the worst
    archs hardly learn and show another effect of capacity.

    Args:
        name: name of the landscape.
        space: a space whose archs can all be listed.
        acc_pct: final accuracy of every arch by its number, (n_archs,).
        shape: one of `SHAPES`; rising leaves every arch its value.
        seed: seed of the random part of the curves.
    """
    if shape not in SHAPES:
        raise InputError(f"shape is {shape!r}, but must be one of: {', '.join(SHAPES)}")
    listed = _list(space)
    n_archs = len(listed.group)
    if acc_pct.shape != (n_archs,):
        raise InputError(f"acc_pct has shape {acc_pct.shape}, but must hold a value for each of {n_archs} archs")
    total = np.bincount(listed.group, weights=acc_pct)
    y = log_odds(total / listed.counts)
    u = y + _slope(y, listed) * (SHAPES[shape](listed.capacity) - listed.capacity)
    order = np.argsort(np.argsort(u, kind="stable"), kind="stable")
    values = np.sort(total / listed.counts)[order]
    return _landscape(name, listed, values, SHAPES[shape](listed.capacity), stream(seed, f"landscape/{name}"))


def _slope(y: FloatArray, listed: "_Listed") -> float:
    """Return the slope of `y`, (n_groups,), on capacity among the better half of the archs."""
    weights = listed.counts * (_quantiles(y, listed.counts) > 0.5)
    z = listed.capacity - np.average(listed.capacity, weights=weights)
    return float(np.sum(weights * z * y) / np.sum(weights * z * z))


@dataclass(frozen=True, eq=False)
class _Listed:
    """Every arch of a space, by groups of equal features: isomorphs always are one."""

    space: Space
    group: NDArray[np.int64]  # (n_archs,)
    x: FloatArray  # (n_groups, d) features; mean squared distance of two archs: 2
    capacity: FloatArray  # (n_groups,) log FLOPs of the smallest member, mean 0 and variance 1 over archs
    cost: FloatArray  # (n_archs,)
    counts: FloatArray  # (n_groups,)


@lru_cache(maxsize=4)
def _listed(space: str) -> _Listed:
    return _list(SPACES[space]())


def _list(space: Space) -> _Listed:
    archs = list(product(*(range(n) for n in space.cardinalities)))
    features = np.asarray(space.features(archs), dtype=np.float64)
    raw, group = np.unique(np.round(features, 9), axis=0, return_inverse=True)
    group = group.reshape(-1)
    counts = np.bincount(group).astype(np.float64)
    flops = np.array([space.flops_m(arch) for arch in archs])
    least = np.full(len(raw), np.inf)
    np.minimum.at(least, group, np.maximum(flops, 1e-9))
    std = raw.std(axis=0)
    x = (raw - raw.mean(axis=0))[:, std > 0.0] / std[std > 0.0]
    return _Listed(
        space, group, x / np.sqrt(x.shape[1]), _standardised(np.log(least), counts), flops / flops.max(), counts
    )


def _smooth(x: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return a sum of long waves, (n_groups,)."""
    return _waves(x, 2.0, rng)


def _rugged(x: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return short waves and noise of equal variance, (n_groups,)."""
    waves = _waves(x, 0.7, rng)
    return np.asarray(waves / waves.std() + rng.standard_normal(len(x)))


_SURFACES: Mapping[str, Callable[[FloatArray, np.random.Generator], FloatArray]] = MappingProxyType(
    {"smooth": _smooth, "rugged": _rugged}
)


def _waves(x: FloatArray, length: float, rng: np.random.Generator) -> FloatArray:
    """Return a draw of a Gaussian process with a squared exponential kernel by 64 random Fourier features."""
    waves = np.cos(x @ (rng.standard_normal((x.shape[1], 64)) / length) + rng.uniform(0.0, 2.0 * np.pi, 64))
    return np.asarray(waves @ rng.standard_normal(64))


def _landscape(
    name: str, listed: _Listed, acc_pct: FloatArray, worth: FloatArray, rng: np.random.Generator
) -> Landscape:
    uneven = _unexplained(_waves(listed.x, 1.0, rng), listed.capacity, listed.counts)
    late = _LATE * worth + _UNEVEN * uneven
    return Landscape(name, listed.space, acc_pct[listed.group], late[listed.group], listed.cost)


def _unexplained(values: FloatArray, capacity: FloatArray, counts: FloatArray) -> FloatArray:
    """Return `values` without their linear part in capacity, standardised over archs."""
    values = _standardised(values, counts)
    return _standardised(values - capacity * np.average(values * capacity, weights=counts), counts)


def _standardised(values: FloatArray, counts: FloatArray) -> FloatArray:
    mean = np.average(values, weights=counts)
    std = np.sqrt(np.average((values - mean) ** 2, weights=counts))
    return np.asarray((values - mean) / (std if std > 0.0 else 1.0))


def _quantiles(values: FloatArray, counts: FloatArray) -> FloatArray:
    """Return the share of archs that are no better, in (0, 1], for each group; `counts` are the archs per group."""
    order = np.argsort(values, kind="stable")
    shares = np.empty(len(values))
    shares[order] = np.cumsum(counts[order]) / counts.sum()
    return shares
