"""How fast: regret averaged over time, and the time to a target, one row per data set and searcher."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from harness.stats.aggregates import mean
from harness.stats.anytime import Steps, first_at_most, median_arrival_s, time_average
from harness.stats.intervals import interval
from harness.stats.runs import RULES, checked_runs, groups, run_steps
from pmfnas.core.errors import InputError
from pmfnas.core.rng import stream


def summarise_progress(
    runs: pd.DataFrame,
    steps: pd.DataFrame,
    *,
    before_pct: Mapping[str, float],
    targets_pct: Sequence[float] = (1.0, 0.5),
    column: str = "test_regret",
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return one row per data set, searcher and target, over the ok runs.

    Columns: dataset, searcher, data, fingerprint, experiment, budget_s, n_workers, accounting, n_seeds;
    `time_averaged_regret` over [0, budget] with `_ci_low` and `_ci_high`; `target` (regret, percent points),
    `reached_share`, `median_hours` (Kaplan-Meier; NaN where fewer than half get there), `restricted_mean_hours` (a
    run counts at most the budget) with `_ci_low` and `_ci_high`. Hours are of the clock.

    Args:
        runs: see `harness.stats.runs`.
        steps: see there.
        before_pct: regret per data set while a run has no incumbent, such as best accuracy less chance.
        targets_pct: regrets to be reached.
        column: "test_regret" or "valid_regret".
        rng: seeds the bootstrap.

    Raises:
        InputError: a data set that `before_pct` lacks, or frames not as described.
    """
    checked = checked_runs(runs)
    curves = run_steps(steps, checked, column)
    seed = int(rng.integers(2**62))
    records: list[dict[str, Any]] = []
    for (dataset, searcher), rows in groups(checked).items():
        if dataset not in before_pct:
            raise InputError(f"before_pct lacks {dataset}; give the regret while nothing is recommended")
        given = curves[dataset, searcher]
        budget_s = float(rows["budget_s"].iloc[0])
        rng_of = f"{dataset}/{searcher}/progress"
        identity: dict[str, Any] = {"dataset": dataset, "searcher": searcher}
        identity |= {rule: rows[rule].iloc[0] for rule in RULES} | {"n_seeds": given.n_runs}
        averaged = _averaged(given, budget_s, before_pct[dataset], rng=stream(seed, rng_of))
        for target in targets_pct:
            timed = _timed(given, target, budget_s, rng=stream(seed, f"{rng_of}/{target}"))
            records.append(identity | averaged | timed)
    return pd.DataFrame(records)


def _averaged(given: Steps, budget_s: float, before: float, *, rng: np.random.Generator) -> dict[str, float]:
    names = ("time_averaged_regret", "time_averaged_regret_ci_low", "time_averaged_regret_ci_high")
    if given.n_runs == 0:
        return dict.fromkeys(names, np.nan)
    found = interval(mean, time_average(given, start_s=0.0, stop_s=budget_s, before=before), rng=rng)
    return dict(zip(names, (found.estimate, found.low, found.high), strict=True))


def _timed(given: Steps, target: float, budget_s: float, *, rng: np.random.Generator) -> dict[str, float]:
    names = ("reached_share", "median_hours", *(f"restricted_mean_hours{end}" for end in ("", "_ci_low", "_ci_high")))
    if given.n_runs == 0:
        return {"target": target} | dict.fromkeys(names, np.nan)
    times, reached = first_at_most(given, target, end_s=budget_s)
    limited = interval(mean, times, rng=rng)
    hours = np.array([median_arrival_s(times, reached), limited.estimate, limited.low, limited.high]) / 3600
    return {"target": target} | dict(zip(names, (float(reached.mean()), *map(float, hours)), strict=True))
