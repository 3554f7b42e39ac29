"""Shares of runs, by hand on few runs: profiles over the regret, arrivals over time with censoring."""

import numpy as np
import pytest
from scipy import stats

from harness.stats.reaching import ALL, arrivals, profiles
from harness.stats.runs import checked_runs
from tests.support.frames import runs_of, steps_of

# Best: 94 on cifar10, 73 on cifar100. Regrets of a: 0, 1, 2, 4 and 1, 1, 1, 1; of b: 3 and 0 everywhere.
RUNS = runs_of(
    {
        "cifar10": {"a": [94.0, 93.0, 92.0, 90.0], "b": [91.0] * 4},
        "cifar100": {"a": [72.0] * 4, "b": [73.0] * 4},
    }
)
REGRETS = np.array([0.5, 1.0, 2.5, 5.0])


@pytest.fixture
def checked():
    return checked_runs(RUNS)


def test_profiles_are_shares_of_runs(checked):
    found = profiles(checked, REGRETS, rng=np.random.default_rng(0))
    assert list(found) == ["cifar10", "cifar100", ALL]
    assert found["cifar10"].bands["a"].mean.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert found["cifar10"].bands["b"].mean.tolist() == [0, 0, 0, 1]
    assert found["cifar100"].bands["a"].mean.tolist() == [0, 1, 1, 1]
    assert found[ALL].bands["a"].mean.tolist() == [0.125, 0.75, 0.875, 1.0]
    assert found[ALL].bands["b"].mean.tolist() == [0.5, 0.5, 0.5, 1.0]
    assert found["cifar10"].bands["a"].n == 4


def test_bands_hold_the_share_and_are_paired_over_data_sets(checked):
    for shares in profiles(checked, REGRETS, rng=np.random.default_rng(0)).values():
        for band in shares.bands.values():
            assert np.all(band.low <= band.mean)
            assert np.all(band.mean <= band.high)
            assert np.all(np.diff(band.mean) >= 0)
    pooled = profiles(checked, REGRETS, rng=np.random.default_rng(0))[ALL].bands["b"]
    assert pooled.low.tolist() == pooled.high.tolist() == [0.5, 0.5, 0.5, 1.0]  # every seed is alike


def test_a_searcher_without_a_data_set_is_left_out_of_the_pooled_profile_only():
    runs = checked_runs(RUNS[~((RUNS["searcher"] == "b") & (RUNS["dataset"] == "cifar100"))])
    found = profiles(runs, REGRETS, rng=np.random.default_rng(0))
    assert set(found["cifar10"].bands) == {"a", "b"}
    assert set(found[ALL].bands) == {"a"}


def test_others_do_not_move_a_band(checked):
    alone = checked_runs(RUNS[RUNS["searcher"] == "a"])
    one, both = (profiles(runs, REGRETS, rng=np.random.default_rng(0)) for runs in (alone, checked))
    assert one["cifar10"].bands["a"].low.tolist() == both["cifar10"].bands["a"].low.tolist()


def test_arrivals_censor_the_runs_that_never_get_there(checked):
    # The final arch comes at 600 s of 3,600 s, two workers: 1/3 GPU-hour.
    found = arrivals(checked, steps_of(RUNS), 1.0, rng=np.random.default_rng(0))["cifar10"]
    there = found.at >= 600 * 2 / 3600 - 1e-9
    assert there.any()
    assert found.at[-1] == pytest.approx(2.0)
    assert np.unique(found.bands["a"].mean[there]) == pytest.approx([0.5])
    assert np.unique(found.bands["a"].mean[~there]) == pytest.approx([0.0])
    assert found.n_censored == {"a": 2, "b": 4}


def test_arrivals_are_one_less_the_product_limit_estimate(checked):
    found = arrivals(checked, steps_of(RUNS), 3.0, rng=np.random.default_rng(0))["cifar10"].bands["a"]
    # Regrets of 0 and 1 are within 3 points already from 100 s on, with two points more; 4 never is.
    times = stats.CensoredData.right_censored([100.0, 100.0, 600.0, 3600.0], [False, False, False, True])
    estimate = stats.ecdf(times).sf.probabilities
    assert sorted(set(found.mean.round(12))) == sorted({0.0, *(1 - estimate).round(12)})
    assert np.all((found.low <= found.mean) & (found.mean <= found.high))


def test_a_searcher_whose_runs_all_failed_has_no_curve():
    runs = RUNS.copy()
    runs.loc[runs["searcher"] == "b", "status"] = "failed"
    found = arrivals(checked_runs(runs), steps_of(runs[runs["status"] == "ok"]), 1.0, rng=np.random.default_rng(0))
    assert all(set(shares.bands) == {"a"} for shares in found.values())
