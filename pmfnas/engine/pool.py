"""The archs that may be proposed, as one matrix of scaled features.

Isomorphs have equal features, so a pool keeps one arch per group of equals, drawn at random so that no arch stands
for its isomorphs by its index. Archs whose features agree although they are not isomorphic are told apart by
`Space.canonical` when they are proposed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, FloatArray
from pmfnas.engine.catalogue import Catalogue, catalogue_of, is_whole, whole
from pmfnas.engine.model.kernel import Scaling
from pmfnas.engine.settings import Settings

_SIZES = ("params", "flops")


@dataclass(frozen=True, slots=True)
class View:
    """What a run sees of its archs."""

    structure: bool = True
    """Features at all; without them every arch looks alike."""
    sizes: bool = True
    """Features of parameters and FLOPs, and capacity."""
    isomorphs: bool = True
    """Which archs are isomorphic; without it they are strangers."""


EVERYTHING = View()


class Pool:
    """Archs to choose from, their scaled features, which were started, and which canonical forms have been used."""

    def __init__(self, space: Space, settings: Settings, view: View = EVERYTHING, *, rng: np.random.Generator) -> None:
        self._space, self._view = space, view
        self._form = space.canonical if view.isomorphs else space.format
        self.is_whole = is_whole(space, settings.max_pool)
        if self.is_whole:
            listed = whole(space)
        else:
            listed = catalogue_of(space, tuple(space.sample(rng=rng) for _ in range(settings.max_pool)))
        members = self._members(listed, rng)
        self.archs: list[Arch] = [listed.archs[i] for i in members]
        self._columns = self._kept_columns(listed.raw.shape[1])
        raw, sizes = self._visible(listed.raw[listed.group[members]]), listed.log_flops[listed.group[members]]
        self._scaling = Scaling.of(raw)
        self.x = self._scaling.apply(raw)  # (n_pool, d)
        self._size_mean, self._size_std = float(sizes.mean()), float(sizes.std()) or 1.0
        self.capacity = self._capacities(sizes)
        """Log FLOPs in standard deviations of the pool, 0 at its mean, (n_pool,)."""
        self.free = np.ones(len(self.archs), dtype=bool)  # (n_pool,) not proposed yet
        self.started: list[int] = []
        """Places of the archs that were started, in order."""
        self._passed_over: list[int] = []
        self._places = {arch: place for place, arch in enumerate(self.archs)}
        self._numbers: dict[str, int] = {}  # of canonical forms
        self._number_of: dict[Arch, int] = {}
        self._used: set[int] = set()

    def __len__(self) -> int:
        return len(self.archs)

    def place(self, arch: Arch) -> int:
        """Return the place of an arch that was proposed from this pool."""
        return self._places[arch]

    def number(self, arch: Arch) -> int:
        """Return the number of the canonical form of `arch`, counted in the order of first questions."""
        if arch not in self._number_of:
            self._number_of[arch] = self._numbers.setdefault(self._form(arch), len(self._numbers))
        return self._number_of[arch]

    def take(self, place: int) -> bool:
        """Mark the arch at `place` as used; return whether its canonical form was new."""
        self.free[place] = False
        number = self.number(self.archs[place])
        if number in self._used:
            return False
        self._used.add(number)
        return True

    def pass_over(self, place: int) -> None:
        """Set the arch at `place` aside, so that another is proposed in its place, until `reopen`."""
        self.free[place] = False
        self._passed_over.append(place)

    def reopen(self) -> None:
        """Free all archs that were set aside."""
        self.free[self._passed_over] = True
        self._passed_over.clear()

    def add_neighbours(self, arch: Arch) -> None:
        """Add the neighbours of `arch` where the space was only sampled."""
        if self.is_whole:
            return
        new = [a for a in self._space.neighbours(arch) if a not in self._places]
        if new:
            listed = catalogue_of(self._space, tuple(new))
            x = self._scaling.apply(self._visible(listed.raw[listed.group]))
            self._places.update({a: len(self.archs) + i for i, a in enumerate(new)})
            self.archs.extend(new)
            self.x = np.vstack([self.x, x])
            self.capacity = np.append(self.capacity, self._capacities(listed.log_flops[listed.group]))
            self.free = np.append(self.free, np.ones(len(new), dtype=bool))

    # -- inside ------------------------------------------------------------------------------------------

    def _members(self, listed: Catalogue, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return a random arch of each group, by group; every arch in random order where isomorphs are strangers."""
        order = rng.permutation(len(listed.archs))
        if not self._view.isomorphs:
            return order
        members, last_first = np.empty(len(listed.raw), dtype=np.int64), order[::-1]
        members[listed.group[last_first]] = last_first  # of a group, the first of the order is written last
        return members

    def _kept_columns(self, n: int) -> NDArray[np.bool_]:
        """Return which features the predictor may read, (n,)."""
        kept = np.full(n, self._view.structure)
        if not self._view.sizes:
            names = getattr(self._space, "feature_names", ())
            kept[[i for i, name in enumerate(names) if any(size in name for size in _SIZES)]] = False
        return kept

    def _visible(self, raw: FloatArray) -> FloatArray:
        return np.where(self._columns, raw, 0.0)

    def _capacities(self, log_flops: FloatArray) -> FloatArray:
        known = self._view.structure and self._view.sizes
        return np.asarray((log_flops - self._size_mean) / self._size_std * known)
