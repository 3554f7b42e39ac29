"""Regret over time and time to a target, by hand."""

import numpy as np
import pytest

from harness.stats.curves import N_GRID, mean_curves
from harness.stats.progress import summarise_progress
from harness.stats.runs import checked_runs
from pmfnas.core.errors import InputError
from tests.support.frames import BUDGET_S, runs_of, some_runs, steps_of

RUNS = runs_of({"cifar10": {"asha": [94.0, 93.0, 92.0], "late": [94.0, 94.0]}})
BEFORE = {"cifar10": 84.0}


def test_one_searcher_by_hand() -> None:
    """Regret 84 until 100 s, then 2 above the final until 600 s, then the final 0, 1, 2 until 3,600 s."""
    found = summarise_progress(
        RUNS, steps_of(RUNS), before_pct=BEFORE, targets_pct=(1.0, 3.0), rng=np.random.default_rng(0)
    )
    near, wide = (found[(found["searcher"] == "asha") & (found["target"] == target)].iloc[0] for target in (1.0, 3.0))
    assert near["time_averaged_regret"] == pytest.approx((84 * 100 + 3 * 500 + 1 * 3000) / 3600)
    assert near["time_averaged_regret_ci_low"] < near["time_averaged_regret"] < near["time_averaged_regret_ci_high"]
    assert near["reached_share"] == pytest.approx(2 / 3)
    assert near["median_hours"] == 600 / 3600
    assert near["restricted_mean_hours"] == pytest.approx((600 + 600 + 3600) / 3 / 3600)
    assert wide["restricted_mean_hours"] == pytest.approx((100 + 100 + 600) / 3 / 3600)
    assert (wide["n_seeds"], wide["data"], wide["n_workers"]) == (3, "ANCHORED", 2)


def test_runs_without_an_incumbent_count_as_never_there() -> None:
    steps = steps_of(RUNS)
    steps = steps[~((steps["searcher"] == "late") & (steps["seed"] == 0))]
    found = summarise_progress(RUNS, steps, before_pct=BEFORE, targets_pct=(5.0,), rng=np.random.default_rng(0))
    row = found[found["searcher"] == "late"].iloc[0]
    assert row["reached_share"] == 0.5
    assert row["restricted_mean_hours"] == pytest.approx((100 + 3600) / 2 / 3600)


def test_failed_runs_are_left_out_and_rows_of_nan_are_no_steps() -> None:
    runs, steps = RUNS.copy(), steps_of(RUNS)
    runs.loc[(runs["searcher"] == "asha") & (runs["seed"] > 0), "status"] = "failed"
    runs.loc[runs["searcher"] == "late", "status"] = "failed"
    steps.loc[len(steps)] = {**steps.iloc[0], "time_s": 0.0, "test": np.nan, "test_regret": np.nan}
    found = summarise_progress(runs, steps, before_pct=BEFORE, targets_pct=(1.0,), rng=np.random.default_rng(0))
    asha, late = found.iloc[0], found.iloc[1]
    assert (asha["n_seeds"], late["n_seeds"]) == (1, 0)
    assert asha["time_averaged_regret"] == pytest.approx((84 * 100 + 2 * 500) / 3600)
    assert np.isnan([late["time_averaged_regret"], late["median_hours"], late["reached_share"]]).all()


def test_the_regret_before_the_first_incumbent_must_be_given() -> None:
    with pytest.raises(InputError, match="before_pct lacks cifar10"):
        summarise_progress(RUNS, steps_of(RUNS), before_pct={}, rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="steps lacks the column time_s"):
        summarise_progress(RUNS, steps_of(RUNS).drop(columns="time_s"), before_pct=BEFORE, rng=np.random.default_rng(0))


def test_mean_curves_are_in_gpu_hours_and_begin_with_the_last_run() -> None:
    curves = mean_curves(checked_runs(RUNS), steps_of(RUNS), "test", rng=np.random.default_rng(0))["cifar10"]
    assert curves.hours.shape == (N_GRID,)
    assert curves.hours[-1] == pytest.approx(2 * BUDGET_S / 3600)  # two workers
    clock_s = curves.hours * 1800
    mean = curves.bands["asha"].mean
    assert np.isnan(mean[clock_s < 100]).all()
    assert mean[(clock_s > 101) & (clock_s < 599)] == pytest.approx(91.0)
    assert mean[clock_s > 601] == pytest.approx(93.0)


def test_a_band_does_not_depend_on_who_else_is_there() -> None:
    runs, steps = some_runs(), steps_of(some_runs())
    whole = mean_curves(checked_runs(runs), steps, "test", rng=np.random.default_rng(0))
    alone = mean_curves(checked_runs(runs[runs["searcher"] == "asha"]), steps, "test", rng=np.random.default_rng(0))
    assert np.array_equal(whole["cifar100"].bands["asha"].low, alone["cifar100"].bands["asha"].low, equal_nan=True)


def test_nothing_ok_is_nothing_to_draw() -> None:
    with pytest.raises(InputError, match="no ok run"):
        mean_curves(checked_runs(RUNS.assign(status="failed")), steps_of(RUNS), "test", rng=np.random.default_rng(0))
