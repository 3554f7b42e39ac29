"""Ours against scipy, where scipy has it."""

import numpy as np
import pytest
from scipy import stats

from harness.stats.aggregates import iqm, mean, median
from harness.stats.intervals import interval, wilson
from harness.stats.paired import EXACT_UP_TO, wilcoxon_p
from harness.stats.survival import kaplan_meier

RNG = np.random.default_rng(11)


@pytest.mark.parametrize("n", [4, 7, 30, 31])
def test_interquartile_mean(n: int) -> None:
    scores = RNG.normal(size=(n, 2))
    assert iqm(scores) == pytest.approx(stats.trim_mean(scores, 0.25, axis=None))


@pytest.mark.parametrize(("metric", "theirs", "slack"), [(mean, np.mean, 0.05), (median, np.median, 0.12)])
@pytest.mark.parametrize("n", [25, 100])
def test_bca_intervals_agree(metric, theirs, slack: float, n: int) -> None:
    scores = np.random.default_rng(n).gamma(2.0, size=n)
    ours = interval(metric, scores, n_resamples=9_999, rng=np.random.default_rng(0))
    reference = stats.bootstrap(
        (scores,), theirs, n_resamples=9_999, method="BCa", vectorized=True, rng=np.random.default_rng(1)
    ).confidence_interval
    # Both are random; a median's replicates jump from score to score, which widens what chance can do.
    width = reference.high - reference.low
    assert ours.low == pytest.approx(reference.low, abs=slack * width)
    assert ours.high == pytest.approx(reference.high, abs=slack * width)


@pytest.mark.parametrize("n", [5, 12, EXACT_UP_TO])
def test_exact_wilcoxon_without_ties(n: int) -> None:
    differences = RNG.normal(0.2, 1.0, n)
    assert wilcoxon_p(differences) == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue)


def test_wilcoxon_of_many_pairs_and_where_the_two_ways_meet() -> None:
    differences = RNG.normal(0.1, 1.0, 500).round(1)
    reference = stats.wilcoxon(differences, zero_method="pratt", method="approx")
    assert wilcoxon_p(differences) == pytest.approx(reference.pvalue)
    at_the_border = RNG.normal(0.3, 1.0, EXACT_UP_TO)
    assert wilcoxon_p(at_the_border) == pytest.approx(stats.wilcoxon(at_the_border, method="approx").pvalue, abs=0.01)


@pytest.mark.parametrize(("hits", "n"), [(0, 20), (3, 20), (250, 500), (20, 20)])
def test_wilson(hits: int, n: int) -> None:
    ours = wilson(hits, n)
    reference = stats.binomtest(hits, n).proportion_ci(0.95, method="wilson")
    assert (ours.low, ours.high) == (pytest.approx(reference.low), pytest.approx(reference.high))


def test_kaplan_meier() -> None:
    times = RNG.integers(1, 30, 60).astype(float)
    reached = RNG.random(60) < 0.6
    ours = kaplan_meier(times, reached)
    reference = stats.ecdf(stats.CensoredData(uncensored=times[reached], right=times[~reached])).sf
    assert ours.share == pytest.approx(reference.evaluate(ours.time_s))
