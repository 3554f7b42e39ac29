"""Intervals: by hand, by limits, and that the generator given is the one that draws."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from harness.stats.aggregates import iqm, mean, median
from harness.stats.intervals import interval, wilson
from pmfnas.core.errors import InputError


def test_equal_scores_give_a_point() -> None:
    found = interval(mean, [93.1] * 30, rng=np.random.default_rng(0))
    assert (found.low, found.high, found.n) == (pytest.approx(93.1), pytest.approx(93.1), 30)


def test_one_run_has_no_interval() -> None:
    found = interval(mean, [93.1], rng=np.random.default_rng(0))
    assert found.estimate == 93.1
    assert np.isnan([found.low, found.high]).all()


@pytest.mark.parametrize("metric", [mean, median, iqm])
def test_the_generator_decides_and_the_estimate_lies_inside(metric) -> None:
    scores = np.random.default_rng(1).normal(size=(40, 2))
    first, again, other = (interval(metric, scores, n_resamples=200, rng=np.random.default_rng(s)) for s in (5, 5, 6))
    assert first == again
    assert (first.low, first.high) != (other.low, other.high)
    assert first.low < first.estimate < first.high
    assert first.estimate == metric(scores)


def test_the_bootstrap_of_two_runs_by_enumeration() -> None:
    """Resamples of {0, 1} have the mean 0, 1/2, 1 with the chances 1/4, 1/2, 1/4, so every 95 % interval is [0, 1]."""
    found = interval(mean, [0.0, 1.0], rng=np.random.default_rng(0))
    assert (found.low, found.high) == (0.0, 1.0)


def test_a_higher_level_is_wider() -> None:
    scores = np.random.default_rng(1).normal(size=30)
    narrow, wide = (interval(mean, scores, level=level, rng=np.random.default_rng(0)) for level in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_rows_stay_together() -> None:
    """Two tasks that mirror each other have a constant mean per run, which only whole rows keep."""
    left = np.random.default_rng(2).normal(size=30)
    mirrored = np.column_stack([left, -left])
    paired = interval(mean, mirrored, rng=np.random.default_rng(0))
    assert paired.high - paired.low < 1e-12


def test_bca_leans_with_the_skew() -> None:
    scores = np.random.default_rng(3).exponential(size=40)
    bca = interval(mean, scores, rng=np.random.default_rng(0))
    percentile = bootstrap((scores,), np.mean, n_resamples=2000, method="percentile", rng=np.random.default_rng(0))
    assert bca.low > percentile.confidence_interval.low
    assert bca.high > percentile.confidence_interval.high


def test_tied_scores_do_not_hang_on_the_order_of_a_sum() -> None:
    """Tenths have rounding errors, whole numbers have none: the intervals differ in the unit alone."""
    whole = np.random.default_rng(0).integers(0, 3, 21)
    tenths, ones = (interval(mean, whole * unit, rng=np.random.default_rng(1)) for unit in (0.1, 1.0))
    assert (10 * tenths.low, 10 * tenths.high) == pytest.approx((ones.low, ones.high), abs=1e-7)


def test_large_samples_are_drawn_in_parts() -> None:
    scores = np.arange(5000.0)
    found = interval(mean, scores, n_resamples=500, rng=np.random.default_rng(0))
    error = scores.std() / np.sqrt(len(scores))
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.12)


def test_wilson_by_hand() -> None:
    """8 of 10: centre (.8 + z2/20) / (1 + z2/10), half width z sqrt(.016 + z2/400) / (1 + z2/10), z2 = 3.8415."""
    found = wilson(8, 10)
    assert found.estimate == 0.8
    assert (found.low, found.high) == (pytest.approx(0.49016, abs=1e-5), pytest.approx(0.94332, abs=1e-5))


@pytest.mark.parametrize("n", [1, 20, 500])
def test_wilson_at_the_ends_keeps_a_width(n: int) -> None:
    none, all_of_them = wilson(0, n), wilson(n, n)
    assert none.low == 0.0
    assert 0 < none.high == pytest.approx(1 - all_of_them.low)
    assert all_of_them.high == 1.0


def test_wilson_of_nothing_is_unknown() -> None:
    assert np.isnan(wilson(0, 0).estimate)
    with pytest.raises(InputError, match="n_hits is 3"):
        wilson(3, 2)


@pytest.mark.parametrize(("wrong", "message"), [({"level": 1.0}, "level is 1"), ({"n_resamples": 20}, "n_resamples")])
def test_impossible_settings_are_refused(wrong, message) -> None:
    with pytest.raises(InputError, match=message):
        interval(mean, [1.0, 2.0], rng=np.random.default_rng(0), **wrong)
