"""A slice of the topology space: 50 archs as a space of their own, and a curve table of them as a benchmark."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from pmfnas.benchmarks.table import CurveTable
from pmfnas.benchmarks.tabular import TableBenchmark, dataset
from pmfnas.core.errors import InputError
from pmfnas.core.types import Arch, Cost, Curve, FloatArray, Train
from pmfnas.spaces import CellSpace
from pmfnas.spaces.archs import one_change_neighbours, sample_arch
from tests.support.tables import write_small

_CELLS = CellSpace(n_classes=10, image_size=32)
_FREE, _FIXED = (5, 5, 2), (1, 3, 2)
"""Choices of the first three edges; operations of the last three."""


class SliceSpace:
    """The cells that share three edges. Implements `pmfnas.core.ports.Space`."""

    name = _CELLS.name
    cardinalities = _FREE

    def whole(self, arch: Arch) -> Arch:
        """Return the cell that `arch` stands for."""
        return (*arch, *_FIXED)

    def sample(self, *, rng: np.random.Generator) -> Arch:
        return sample_arch(_FREE, rng=rng)

    def neighbours(self, arch: Arch) -> tuple[Arch, ...]:
        return one_change_neighbours(arch, _FREE)

    def canonical(self, arch: Arch) -> str:
        return _CELLS.canonical(self.whole(arch))

    def features(self, archs: Sequence[Arch]) -> FloatArray:
        return _CELLS.features([self.whole(arch) for arch in archs])

    def params_m(self, arch: Arch) -> float:
        return _CELLS.params_m(self.whole(arch))

    def flops_m(self, arch: Arch) -> float:
        return _CELLS.flops_m(self.whole(arch))

    def parse(self, text: str) -> Arch:
        arch = _CELLS.parse(text)
        if arch[len(_FREE) :] != _FIXED or arch[2] >= _FREE[2]:
            raise InputError(f"arch string is {text!r}, but is not in the slice")
        return arch[: len(_FREE)]

    def format(self, arch: Arch) -> str:
        return _CELLS.format(self.whole(arch))


class SliceBenchmark:
    """CIFAR-10 of a table of the slice's archs. Implements `pmfnas.core.ports.Benchmark`."""

    def __init__(self, table: CurveTable) -> None:
        self.space = SliceSpace()
        self._whole = TableBenchmark(table, dataset("cifar10"), _CELLS)
        self.fidelities = self._whole.fidelities

    def n_trials(self, arch: Arch, schedule: str) -> int:
        return self._whole.n_trials(self.space.whole(arch), schedule)

    def train(self, request: Train, trial: int) -> tuple[Curve, Cost]:
        return self._whole.train(replace(request, arch=self.space.whole(request.arch)), trial)

    def measure(self, arch: Arch, metric: str) -> tuple[float, Cost]:
        return self._whole.measure(self.space.whole(arch), metric)


def write_slice(out: Path) -> SliceBenchmark:
    """Write the slice's table to `out`; which arch has which values is drawn once."""
    archs = list(product(*(range(n) for n in _FREE)))
    rows = np.random.default_rng(0).permutation(len(archs))
    return SliceBenchmark(write_small(out, [SliceSpace().whole(archs[row]) for row in rows]))
