"""Paired differences: signed ranks by hand and by enumeration, Holm by hand, power against known values."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.stats.paired import holm, outcomes, rank_biserial, signed_ranks, wilcoxon_p
from harness.stats.power import detectable_difference
from pmfnas.core.errors import InputError

DIFFERENCES = [0.0, 0.3, -0.1, 0.3, 0.5]  # ranks 1, 3.5, 2, 3.5, 5


def test_signed_ranks_by_hand() -> None:
    assert signed_ranks(DIFFERENCES).tolist() == [0, 3.5, -2, 3.5, 5]
    assert outcomes(DIFFERENCES) == (3, 1, 1)
    assert rank_biserial(DIFFERENCES) == (12 - 2) / 15
    assert rank_biserial([-d for d in DIFFERENCES]) == -10 / 15


def test_the_sign_says_who_is_better() -> None:
    assert rank_biserial([0.1, 0.2]) == 1.0
    assert rank_biserial([-0.1, -0.2]) == -1.0
    assert rank_biserial([0.0, 0.0]) == 0.0


def test_rounding_does_not_break_ties() -> None:
    assert signed_ranks([0.3, 0.1 + 0.2, -0.3]).tolist() == [2, 2, -2]
    assert signed_ranks([93.1 - 93.1 + 1e-14, 1.0]).tolist() == [0, 2]


def _enumerated_p(differences: list[float]) -> float:
    """The share of all sign vectors whose positive rank sum is as far from the middle as the one seen."""
    ranks = signed_ranks(differences)
    moved = np.abs(ranks[ranks != 0])
    middle = moved.sum() / 2
    seen = abs(ranks[ranks > 0].sum() - middle)
    sums = np.array([moved @ np.array(signs) for signs in product((0, 1), repeat=len(moved))])
    return float(np.mean(np.abs(sums - middle) >= seen - 1e-9))


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
@settings(max_examples=80, deadline=None)
def test_p_by_enumeration(whole: list[int]) -> None:
    differences = [value / 10 for value in whole]
    assert wilcoxon_p(differences) == pytest.approx(_enumerated_p(differences))


def test_p_by_hand() -> None:
    assert wilcoxon_p([1, 2, 3, 4, 5]) == 2 / 2**5
    assert wilcoxon_p([1, 2, 3, 4, -5]) == 2 * 10 / 2**5  # ten of the subsets of 1..5 sum to 5 or less
    assert wilcoxon_p([0.0] * 30) == 1.0


@given(st.lists(st.floats(-1, 1, width=16), min_size=1, max_size=80))
@settings(max_examples=60, deadline=None)
def test_p_and_effect_do_not_depend_on_direction_or_order(differences: list[float]) -> None:
    p, effect = wilcoxon_p(differences), rank_biserial(differences)
    assert 0 < p <= 1
    assert -1 <= effect <= 1
    assert wilcoxon_p([-d for d in differences]) == pytest.approx(p)
    assert rank_biserial([-d for d in differences]) == pytest.approx(-effect)
    assert wilcoxon_p(sorted(differences)) == pytest.approx(p)


def test_nan_is_refused() -> None:
    with pytest.raises(InputError, match="1 NaN"):
        wilcoxon_p([0.1, float("nan")])


def test_holm_by_hand() -> None:
    """Sorted .005 .01 .03 .04 times 4 3 2 1 is .02 .03 .06 .04; the running maximum makes the last .06."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_leaves_nan_out_of_the_family() -> None:
    assert np.array_equal(holm([np.nan, 0.04, 0.5]), [np.nan, 0.08, 0.5], equal_nan=True)
    assert holm([0.9, 0.8]).tolist() == [1.0, 1.0]
    assert holm([]).size == 0
    assert np.isnan(holm([np.nan])).all()


@pytest.mark.parametrize(("n", "effect"), [(15, 0.8), (34, 0.5), (199, 0.2)])
def test_detectable_difference_against_power_tables(n: int, effect: float) -> None:
    """Cohen's tables: a paired t-test of two-sided level .05 needs these n for power .8 at small to large effects."""
    assert detectable_difference(1.0, n) <= effect < detectable_difference(1.0, n - 1)
    assert detectable_difference(0.3, n) == pytest.approx(0.3 * detectable_difference(1.0, n))


def test_detectable_difference_by_simulation() -> None:
    """At the difference found, about 80 % of simulated t-tests reject (standard error of the share: .6 points)."""
    n, n_sets = 20, 4000
    drawn = np.random.default_rng(0).normal(detectable_difference(1.0, n), 1.0, size=(n_sets, n))
    assert np.mean(stats.ttest_1samp(drawn, 0.0, axis=1).pvalue < 0.05) == pytest.approx(0.8, abs=0.025)


def test_detectable_difference_at_the_edges() -> None:
    assert np.isnan(detectable_difference(1.0, 1))
    assert np.isnan(detectable_difference(float("nan"), 30))
    assert detectable_difference(0.0, 30) == 0.0
    assert detectable_difference(1.0, 2) > detectable_difference(1.0, 3) > detectable_difference(1.0, 4)
    with pytest.raises(InputError, match=r"power is 0\.01"):
        detectable_difference(1.0, 30, power=0.01)
