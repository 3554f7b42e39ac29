"""Kaplan-Meier by hand."""

import numpy as np
import pytest

from harness.stats.survival import kaplan_meier
from pmfnas.core.errors import InputError


def test_a_hand_example_with_early_censoring() -> None:
    """Reached at 1, 3, 3, 6; censored at 2, 3, 8: S = 6/7, 6/7 * 3/5, 6/7 * 3/5 * 1/2."""
    found = kaplan_meier([6, 3, 2, 1, 3, 8, 3], [1, 1, 0, 1, 0, 0, 1])
    assert found.time_s.tolist() == [1.0, 3.0, 6.0]
    assert found.share == pytest.approx([6 / 7, 18 / 35, 9 / 35])
    assert found.median_s == 6.0
    assert found.restricted_mean_s(8.0) == pytest.approx(1 + 2 * 6 / 7 + 3 * 18 / 35 + 2 * 9 / 35)
    assert found.restricted_mean_s(2.0) == pytest.approx(1 + 6 / 7)


def test_the_median_is_reached_at_exactly_one_half() -> None:
    assert kaplan_meier([1, 2, 9, 9], [1, 1, 0, 0]).median_s == 2.0


def test_nobody_arrives() -> None:
    found = kaplan_meier([9.0, 9.0], [False, False])
    assert found.time_s.size == 0
    assert np.isnan(found.median_s)
    assert found.restricted_mean_s(9.0) == 9.0


def test_everybody_arrives() -> None:
    times = np.array([4.0, 1.0, 3.0])
    found = kaplan_meier(times, [True] * 3)
    assert found.share == pytest.approx([2 / 3, 1 / 3, 0])
    assert found.median_s == 3.0
    assert found.restricted_mean_s(100.0) == pytest.approx(times.mean())


def test_with_censoring_at_the_horizon_it_is_the_mean_of_the_minimum() -> None:
    times = np.random.default_rng(0).exponential(5.0, 50)
    found = kaplan_meier(np.minimum(times, 6.0), times <= 6.0)
    assert found.restricted_mean_s(6.0) == pytest.approx(np.minimum(times, 6.0).mean())


@pytest.mark.parametrize(("times", "reached"), [([], []), ([1.0], [True, False]), ([np.nan], [True]), ([-1.0], [True])])
def test_impossible_times_are_refused(times, reached) -> None:
    with pytest.raises(InputError, match="time_s"):
        kaplan_meier(times, reached)
