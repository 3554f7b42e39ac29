"""Ours against scipy, where scipy has it."""

import numpy as np
import pytest
from scipy import stats

from harness.stats.aggregates import mean, median
from harness.stats.intervals import interval
from harness.stats.paired import EXACT_UP_TO, wilcoxon_p

RNG = np.random.default_rng(11)


@pytest.mark.parametrize(("metric", "theirs"), [(mean, np.mean), (median, np.median)])
@pytest.mark.parametrize("n", [25, 100])
def test_bca_intervals_of_scores_that_vary_are_the_same(metric, theirs, n: int) -> None:
    scores = np.random.default_rng(n).gamma(2.0, size=n).round(1)
    ours = interval(metric, scores, n_resamples=2_000, rng=np.random.default_rng(0))
    reference = stats.bootstrap(
        (scores,), theirs, n_resamples=2_000, method="BCa", vectorized=True, rng=np.random.default_rng(0)
    ).confidence_interval
    assert (ours.low, ours.high) == (pytest.approx(reference.low), pytest.approx(reference.high))


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
