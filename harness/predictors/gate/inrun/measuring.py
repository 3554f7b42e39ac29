"""An engine in every course and every search, over the processes of this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from harness.experiment.batch import open_benchmark
from harness.experiment.specs import ALL_DATASETS, GPU_NIGHT_S
from harness.host.workers import work_off
from harness.predictors.gate.inrun.course import run_course, run_search
from harness.predictors.gate.inrun.engines import Engine
from harness.predictors.gate.inrun.figures import Told, Truth, of_forecasts, of_panels, outcomes, picked
from harness.predictors.gate.measuring import DECIMALS
from harness.predictors.gate.verdict import Values
from harness.score.oracle import Oracle
from pmfnas.benchmarks.table import CurveTable
from pmfnas.benchmarks.tabular import TableBenchmark, dataset
from pmfnas.engine.ladder import make_ladder
from pmfnas.engine.settings import Settings

FIRST_SEED = 1000
SHORT_S = (5_000.0, 10_000.0)
LONG_S = (GPU_NIGHT_S,)
"""When the pick of a search is judged; the last one is its budget."""
COURSE_KINDS = ("start", "continue", "probe", "finish")
SEARCH_KINDS = ("start", "continue")
"""Actions whose forecasts are judged. Probes and full trainings are too few in a search; courses judge them."""
CRASH = "a worker process was killed or crashed (memory, or native code)"


@dataclass(frozen=True, slots=True)
class Plan:
    """Seeds of courses, of short searches and of long ones; each seed is played on every data set."""

    courses: int = 7
    short: int = 14
    long: int = 6

    def at_most(self, n: int) -> "Plan":
        """Return the plan with at most `n` seeds of each."""
        return Plan(min(self.courses, n), min(self.short, n), min(self.long, n))

    @property
    def n_runs(self) -> int:
        """Number of courses and searches."""
        return len(ALL_DATASETS) * (self.courses + self.short + self.long)


FULL = Plan()

Row = dict[str, dict[str, float]]
"""Cell -> measure -> value, of one course or one seed."""


def measure_engine(engine: Engine, table: Path, plan: Plan = FULL, *, n_jobs: int = 1) -> Values:
    """Return the in-run figures of `engine`; they do not depend on `n_jobs`.

    A course counts alone, the searches of one seed on all data sets together. Fewer seeds are the first ones of more.
    """
    kinds = (((), plan.courses), (SHORT_S, plan.short), (LONG_S, plan.long))
    work = [(engine, table, judged_s, FIRST_SEED + i) for judged_s, n in kinds for i in range(n)]
    sizes = [len(ALL_DATASETS)] * len(work)
    done = work_off(_of_seed, work, label="gate, in run", unit="run", n_jobs=n_jobs, crash=CRASH, sizes=sizes)
    rows = [row for of_seed in done for row in of_seed]
    return {cell: _columns([row[cell] for row in rows if cell in row]) for cell in _cells(rows)}


def _cells(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(cell for row in rows for cell in row))


def _columns(values: Sequence[dict[str, float]]) -> dict[str, np.ndarray]:
    return {name: np.round(np.array([each[name] for each in values]), DECIMALS) for name in values[0]}


def _of_seed(engine: Engine, table: Path, judged_s: Sequence[float], seed: int) -> list[Row]:
    """Return one row of the searches of a seed, or a row per course where they are judged at no time."""
    return [_searches(engine, table, judged_s, seed)] if judged_s else _courses(engine, table, seed)


def _courses(engine: Engine, path: Path, seed: int) -> list[Row]:
    rows: list[Row] = []
    for name in ALL_DATASETS:
        table, benchmark, truth, _ = _opened(path, name)
        entries, panels = run_course(engine, table, benchmark, seed)
        asked, stated = of_panels(panels, truth), of_forecasts(outcomes(entries), COURSE_KINDS)
        rows.append({f"course/{kind}": {**figures, **stated.get(kind, {})} for kind, figures in asked.items()})
    return rows


def _searches(engine: Engine, path: Path, judged_s: Sequence[float], seed: int) -> Row:
    told: list[Told] = []
    picks: list[list[float]] = []
    for name in ALL_DATASETS:
        table, benchmark, _, oracle = _opened(path, name)
        entries = run_search(engine, table, benchmark, seed, judged_s[-1])
        told += outcomes(entries)
        picks.append(picked(entries, judged_s, oracle, seed))
    means = np.mean(picks, axis=0).tolist()
    reached = {f"search/{s:.0f} s": {"valid_pct": mean} for s, mean in zip(judged_s, means, strict=True)}
    if judged_s == LONG_S:
        return reached
    return reached | {f"search/{kind}": figures for kind, figures in of_forecasts(told, SEARCH_KINDS).items()}


@lru_cache(maxsize=3)
def _opened(path: Path, name: str) -> tuple[CurveTable, TableBenchmark, Truth, Oracle]:
    """Return table, benchmark, truths and oracle of a data set, kept while this process works on it."""
    table, chosen, settings = CurveTable.open(path), dataset(name), Settings()
    benchmark = open_benchmark(table, name)
    ladder = make_ladder(benchmark.fidelities, settings.low_share, settings.probe_share)
    assert ladder.high is not None
    return table, benchmark, Truth.of(table, chosen, ladder.medium, ladder.high), Oracle(table, chosen)
