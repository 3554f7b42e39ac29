"""From records to frames: the oracle opens test accuracy for finished runs, and only for them.

`runs` has one row per run, `steps` one per change of an incumbent, `timings` one per run with the values that depend on
the host. All three are in the order (data set, searcher, seed), so the same records give the same bytes.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from harness.experiment.exclusions import exclusion
from harness.experiment.jobs import Job
from harness.score.oracle import Oracle, Score
from pmfnas.benchmarks.table import CurveTable
from pmfnas.benchmarks.tabular import dataset_of, space_of
from pmfnas.core.errors import DataError, InputError
from pmfnas.core.ports import Space
from pmfnas.loop.plain import as_json
from pmfnas.loop.record import RunHeader, incumbent_steps, read_header, read_rows, read_timing, record_path
from pmfnas.progress import tracked

UNSCORED = {"valid": None, "test": None, "valid_regret": None, "test_regret": None, "hit": False}
"""Values of a run without a recommendation."""


@dataclass(frozen=True, slots=True)
class Scored:
    """An experiment's runs with their final values."""

    runs: pd.DataFrame
    steps: pd.DataFrame
    timings: pd.DataFrame
    accesses: pd.DataFrame
    """Every access to the oracle: run id and number of archs looked up."""
    best: Mapping[str, float]
    """Data set -> best score of the included archs, median over the seeds: an upper bound for every searcher."""
    guess: Mapping[str, float]
    """Data set -> what is scored before the first recommendation."""
    score: str
    """Name of the score: `test`, or `held-out trials`."""


def score(jobs: Sequence[Job], table: CurveTable, out: Path, *, excluded: str | None = None) -> Scored:
    """Return the frames of the jobs' runs under `out`, made without the archs that the rule `excluded` leaves out.

    Raises:
        InputError: a run is not finished.
        DataError: a run was made with other data, or recommends an excluded arch.
    """
    oracles = {name: judge_of(table, name, excluded) for name in dict.fromkeys(job.dataset for job in jobs)}
    found: dict[Job, _Run] = {}
    by_seed = sorted(jobs, key=lambda job: job.seed)  # an oracle looks a seed up once for all searchers
    for job in tracked(by_seed, "scoring", total=len(jobs), unit="run"):
        found[job] = _score_run(job, table, out, oracles[job.dataset])
    ordered = [found[job] for job in jobs]
    return Scored(
        pd.DataFrame([run.row for run in ordered]),
        pd.DataFrame([step for run in ordered for step in run.steps], columns=_STEP_COLUMNS),
        pd.DataFrame([run.timing for run in ordered]),
        pd.DataFrame([access for run in ordered for access in run.accesses], columns=["who", "archs"]),
        {name: _best(oracle, {j.seed for j in jobs if j.dataset == name}) for name, (oracle, _) in oracles.items()},
        {name: oracle.guess for name, (oracle, _) in oracles.items()},
        table.header.score,
    )


def _best(oracle: Oracle, seeds: Set[int]) -> float:
    return float(np.median([oracle.best(seed) for seed in sorted(seeds)]))


Judge: TypeAlias = tuple[Oracle, Space]


def judge_of(table: CurveTable, name: str, excluded: str | None = None) -> Judge:
    """Return the oracle of a data set, without the archs that `excluded` leaves out, and the space of the archs."""
    chosen = dataset_of(table, name)
    return Oracle(table, chosen, exclusion(excluded)), space_of(table, chosen)


@dataclass(frozen=True, slots=True)
class _Run:
    """A run's part of the frames."""

    row: dict[str, Any]
    steps: list[dict[str, Any]]
    timing: dict[str, Any]
    accesses: list[tuple[str, int]]


def _score_run(job: Job, table: CurveTable, out: Path, judge: Judge) -> _Run:
    """Return the scored run of a job; raise `InputError` if it is not finished."""
    path = record_path(out, job.run_id(table.header.space))
    if not path.exists():
        raise InputError(f"run {path.stem} of {job.searcher} on {job.dataset} is not finished under {out}")
    n_before = len(judge[0].accesses)
    header = checked_header(path, table)
    steps = _score_steps(header, path, judge)
    row = _run_row(header, steps, judge)
    timing = {"dataset": job.dataset, "searcher": job.searcher, "seed": job.seed, **read_timing(path)}
    return _Run(row, steps, timing, judge[0].accesses[n_before:])


_STEP_COLUMNS = ["dataset", "searcher", "seed", "time_s", "arch", "test", "valid", "test_regret", "valid_regret", "hit"]


def checked_header(path: Path, table: CurveTable) -> RunHeader:
    """Return the header of a record; raise `DataError` if it was made with other data than `table`."""
    header = read_header(path)
    if header.fingerprint != table.header.fingerprint:
        raise DataError(
            f"{path} was made with the data {header.data} {header.fingerprint}, but --data is {table.stamp} "
            f"{table.header.fingerprint}; choose another --out or the data it was made with"
        )
    return header


def _score_steps(header: RunHeader, path: Path, judge: Judge) -> list[dict[str, Any]]:
    oracle, space = judge
    steps = incumbent_steps(read_rows(path, ("end_s", "incumbent")))
    scores = oracle.score([space.parse(arch) for _, arch in steps], seed=header.seed, who=header.run_id)
    names = {"dataset": header.dataset, "searcher": header.searcher, "seed": header.seed}
    return [
        {**names, "time_s": time_s, "arch": arch, **asdict(value)}
        for (time_s, arch), value in zip(steps, scores, strict=True)
    ]


def _run_row(header: RunHeader, steps: list[dict[str, Any]], judge: Judge) -> dict[str, Any]:
    oracle, space = judge
    final = UNSCORED
    if header.recommended:
        best: Score = oracle.score([space.parse(header.recommended[0])], seed=header.seed, who=header.run_id)[0]
        final = asdict(best)
    kept = asdict(header)
    recommended, settings = kept.pop("recommended"), kept.pop("settings")
    return {
        **kept,
        "settings": as_json(settings),
        "arch": recommended[0] if recommended else "",
        **final,
        "incumbent_hours": steps[-1]["time_s"] / 3600 if steps else None,
    }
