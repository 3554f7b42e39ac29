"""Probability of improvement: by hand on a few runs."""

import numpy as np
import pytest

from harness.stats.improvement import probability_of_improvement
from pmfnas.core.errors import InputError


def _of(ours, theirs):
    return probability_of_improvement(ours, theirs, rng=np.random.default_rng(0))


def test_pairs_are_counted_and_ties_are_half():
    # pairs: 3>1, 3>2, 2>1, 2=2 -> (1 + 1 + 1 + .5) / 4
    assert _of([[3.0, 2.0]], [[1.0, 2.0]]).estimate == pytest.approx(3.5 / 4)
    assert _of([[1.0, 2.0]], [[3.0, 2.0]]).estimate == pytest.approx(0.5 / 4)


def test_data_sets_count_the_same_whatever_their_runs():
    # 1 on the first, (0 + 0 + 0 + 1) / 4 on the second
    assert _of([[2.0], [1.0, 1.0, 1.0, 3.0]], [[1.0], [2.0]]).estimate == pytest.approx((1 + 0.25) / 2)


def test_the_interval_holds_the_estimate_and_has_no_width_where_all_runs_are_alike():
    ours, theirs = np.random.default_rng(1).normal(0.3, 1, 40), np.random.default_rng(2).normal(0, 1, 30)
    found = _of([ours], [theirs])
    assert 0 < found.low < found.estimate < found.high < 1
    # Standard error of a Mann-Whitney statistic of such samples: about .07
    assert 0.15 < found.high - found.low < 0.4
    assert found.n == 30
    sure = _of([[2.0, 2.0]], [[1.0, 1.0]])
    assert (sure.low, sure.estimate, sure.high) == (1.0, 1.0, 1.0)


def test_single_runs_have_no_interval():
    alone = _of([[2.0]], [[1.0]])
    assert alone.estimate == 1.0
    assert np.isnan([alone.low, alone.high]).all()


@pytest.mark.parametrize(("ours", "theirs"), [([], []), ([[1.0]], [[1.0], [2.0]]), ([[1.0]], [[]])])
def test_data_sets_must_fit_and_have_runs(ours, theirs):
    with pytest.raises(InputError, match="data sets"):
        _of(ours, theirs)
