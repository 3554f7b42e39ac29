"""The backends of experiments: the same bytes on all of them, and what 10,000 runs cost beyond the runs themselves."""

import hashlib
import time
from dataclasses import replace
from pathlib import Path

from harness.experiment.batch import run_experiment
from harness.experiment.specs import TABLE2
from harness.host.clusters import BACKENDS, LOKY
from harness.speed.figure import Figure, line
from harness.speed.parts import Plan
from pmfnas.benchmarks.table import CurveTable
from pmfnas.core.errors import PmfnasError

N_JOBS = 2
N_RUNS = 10_000
_BUDGET_S = 600.0
"""Short runs, so that the time is that of the backend and of the records."""
_FEW = (400, 4000)
"""Runs of the two experiments; fewer would measure the start of the processes only."""


def measure(plan: Plan) -> list[Figure]:
    """Return the seconds of 10,000 short runs on every installed backend, scaled up, next to one process."""
    few = plan.pick(_FEW, (2, 4))
    peer_s, same = _scaled(plan, few, LOKY, n_jobs=1)
    figures = []
    for backend in BACKENDS:
        what = f"{N_RUNS:,} runs of ten minutes, {backend}"
        try:
            value_s, content = _scaled(plan, few, backend, n_jobs=N_JOBS)
        except PmfnasError as error:
            figures.append(Figure("backends", what, None, "s on two cores", note=str(error)))
            continue
        note = f"scaled up from {few[0]} and {few[1]} runs; records {'are the same' if content == same else 'DIFFER'}"
        figures.append(
            Figure("backends", what, value_s, "s on two cores", None, False, "one process", peer_s, note=note)
        )
    return figures


def _scaled(plan: Plan, few: tuple[int, int], backend: str, *, n_jobs: int) -> tuple[float | None, str]:
    """Return the seconds of `N_RUNS` runs, on the line through two small experiments, and a hash of the records.

    None where more runs took no more time: they were too few to be measured.
    """
    timed = [_timed(plan, n, backend, n_jobs=n_jobs) for n in few]
    constant_s, run_s = line(few, [seconds for seconds, _ in timed])
    return (constant_s + N_RUNS * run_s if run_s > 0.0 else None), timed[-1][1]


def _timed(plan: Plan, n_seeds: int, backend: str, *, n_jobs: int) -> tuple[float, str]:
    """Return the seconds of an experiment on a backend, with its start, and a hash of its records."""
    out = Path(plan.work) / f"{backend}-{n_jobs}-{n_seeds}"
    spec = replace(TABLE2, searchers=("random_search",), datasets=("cifar10",), n_seeds=n_seeds, budget_s=_BUDGET_S)
    begin = time.perf_counter()
    run_experiment(spec, CurveTable.open(Path(plan.table)), out, n_jobs=n_jobs, backend=backend)
    return time.perf_counter() - begin, records(out)


def records(out: Path) -> str:
    """Return a hash of the records of a folder."""
    files = sorted((out / "runs").rglob("*.parquet"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
