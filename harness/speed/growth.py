"""Growth: time and memory against seeds, archs and budget, each size in a fresh process.

The exponent is the slope of log time over log size by least squares; 1 is linear. A curve ends early where the next
size would take too long: then the note says at which size.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.experiment.batch import open_benchmark, run_experiment, run_one
from harness.experiment.jobs import Job
from harness.experiment.specs import TABLE2
from harness.speed.figure import MEMORY, Figure, exponent
from harness.speed.parts import Plan, in_process, memory_mb
from pmfnas.benchmarks.table import CurveTable, Header, Key, TableWriter
from pmfnas.benchmarks.tabular import TableBenchmark, dataset
from pmfnas.core.errors import UnavailableError
from pmfnas.core.ports import Benchmark
from pmfnas.core.rng import stream
from pmfnas.core.types import Arch, Cost, Curve, Fidelities, Schedule, Train
from pmfnas.loop.executor import SimulatedExecutor, paired_trials
from pmfnas.loop.runner import Setting, make_searcher, search
from pmfnas.spaces.own.choices import Choices

MOST = 1.1
"""Largest exponent allowed."""
SEEDS = (10, 30, 100, 300)
ARCHS = (1_000, 10_000, 100_000)
SPACES = (1e3, 1e5, 1e7, 1e9)
HOURS = (1.0, 10.0, 100.0, 1_000.0)
SEARCHERS = ("random_search", "asha", "regularized_evolution", "tpe", "bohb", "pmf_nas")
LONGEST_S = 12.0
"""A curve ends once a size took so long; the next would take ten times as long or more."""
_EPOCHS = 12
_FIDELITIES = Fidelities((Schedule("12", _EPOCHS, frozenset(range(1, _EPOCHS + 1))),))


def seeds(plan: Plan) -> list[Figure]:
    """Return the growth with the number of seeds, records on disk included."""
    return _curve(plan, "seeds", "seeds of random search", plan.pick(SEEDS, (2, 4)))


def archs(plan: Plan) -> list[Figure]:
    """Return the growth with the number of archs in the table, for a run of regularized evolution."""
    return _curve(plan, "archs", "archs in the table", plan.pick(ARCHS, (1_000, 2_000)))


def spaces(plan: Plan, searcher: str) -> list[Figure]:
    """Return the growth with the size of a space without a table, for a run of a searcher."""
    return _curve(plan, "space", f"archs in the space, {searcher}", plan.pick(SPACES, (1e3, 1e4)), searcher)


def budget(plan: Plan, searcher: str) -> list[Figure]:
    """Return the growth with the budget of a searcher, model fitting included."""
    return _curve(plan, "budget", f"hours of {searcher}", plan.pick(HOURS, (1.0, 2.0)), searcher)


def _curve(plan: Plan, kind: str, what: str, sizes: tuple[float, ...], *arguments: str) -> list[Figure]:
    """Return the exponents of time and memory, from one fresh process for each size."""
    points: list[tuple[float, dict[str, Any]]] = []
    for size in sizes:
        found = in_process(f"growth.{kind}_at", plan, str(size), *arguments)
        if isinstance(found, str) and len(points) > 1:
            break  # the note says at which size the curve ends
        if isinstance(found, str):
            return [Figure("growth", what, None, "exponent of time", note=f"at {size:g}: {found}")]
        points.append((size, found))
        if found["seconds"] > LONGEST_S:
            break
    units = [float(found.get("units", size)) for size, found in points]  # what the run was paid for
    times = [found["seconds"] for _, found in points]
    last = points[-1][1]
    note = f"{points[0][0]:g} to {points[-1][0]:g}; there {last['seconds']:.3g} s and {last['memory_mb']:.0f} MB"
    memory = exponent(units, [found["memory_mb"] for _, found in points])
    return [
        Figure("growth", what, exponent(units, times), "exponent of time", MOST, note=note),
        Figure("growth", what, memory, MEMORY, MOST),
    ]


def seeds_at(plan: Plan, n: str) -> dict[str, float]:
    """Return seconds and memory of this many seeds of random search on one data set, in one process."""
    table = CurveTable.open(Path(plan.table))
    spec = replace(TABLE2, searchers=("random_search",), datasets=("cifar100",), n_seeds=int(float(n)))
    begin = time.process_time()
    run_experiment(spec, table, Path(plan.work) / f"seeds-{n}", n_jobs=1)
    return {"seconds": time.process_time() - begin, "memory_mb": memory_mb()}


def archs_at(plan: Plan, n: str) -> dict[str, float]:
    """Return seconds and memory of a run on a table with this many archs, its opening included."""
    written, space = _table(Path(plan.work) / f"archs-{n}", int(float(n)))
    return _run_in(TableBenchmark(CurveTable.open(written), dataset("cifar100"), space), "regularized_evolution")


def space_at(plan: Plan, n: str, searcher: str) -> dict[str, float]:
    """Return seconds and memory of a run of a searcher in a space of this size."""
    del plan
    return _run_in(Grid(_space(len(str(int(float(n)))) - 1)), searcher)


def _run_in(benchmark: Benchmark, searcher: str) -> dict[str, float]:
    """Return seconds and memory of a night of a searcher."""
    begin = time.process_time()
    setting = Setting(benchmark.space, benchmark.fidelities, 30_600.0)
    executor = SimulatedExecutor(benchmark, paired_trials(benchmark, 0), n_workers=1, accounting="resume")
    search(make_searcher(TABLE2.players[searcher], setting, rng=stream(0, "speed")), executor, setting)
    return {"seconds": time.process_time() - begin, "memory_mb": memory_mb()}


@dataclass(frozen=True, eq=False)
class Grid:
    """A benchmark without a table: accuracy rises with the mean of the choices. Implements `Benchmark`."""

    space: Choices
    fidelities: Fidelities = _FIDELITIES

    def n_trials(self, arch: Arch, schedule: str) -> int:
        """Return one: there is no noise."""
        del arch, schedule
        return 1

    def train(self, request: Train, trial: int) -> tuple[Curve, Cost]:
        """Return the segment of a curve that rises to the value of the arch."""
        del trial
        rise = np.linspace(0.5, 1.0, _EPOCHS) * (50 + 4 * float(np.mean(request.arch)))
        seen, at = rise[request.start : request.stop], np.asarray(request.validations, dtype=np.int64) - 1
        curve = Curve(request.start, 5 - seen / 25, seen, request.validations, 5 - rise[at] / 25, rise[at])
        return curve, Cost(9.0 * len(seen), 1.0 * len(at))

    def measure(self, arch: Arch, metric: str) -> tuple[float, Cost]:
        """Raise `UnavailableError`."""
        raise UnavailableError(f"metric {metric!r} of arch {arch}: nothing can be measured")


def _table(folder: Path, n_archs: int) -> tuple[Path, Choices]:
    """Write a table of a space of 10^k archs with invented values, of one data set and one schedule."""
    digits = len(str(n_archs)) - 1
    space = _space(digits)
    archs = np.array(list(np.ndindex(space.cardinalities)), dtype=np.uint8)
    header = Header("SYNTHETIC", space.name, space.cardinalities, "1", "invented", {"12": _EPOCHS})
    values = 50 + 40 * np.random.default_rng(0).random((len(archs), 1, _EPOCHS)).astype(np.float32).cumsum(2) / _EPOCHS
    with TableWriter(folder, header, archs) as writer:
        writer.add_present("cifar100", "12", np.ones((len(archs), 1), dtype=bool))
        for metric in ("train-acc", "train-loss", "x-valid-acc", "x-valid-loss"):
            writer.add(Key("cifar100", "12", metric), values, range(1, _EPOCHS + 1))
        for metric in ("train-s", "x-valid-s"):
            writer.add(Key("cifar100", "12", metric), np.full((len(archs), 1, 1), 9.0))
    return folder, space


def _space(n_choices: int) -> Choices:
    """Return a space of ten values for each of some choices."""
    choices: dict[str, Any] = {f"p{i}": list(range(10)) for i in range(n_choices)}
    return Choices(**choices)


def budget_at(plan: Plan, hours: str, searcher: str) -> dict[str, float]:
    """Return seconds and memory of a run with this budget; where the space is exhausted, the hours that were used."""
    table = CurveTable.open(Path(plan.table))
    benchmark = open_benchmark(table, "ImageNet16-120")
    spec = replace(TABLE2, budget_s=float(hours) * 3600)
    begin = time.process_time()
    header, finished = run_one(spec, table, benchmark, Job("ImageNet16-120", searcher, 0))
    seconds = time.process_time() - begin
    return {"seconds": seconds, "memory_mb": memory_mb(), "units": finished.clock_s / 3600, "n": header.evaluations}
