"""The backends of experiments: the same bytes on all of them, and what 10,000 runs cost beyond the runs themselves."""

import hashlib
import time
from dataclasses import replace
from pathlib import Path

from harness.experiment.batch import run_experiment
from harness.experiment.specs import TABLE2
from harness.host.clusters import BACKENDS, LOKY
from harness.speed.figure import Figure
from harness.speed.parts import Plan
from pmfnas.benchmarks.table import CurveTable
from pmfnas.core.errors import PmfnasError

N_JOBS = 2
N_RUNS = 10_000
_BUDGET_S = 600.0
"""Short runs, so that the time is that of the backend and of the records."""


def measure(plan: Plan) -> list[Figure]:
    """Return the seconds of 10,000 short runs on every installed backend, scaled up, next to one process."""
    n_seeds = plan.pick(150, 3)
    alone_s, same = _timed(plan, n_seeds, LOKY, n_jobs=1)
    figures = []
    for backend in BACKENDS:
        what = f"{N_RUNS:,} runs of ten minutes, {backend}"
        try:
            seconds, content = _timed(plan, n_seeds, backend, n_jobs=N_JOBS)
        except PmfnasError as error:
            figures.append(Figure("backends", what, None, "s on two cores", note=str(error)))
            continue
        note = f"scaled up from {n_seeds} runs; records {'are the same bytes' if content == same else 'DIFFER'}"
        value, peer = (s / n_seeds * N_RUNS for s in (seconds, alone_s))
        figures.append(Figure("backends", what, value, "s on two cores", None, False, "one process", peer, note=note))
    return figures


def _timed(plan: Plan, n_seeds: int, backend: str, *, n_jobs: int) -> tuple[float, str]:
    """Return the seconds of an experiment on a backend, with its start, and a hash of its records."""
    out = Path(plan.work) / f"{backend}-{n_jobs}"
    spec = replace(TABLE2, searchers=("random_search",), datasets=("cifar10",), n_seeds=n_seeds, budget_s=_BUDGET_S)
    begin = time.perf_counter()
    run_experiment(spec, CurveTable.open(Path(plan.table)), out, n_jobs=n_jobs, backend=backend)
    return time.perf_counter() - begin, records(out)


def records(out: Path) -> str:
    """Return a hash of the records of a folder."""
    files = sorted((out / "runs").rglob("*.parquet"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
