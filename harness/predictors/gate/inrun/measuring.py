"""An engine in every course and every search, over the processes of this machine."""

from collections.abc import Sequence
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
N_COURSES, N_SEARCHES = 7, 10
"""Seeds of courses and of searches; each seed is played on every data set."""
BUDGETS_S = (3_000.0, 10_000.0, GPU_NIGHT_S)
"""When the pick of a search is judged; the last one is its budget."""
COURSE_KINDS = ("start", "continue", "probe", "finish")
SEARCH_KINDS = ("start", "continue")
"""Actions whose forecasts are judged. Probes and full trainings are too few in a search; courses judge them."""
CRASH = "a worker process was killed or crashed (memory, or native code)"

Row = dict[str, dict[str, float]]
"""Cell -> measure -> value, of one course or one seed."""


def measure_engine(
    engine: Engine, table: Path, *, n_courses: int = N_COURSES, n_searches: int = N_SEARCHES, n_jobs: int = 1
) -> Values:
    """Return the in-run figures of `engine`; they do not depend on `n_jobs`.

    A course counts alone, the searches of one seed on all data sets together. Fewer courses or searches are the first
    ones of more.
    """
    courses = [FIRST_SEED + i for i in range(n_courses)]
    work = [(engine, table, "course", seed) for seed in courses]
    work += [(engine, table, "search", FIRST_SEED + i) for i in range(n_searches)]
    sizes = [len(ALL_DATASETS)] * len(work)
    done = work_off(_of_seed, work, label="gate, in run", unit="run", n_jobs=n_jobs, crash=CRASH, sizes=sizes)
    rows = [row for of_seed in done for row in of_seed]
    return {cell: _columns([row[cell] for row in rows if cell in row]) for cell in _cells(rows)}


def _cells(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(cell for row in rows for cell in row))


def _columns(values: Sequence[dict[str, float]]) -> dict[str, np.ndarray]:
    return {name: np.round(np.array([each[name] for each in values]), DECIMALS) for name in values[0]}


def _of_seed(engine: Engine, table: Path, kind: str, seed: int) -> list[Row]:
    """Return a row per course of a seed, or one row of its searches."""
    return _courses(engine, table, seed) if kind == "course" else [_searches(engine, table, seed)]


def _courses(engine: Engine, path: Path, seed: int) -> list[Row]:
    rows: list[Row] = []
    for name in ALL_DATASETS:
        table, benchmark, truth, _ = _opened(path, name)
        entries, panels = run_course(engine, table, benchmark, seed)
        asked, stated = of_panels(panels, truth), of_forecasts(outcomes(entries), COURSE_KINDS)
        rows.append({f"course/{kind}": {**figures, **stated.get(kind, {})} for kind, figures in asked.items()})
    return rows


def _searches(engine: Engine, path: Path, seed: int) -> Row:
    told: list[Told] = []
    picks: list[list[float]] = []
    for name in ALL_DATASETS:
        table, benchmark, _, oracle = _opened(path, name)
        entries = run_search(engine, table, benchmark, seed, BUDGETS_S[-1])
        told += outcomes(entries)
        picks.append(picked(entries, BUDGETS_S, oracle, seed))
    means = np.mean(picks, axis=0).tolist()
    stated = {f"search/{kind}": figures for kind, figures in of_forecasts(told, SEARCH_KINDS).items()}
    return stated | {f"search/{s:.0f} s": {"valid_pct": mean} for s, mean in zip(BUDGETS_S, means, strict=True)}


@lru_cache(maxsize=3)
def _opened(path: Path, name: str) -> tuple[CurveTable, TableBenchmark, Truth, Oracle]:
    """Return table, benchmark, truths and oracle of a data set, kept while this process works on it."""
    table, chosen, settings = CurveTable.open(path), dataset(name), Settings()
    benchmark = open_benchmark(table, name)
    ladder = make_ladder(benchmark.fidelities, settings.low_share, settings.probe_share)
    assert ladder.high is not None
    return table, benchmark, Truth.of(table, chosen, ladder.medium, ladder.high), Oracle(table, chosen)
