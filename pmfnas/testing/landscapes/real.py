"""A landscape with the final values of a curve table."""

from pathlib import Path

import numpy as np

from pmfnas.benchmarks.table import CurveTable
from pmfnas.benchmarks.tabular import TableBenchmark, dataset
from pmfnas.core.types import Train
from pmfnas.spaces import space_for
from pmfnas.testing.landscapes.landscape import Landscape
from pmfnas.testing.landscapes.suite import reflected


def of_table(path: Path, name: str, *shapes: str) -> list[Landscape]:
    """Return a landscape per shape of capacity, of the final validation values of a table, means over trials.

    Args:
        path: of the table.
        name: of its data set.
        shapes: of `pmfnas.testing.landscapes.SHAPES`.
    """
    table, chosen = CurveTable.open(path), dataset(name)
    space = space_for(table.header.space, n_classes=chosen.n_classes, image_size=chosen.image_size)
    benchmark = TableBenchmark(table, chosen, space)
    end = benchmark.fidelities.highest

    def value(arch: tuple[int, ...]) -> float:
        trials = range(benchmark.n_trials(arch, end.schedule))
        last = Train(arch, end.schedule, end.epochs - 1, end.epochs)
        return float(np.mean([benchmark.train(last, trial)[0].last_valid_acc for trial in trials]))

    values = np.array([value(arch) for arch in np.ndindex(*space.cardinalities)])
    return [reflected(f"{name}-{shape}", space, values, shape) for shape in shapes]
