"""The space of a table of your own: named choices, of which the table knows some or all archs.

It draws archs and neighbours among those that the table holds, and takes their sizes from it. A text may name choices
that do not exist in an arch, so that programs can compose texts place by place.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import InputError
from pmfnas.core.types import Arch, FloatArray, arch_numbers
from pmfnas.spaces.own.choices import Choices

SIZES = ("params-m", "flops-m")
"""Columns of a table that hold the size of each arch."""


class TableSpace:
    """The archs of a table. Implements `pmfnas.core.ports.Space`.

    Args:
        choices: the choices of an arch.
        name: name of the space.
        archs: the archs of the table, (n_archs, n_choices).
        sizes: name of `SIZES` -> the size of each arch, (n_archs,); empty if the table holds none.
    """

    def __init__(self, choices: Choices, name: str, archs: NDArray[np.uint8], sizes: Mapping[str, FloatArray]) -> None:
        self.name = name
        self.cardinalities = choices.cardinalities
        self._choices, self._archs, self._sizes = choices, archs, sizes
        self._numbers = arch_numbers(archs, choices.cardinalities)
        self._order = np.argsort(self._numbers)
        self._sorted = self._numbers[self._order]

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Name of each column of `features`."""
        return (*self._choices.feature_names, *(f"log10_{name.removesuffix('-m')}" for name in self._sizes))

    @property
    def template(self) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
        """The texts of each choice, and what stands before each of them and after the last one."""
        parts = self._choices.choices
        return tuple(c.texts for c in parts), (*(f"{',' if i else ''}{c.name}=" for i, c in enumerate(parts)), "")

    def sample(self, *, rng: np.random.Generator) -> Arch:
        """Return one of the table's archs, drawn uniformly."""
        return tuple(self._archs[int(rng.integers(len(self._archs)))].tolist())

    def neighbours(self, arch: Arch) -> tuple[Arch, ...]:
        """Return the table's archs that differ in one choice."""
        near = self._choices.neighbours(arch)
        return tuple(a for a, row in zip(near, self._rows(near), strict=True) if row >= 0)

    def settled(self, arch: Arch) -> Arch:
        """Return the arch as the table holds it: index 0 for every choice that does not exist."""
        return self._choices.settled(arch)

    def canonical(self, arch: Arch) -> str:
        """Return the text of the arch that stands for all that are equal to `arch`."""
        return self._choices.canonical(arch)

    def features(self, archs: Sequence[Arch]) -> FloatArray:
        """Return the encoding for models, shape (n_archs, len(feature_names))."""
        encoded = self._choices.features(archs)
        sizes = [np.log10(self._sizes_of(name, archs))[:, None] for name in self._sizes]
        return np.hstack([encoded, *sizes])

    def params_m(self, arch: Arch) -> float:
        """Return the number of parameters, in millions; 1 if the table holds none."""
        return self._size("params-m", arch)

    def flops_m(self, arch: Arch) -> float:
        """Return the floating-point operations, in millions; the parameters, or 1, if the table holds none."""
        return self._size("flops-m" if "flops-m" in self._sizes else "params-m", arch)

    def parse(self, text: str) -> Arch:
        """Return the arch of `depth=2,width=64`; choices that do not exist may stand in it too."""
        try:
            return self._choices.parse(text)
        except InputError:
            names, full = self._choices.names, dict(part.partition("=")[::2] for part in text.split(","))
            if tuple(full) != names:
                raise
            places = [c.texts.index(full[c.name]) if full[c.name] in c.texts else -1 for c in self._choices.choices]
            if min(places) < 0:
                raise
            return self._choices.settled(tuple(places))

    def format(self, arch: Arch) -> str:
        """Return the choices that exist, as `depth=2,width=64`."""
        return self._choices.format(arch)

    def _rows(self, archs: Sequence[Arch]) -> NDArray[np.int64]:
        """Return the row of each arch in the table, -1 if it has none, (n_archs,)."""
        if not len(archs):
            return np.empty(0, dtype=np.int64)
        numbers = arch_numbers(archs, self.cardinalities)
        place = np.minimum(np.searchsorted(self._sorted, numbers), len(self._sorted) - 1)
        return np.where(self._sorted[place] == numbers, self._order[place], -1)

    def _size(self, name: str, arch: Arch) -> float:
        return float(self._sizes_of(name, (arch,))[0]) if name in self._sizes else 1.0

    def _sizes_of(self, name: str, archs: Sequence[Arch]) -> FloatArray:
        """Return the sizes of archs, equal ones of equal size; the median of all for those that are not known."""
        sizes, rows = self._sizes[name], self._rows([self._choices.settled(tuple(arch)) for arch in archs])
        return np.where(rows >= 0, sizes[rows], np.median(sizes))
