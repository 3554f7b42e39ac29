"""Measured coverage of the intervals, and the size of the test, on simulated data.

Shares have a standard error of about one point at these numbers of repetitions; the bounds are four of them wide.
"""

import time

import numpy as np
import pytest

from harness.stats.aggregates import iqm, mean
from harness.stats.anytime import mean_band
from harness.stats.intervals import interval, wilson
from harness.stats.paired import wilcoxon_p

N_SETS = 500


def _share_covered(metric, truth: float, sets: np.ndarray) -> float:
    rng = np.random.default_rng(1)
    found = (interval(metric, scores, n_resamples=400, rng=rng) for scores in sets)
    return float(np.mean([one.low <= truth <= one.high for one in found]))


@pytest.mark.parametrize("metric", [mean, iqm])
def test_intervals_cover_on_normal_scores(metric) -> None:
    sets = np.random.default_rng(0).normal(size=(N_SETS, 50, 1))
    assert _share_covered(metric, 0.0, sets) == pytest.approx(0.945, abs=0.04)


def test_bca_covers_on_skewed_scores() -> None:
    sets = np.random.default_rng(0).exponential(size=(N_SETS, 50, 1))
    assert _share_covered(mean, 1.0, sets) == pytest.approx(0.93, abs=0.04)


def test_whole_rows_cover_where_seeds_are_shared_between_tasks() -> None:
    """Tasks that move together: resampling them apart would halve the variance, whole rows do not."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(N_SETS, 40, 1)) + 0.1 * rng.normal(size=(N_SETS, 40, 2))
    assert _share_covered(mean, 0.0, shared) == pytest.approx(0.94, abs=0.04)


@pytest.mark.parametrize(("n", "share"), [(20, 0.3), (100, 0.05), (500, 0.9)])
def test_wilson_covers(n: int, share: float) -> None:
    hits = np.random.default_rng(0).binomial(n, share, size=2_000)
    covers = {int(count): wilson(int(count), n).low <= share <= wilson(int(count), n).high for count in set(hits)}
    assert np.mean([covers[count] for count in hits]) == pytest.approx(0.95, abs=0.03)


def test_the_band_covers_at_each_time() -> None:
    curves = np.random.default_rng(0).normal(size=(N_SETS, 50, 4))
    bands = [mean_band(one, n_resamples=400, rng=np.random.default_rng(i)) for i, one in enumerate(curves)]
    covered = np.mean([(band.low <= 0) & (band.high >= 0) for band in bands])
    assert covered == pytest.approx(0.94, abs=0.025)


@pytest.mark.parametrize("n", [20, 80])
def test_wilcoxon_keeps_its_size_under_ties_and_zeros(n: int) -> None:
    """Differences in whole steps, 38 % of them zero: at most 5 % false alarms, and not far fewer."""
    sets = np.random.default_rng(0).normal(size=(1_500, n)).round(0)
    assert np.mean([wilcoxon_p(one) <= 0.05 for one in sets]) == pytest.approx(0.045, abs=0.02)


def test_an_experiment_s_intervals_take_seconds() -> None:
    """14 searchers, 3 data sets, 500 runs, 1,000 resamples: counted in seconds of this process, not of the clock."""
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(14 * 3, 500))
    begin = time.process_time()
    for one in scores:
        interval(mean, one, n_resamples=1_000, rng=rng)
    assert time.process_time() - begin < 3.0
