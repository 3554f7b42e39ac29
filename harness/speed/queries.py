"""Reading values: one segment at a time, and a whole column at once."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from harness.experiment.batch import open_benchmark
from harness.speed.figure import Figure
from harness.speed.parts import Plan
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.core.types import Train

_REPEATS = 7
DATASET = "cifar100"


def measure(plan: Plan) -> list[Figure]:
    """Return segments and values per second."""
    table = CurveTable.open(Path(plan.table))
    return [_segments(table, plan.pick(5000, 200)), _values(table)]


def _segments(table: CurveTable, n: int) -> Figure:
    """Return the rate of single segments: curve and cost of 12 epochs with one validation, each of another arch."""
    benchmark = open_benchmark(table, DATASET)
    rows = np.random.default_rng(0).permutation(len(table.archs))[:n]
    requests = [Train(tuple(arch), "12", 0, 12) for arch in table.archs[rows].tolist()]

    def read() -> None:
        for request in requests:
            benchmark.train(request, 0)

    return Figure("queries", "single segments", n / best_s(read), "per s", 200_000.0, True)


def _values(table: CurveTable) -> Figure:
    """Return the rate of values at one epoch of all archs, in random order, as float64."""
    rows = np.random.default_rng(0).permutation(len(table.archs))
    seconds = best_s(lambda: table.at(Key(DATASET, "12", "train-loss"), 12)[rows, 0].astype(np.float64))
    return Figure("queries", "values of many archs at once", len(rows) / seconds, "per s", 5e6, True)


def best_s(work: Callable[[], object], repeats: int = _REPEATS) -> float:
    """Return the least of several CPU times: the others were disturbed by other work of the machine."""
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times)
