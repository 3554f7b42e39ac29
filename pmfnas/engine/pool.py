"""The archs that may be proposed, as one matrix of scaled features.

Isomorphs have equal features, so a pool keeps one arch per distinct row; archs whose features agree although
they are not isomorphic are told apart by `Space.canonical` when they are proposed.
"""

from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, FloatArray
from pmfnas.engine.kernel import Scaling

_CAPACITY_SAMPLE = 200


class Pool:
    """Archs to choose from, their scaled features, and which canonical forms have been used."""

    def __init__(self, space: Space, max_pool: int, *, rng: np.random.Generator) -> None:
        self._space = space
        self.is_whole = prod(space.cardinalities) <= max_pool
        archs = _all_archs(space, rng) if self.is_whole else [space.sample(rng=rng) for _ in range(max_pool)]
        raw = np.asarray(space.features(archs), dtype=np.float64)
        first = _first_of_each(raw, rng)
        self.archs: list[Arch] = [archs[i] for i in first]
        self.scaling = Scaling.of(raw[first])
        self.x = self.scaling.apply(raw[first])  # (n_pool, d)
        self.free = np.ones(len(self.archs), dtype=bool)  # (n_pool,) not proposed yet
        self._numbers: dict[str, int] = {}
        self._used: set[int] = set()
        self._features: dict[Arch, FloatArray] = {}
        self._capacities: dict[Arch, float] = {}
        sample = [self.archs[i] for i in rng.permutation(len(self.archs))[:_CAPACITY_SAMPLE]]
        sizes = np.log([max(space.flops_m(a), 1e-9) for a in sample])
        self._size_mean, self._size_std = float(sizes.mean()), float(sizes.std()) or 1.0

    def __len__(self) -> int:
        return len(self.archs)

    def number(self, arch: Arch) -> int:
        """Return the number of the canonical form of `arch`, counted in the order of first questions."""
        return self._numbers.setdefault(self._space.canonical(arch), len(self._numbers))

    def capacity(self, arch: Arch) -> float:
        """Return log FLOPs in standard deviations of the pool, 0 at its mean."""
        if arch not in self._capacities:
            size = float(np.log(max(self._space.flops_m(arch), 1e-9)))
            self._capacities[arch] = (size - self._size_mean) / self._size_std
        return self._capacities[arch]

    def take(self, place: int) -> bool:
        """Mark the arch at `place` as used; return whether its canonical form was new."""
        self.free[place] = False
        number = self.number(self.archs[place])
        if number in self._used:
            return False
        self._used.add(number)
        return True

    def features(self, arch: Arch) -> FloatArray:
        """Return the scaled features of any arch of the space, shape (d,)."""
        if arch not in self._features:
            raw = np.asarray(self._space.features([arch]), dtype=np.float64)
            self._features[arch] = self.scaling.apply(raw)[0]
        return self._features[arch]

    def add_neighbours(self, arch: Arch) -> None:
        """Add the neighbours of `arch` where the space was only sampled."""
        if self.is_whole:
            return
        known = set(self.archs)
        new = [a for a in self._space.neighbours(arch) if a not in known]
        if new:
            x = self.scaling.apply(np.asarray(self._space.features(new), dtype=np.float64))
            self.archs.extend(new)
            self.x = np.vstack([self.x, x])
            self.free = np.append(self.free, np.ones(len(new), dtype=bool))

    def spread(self, n_tried: int, chosen: FloatArray, *, rng: np.random.Generator) -> int | None:
        """Return the place of the one among `n_tried` random free archs that is farthest from all `chosen` (m, d).

        Source: best-candidate sampling (Mitchell, SIGGRAPH 1991).
        """
        places = np.flatnonzero(self.free)
        if not len(places):
            return None
        places = rng.choice(places, size=min(n_tried, len(places)), replace=False)
        if not len(chosen):
            return int(places[0])
        gaps = ((self.x[places][:, None, :] - chosen[None, :, :]) ** 2).sum(axis=2).min(axis=1)
        return int(places[gaps.argmax()])


def _all_archs(space: Space, rng: np.random.Generator) -> list[Arch]:
    """Return every arch of the space in random order, so that no arch stands for its isomorphs by its index."""
    archs = list(product(*(range(n) for n in space.cardinalities)))
    return [archs[i] for i in rng.permutation(len(archs))]


def _first_of_each(raw: FloatArray, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the first index of each distinct row, rising. Rows are compared by a random projection."""
    hashes = raw @ rng.standard_normal(raw.shape[1])
    return np.sort(np.unique(np.round(hashes, 9), return_index=True)[1])
