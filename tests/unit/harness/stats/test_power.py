"""How many pairs show a difference: the inverse of what a number of pairs can show, and against simulation."""

import numpy as np
import pytest

from harness.stats.paired import wilcoxon_p
from harness.stats.power import detectable_difference, pairs_to_detect

EFFICIENCY = np.sqrt(3 / np.pi)


@pytest.mark.parametrize(("difference", "std", "alpha"), [(0.1, 0.5, 0.05), (-0.3, 0.5, 0.05), (0.2, 0.4, 0.05 / 6)])
def test_it_is_the_fewest_pairs_that_can_show_the_difference(difference, std, alpha):
    n = pairs_to_detect(difference, std, alpha=alpha)
    shown = [detectable_difference(std, m, alpha=alpha) / EFFICIENCY for m in (n - 1, n)]
    assert shown[1] <= abs(difference) < shown[0]


@pytest.mark.parametrize(("difference", "std"), [(0.0, 0.5), (0.0, 0.0), (np.nan, 0.5), (0.1, np.nan), (1e-4, 1.0)])
def test_what_no_number_shows(difference, std):
    assert pairs_to_detect(difference, std) is None


def test_differences_without_spread_need_two_pairs():
    assert pairs_to_detect(0.1, 0.0) == 2


def test_that_many_pairs_show_a_normal_difference_as_often_as_promised():
    n = pairs_to_detect(0.5, 1.0)
    drawn = np.random.default_rng(3).normal(0.5, 1.0, (600, n))
    share = np.mean([wilcoxon_p(row) < 0.05 for row in drawn])
    assert share == pytest.approx(0.8, abs=0.05)  # three standard errors
