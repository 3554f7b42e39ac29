"""What is free to know about the archs that may be proposed, worked out once per space.

Archs with equal features form a group: isomorphs always do, and a model could not tell the others apart either.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, FloatArray

_LEAST_FLOPS_M = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """Archs and their groups. Read-only: runs share it."""

    archs: tuple[Arch, ...]
    group: NDArray[np.int64]  # (n_archs,)
    raw: FloatArray  # (n_groups, d) features
    log_flops: FloatArray  # (n_groups,) of the group's smallest arch: what only others have is dead


def is_whole(space: Space, max_pool: int) -> bool:
    """Whether the space is small enough to be searched whole."""
    return prod(space.cardinalities) <= max_pool


@lru_cache(maxsize=8)
def whole(space: Space) -> Catalogue:
    """Return the catalogue of every arch of `space`, which never changes, so that it is kept."""
    return catalogue_of(space, tuple(product(*(range(n) for n in space.cardinalities))))


def catalogue_of(space: Space, archs: tuple[Arch, ...]) -> Catalogue:
    """Return the catalogue of some archs, one at least."""
    raw = np.asarray(space.features(archs), dtype=np.float64)
    _, first, group = np.unique(np.round(raw, 9), axis=0, return_index=True, return_inverse=True)
    group = group.reshape(-1)
    least = np.full(len(first), np.inf)
    np.minimum.at(least, group, [max(space.flops_m(arch), _LEAST_FLOPS_M) for arch in archs])
    return Catalogue(archs, group, raw[first], np.log(least))
