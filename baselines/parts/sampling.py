"""Draws of archs: a new random arch, and an arch with one position changed."""

from collections.abc import Container
from itertools import product

import numpy as np

from pmfnas.core.ports import Space
from pmfnas.core.types import Arch

_TRIES = 1000
"""Draws before the unseen archs are listed; after so many misses few archs are unseen."""


def unseen(space: Space, seen: Container[Arch], *, rng: np.random.Generator) -> Arch | None:
    """Return an arch that is not in `seen`, drawn uniformly; None if the space is exhausted."""
    for _ in range(_TRIES):
        arch = space.sample(rng=rng)
        if arch not in seen:
            return arch
    rest = [arch for arch in product(*map(range, space.cardinalities)) if arch not in seen]
    return rest[int(rng.integers(len(rest)))] if rest else None


def mutated(arch: Arch, cardinalities: tuple[int, ...], *, rng: np.random.Generator) -> Arch:
    """Return `arch` with another choice in one position, uniform over positions and then over choices.

    Positions with a single choice are never drawn. If every position has a single choice, `arch` is returned.
    """
    places = [place for place, n_choices in enumerate(cardinalities) if n_choices > 1]
    if not places:
        return arch
    place = places[int(rng.integers(len(places)))]
    step = int(rng.integers(1, cardinalities[place]))
    return (*arch[:place], (arch[place] + step) % cardinalities[place], *arch[place + 1 :])
