"""Ranks over data sets against published critical values, scipy, and groups worked out by hand."""

import numpy as np
import pytest
from scipy import stats

from harness.stats.ranking import Ranking, critical_difference, ranking
from pmfnas.core.errors import InputError

# Demšar 2006 (JMLR 7:1-30), table 5a: q at 5 % for 2 to 10 classifiers.
Q05 = {2: 1.960, 3: 2.343, 4: 2.569, 5: 2.728, 6: 2.850, 7: 2.949, 8: 3.031, 9: 3.102, 10: 3.164}


@pytest.mark.parametrize("k", Q05)
def test_the_critical_difference_is_the_published_one(k):
    for n in (3, 14, 30):
        assert critical_difference(k, n) == pytest.approx(Q05[k] * np.sqrt(k * (k + 1) / (6 * n)), abs=2e-3 * k)


def test_ranks_by_hand_best_first():
    found = ranking(["a", "b", "c"], [[1.0, 5.0], [3.0, 5.0], [2.0, 9.0]])
    # on the first data set b, c, a; on the second c, then a and b tied
    assert found.searchers == ("c", "b", "a")
    assert found.mean_ranks.tolist() == [1.5, 1.75, 2.75]
    assert found.n_datasets == 2


def test_friedman_is_scipys():
    scores = np.random.default_rng(3).normal(size=(5, 12)) + np.arange(5)[:, None]
    assert ranking(list("abcde"), scores).friedman_p == stats.friedmanchisquare(*scores).pvalue
    assert ranking(list("abc"), np.ones((3, 4))).friedman_p == 1.0
    assert np.isnan(ranking(["a", "b"], [[1.0, 2.0], [2.0, 1.0]]).friedman_p)
    assert np.isnan(ranking(list("abc"), [[1.0], [2.0], [3.0]]).friedman_p)


def test_groups_are_the_largest_ones_and_only_of_two_or_more():
    ranks = np.array([1.0, 1.5, 2.5, 4.0, 9.0])
    assert Ranking(tuple("abcde"), ranks, 30, 0.0, 1.5).groups == ((0, 2), (2, 3))
    assert Ranking(tuple("abcde"), ranks, 30, 0.0, 0.4).groups == ()
    assert Ranking(tuple("abcde"), ranks, 30, 0.0, 8.0).groups == ((0, 4),)


def test_with_three_data_sets_ten_searchers_in_perfect_order_are_hardly_told_apart():
    found = ranking([f"s{i}" for i in range(10)], -np.tile(np.arange(10.0)[:, None], 3))
    assert found.critical_difference == pytest.approx(7.82, abs=0.01)
    assert found.groups == ((0, 7), (1, 8), (2, 9))


@pytest.mark.parametrize(
    ("names", "scores", "message"),
    [
        (["a"], [[1.0]], "at least 2 searchers"),
        (["a", "b"], [[1.0], [2.0], [3.0]], r"shape \(3, 1\) for 2 searchers"),
        (["a", "b"], [[], []], "at least 2 searchers and 1 data set"),
        (["a", "b"], [[1.0, np.nan], [2.0, 3.0]], "scores hold NaN"),
    ],
)
def test_scores_that_cannot_be_ranked(names, scores, message):
    with pytest.raises(InputError, match=message):
        ranking(names, scores)
