"""The frames that statistics are computed from: their columns, one check, and their conversion to matrices.

`runs` has one row per finished run:

    experiment, dataset, searcher, seed     what ran
    status, why                             "ok" or "failed", and the reason of a failure
    data, fingerprint                       stamp (such as ANCHORED) and fingerprint of the benchmark's data
    budget_s, n_workers, accounting         the rules it ran under
    arch                                    official string of the final recommendation, "" if none
    valid, test                             200@200 validation and trial-mean test of that arch, percent
    valid_regret, test_regret               percent points below the best
    hit                                     whether the arch is a best one by trial-mean test
    gpu_hours_resume, gpu_hours_restart, busy_hours, evaluations
    incumbent_hours                         hours of the clock at which the recommendation was reached for good

`timings` has what depends on the host, one row per run: dataset, searcher, seed, searcher_s, wall_s.

`steps` has one row per new incumbent: dataset, searcher, seed, time_s, arch, test, valid, test_regret, valid_regret.
A step holds from its time on; rows with NaN say that there is no incumbent yet and are left out.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from harness.stats.anytime import Steps
from harness.stats.anytime import steps as ordered_steps
from pmfnas.core.errors import InputError
from pmfnas.core.types import FloatArray

Group: TypeAlias = tuple[str, str]
"""(dataset, searcher)."""

RULES = ("experiment", "data", "fingerprint", "budget_s", "n_workers", "accounting")
"""Columns in which all runs on a data set must agree."""

RUN_COLUMNS = (
    *("dataset", "searcher", "seed", "status", "why", *RULES),
    *("arch", "valid", "test", "valid_regret", "test_regret", "hit"),
    *("gpu_hours_resume", "gpu_hours_restart", "busy_hours", "evaluations", "incumbent_hours"),
)
TIMING_COLUMNS = ("dataset", "searcher", "seed", "searcher_s")
STEP_COLUMNS = ("dataset", "searcher", "seed", "time_s", "test", "valid", "test_regret", "valid_regret")

_KEY = ["dataset", "searcher", "seed"]


def checked_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs by data set, searcher and seed, with a column `ok`.

    A run counts as ok if its status is "ok" and it has a finite test accuracy; otherwise `why` says what it lacks.

    Raises:
        InputError: no rows, a missing column, a run given twice, an unknown status, or runs on one data set
            under different `RULES`.
    """
    require(runs, RUN_COLUMNS, "runs")
    if runs.empty:
        raise InputError("runs has 0 rows, but at least 1 finished run is needed")
    _refuse_twice(runs, "runs")
    strange = sorted(set(runs["status"]) - {"ok", "failed"})
    if strange:
        raise InputError(f"runs has the status {strange[0]!r}, but must be 'ok' or 'failed'")
    for dataset, group in runs.groupby("dataset"):
        _refuse_mixed(str(dataset), group)
    ordered = runs.sort_values(_KEY, ignore_index=True)
    finished = ordered["status"] == "ok"
    scored = np.isfinite(ordered["test"].astype(np.float64))
    if ordered.loc[finished & scored, "hit"].isna().any():
        raise InputError("runs has an ok run without hit; the oracle must say whether its arch is a best one")
    lacks = np.where(finished, "no score", "no reason given")
    why = ordered["why"].fillna("").astype(str)
    return ordered.assign(ok=finished & scored, why=why.where(why != "", lacks))


def require(frame: pd.DataFrame, columns: Sequence[str], name: str) -> None:
    """Raise `InputError` unless the frame `name` has all `columns`."""
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise InputError(f"{name} lacks the column {', '.join(missing)}; it has {', '.join(map(str, frame.columns))}")


def _refuse_twice(frame: pd.DataFrame, name: str) -> None:
    twice = frame.duplicated(_KEY)
    if twice.any():
        row = frame[twice].iloc[0]
        raise InputError(
            f"{name} has {row['dataset']}/{row['searcher']} seed {row['seed']} twice; give the runs of one experiment"
        )


def _refuse_mixed(dataset: str, group: pd.DataFrame) -> None:
    for rule in RULES:
        values = sorted(map(str, group[rule].unique()))
        if len(values) > 1:
            raise InputError(
                f"runs on {dataset} have {rule} {' and '.join(values)}, which do not compare; summarise them apart"
            )


def groups(checked: pd.DataFrame) -> Mapping[Group, pd.DataFrame]:
    """Return the runs of each (dataset, searcher), by name."""
    parts = {(str(dataset), str(searcher)): group for (dataset, searcher), group in checked.groupby(_KEY[:2])}
    return MappingProxyType({name: parts[name] for name in sorted(parts, key=lambda name: (name[0].lower(), name))})


def scores(group: pd.DataFrame, column: str) -> FloatArray:
    """Return a column of the ok runs in the order of their seeds, shape (n_ok,)."""
    return np.asarray(group.loc[group["ok"], column], dtype=np.float64)


def by_seed(group: pd.DataFrame, column: str) -> "pd.Series[float]":
    """Return a column of the ok runs as float, indexed by seed."""
    return pd.Series(scores(group, column), index=group.loc[group["ok"], "seed"].to_numpy())


def run_steps(frame: pd.DataFrame, checked: pd.DataFrame, column: str) -> Mapping[Group, Steps]:
    """Return the steps of each group's ok runs, numbered in the order of their seeds.

    Args:
        frame: the `steps` frame.
        checked: runs from `checked_runs`; a run without steps is one that never had an incumbent.
        column: what the incumbents are valued by, such as "test".
    """
    require(frame, STEP_COLUMNS, "steps")
    known = frame[frame[column].notna()]
    parts: dict[Any, pd.DataFrame] = dict(iter(known.groupby(_KEY[:2])))
    result: dict[Group, Steps] = {}
    for group, rows in groups(checked).items():
        seeds = pd.Index(rows.loc[rows["ok"], "seed"])
        part = parts.get(group, known.iloc[:0])
        number = seeds.get_indexer(part["seed"])
        part, number = part[number >= 0], number[number >= 0]
        result[group] = ordered_steps(number, part["time_s"], part[column], n_runs=len(seeds))
    return MappingProxyType(result)
