"""Step functions of time by hand, on the grid and exactly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats.anytime import first_at_most, mean_band, median_arrival_s, on_grid, steps, time_average
from pmfnas.core.errors import InputError

# Run 0: 5 from 2 s, 3 from 6 s. Run 1: 4 from 4 s. Run 2 never has an incumbent. Given out of order.
GIVEN = steps([0, 1, 0], [6.0, 4.0, 2.0], [3.0, 4.0, 5.0], n_runs=3)
N = np.nan


def test_steps_are_continuous_from_the_right() -> None:
    grid = np.array([0.0, 2.0, 3.9, 4.0, 5.9, 6.0, 9.0])
    expected = [[N, 5, 5, 5, 5, 3, 3], [N, N, N, 4, 4, 4, 4], [N] * 7]
    assert np.array_equal(on_grid(GIVEN, grid), expected, equal_nan=True)


def test_of_two_steps_at_one_time_the_later_counts() -> None:
    given = steps([0, 0], [1.0, 1.0], [7.0, 8.0], n_runs=1)
    assert on_grid(given, np.array([1.0])) == [[8.0]]
    assert time_average(given, start_s=0, stop_s=2, before=0.0) == [4.0]


def test_no_steps_at_all() -> None:
    given = steps([], [], [], n_runs=2)
    assert np.isnan(on_grid(given, np.array([1.0, 2.0]))).all()
    assert time_average(given, start_s=0, stop_s=4, before=9.0).tolist() == [9.0, 9.0]


def test_time_average_by_hand() -> None:
    """Over 0..10 with 10 before: (2*10 + 4*5 + 4*3) / 10, (4*10 + 6*4) / 10, 10."""
    assert time_average(GIVEN, start_s=0, stop_s=10, before=10.0) == pytest.approx([5.2, 6.4, 10.0])
    assert time_average(GIVEN, start_s=3, stop_s=5, before=10.0) == pytest.approx([5.0, 7.0, 10.0])
    assert time_average(GIVEN, start_s=7, stop_s=9, before=10.0) == pytest.approx([3.0, 4.0, 10.0])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40), st.integers(0, 9)), max_size=30))
@settings(max_examples=60, deadline=None)
def test_area_and_grid_agree_with_a_plain_loop(rows: list[tuple[int, int, int]]) -> None:
    given = steps([r for r, _, _ in rows], [t for _, t, _ in rows], [v for _, _, v in rows], n_runs=4)
    grid = np.arange(30.0)
    expected = np.full((4, 30), np.nan)
    for run, time_s, value in sorted(rows, key=lambda row: row[1]):  # stable: the later of two at one time wins
        expected[run, grid >= time_s] = value
    assert np.array_equal(on_grid(given, grid), expected, equal_nan=True)
    # All steps are at whole seconds, so the area is the sum over the grid.
    area = time_average(given, start_s=0, stop_s=30, before=50.0)
    assert area == pytest.approx(np.nan_to_num(expected, nan=50.0).mean(axis=1))


def test_first_at_most_by_hand() -> None:
    times, reached = first_at_most(GIVEN, 4.0, end_s=10.0)
    assert times.tolist() == [6.0, 4.0, 10.0]
    assert reached.tolist() == [True, True, False]
    times, reached = first_at_most(GIVEN, 4.0, end_s=5.0)
    assert times.tolist() == [5.0, 4.0, 5.0]
    assert reached.tolist() == [False, True, False]


def test_a_band_begins_when_every_run_has_an_incumbent() -> None:
    curves = on_grid(steps([0, 0, 1], [0.0, 2.0, 1.0], [6.0, 2.0, 4.0], n_runs=2), np.array([0.0, 1.0, 2.0]))
    band = mean_band(curves, rng=np.random.default_rng(0))
    assert np.array_equal(band.mean, [N, 5.0, 3.0], equal_nan=True)
    assert np.array_equal(band.low, [N, 4.0, 2.0], equal_nan=True)
    assert np.array_equal(band.high, [N, 6.0, 4.0], equal_nan=True)


def test_a_band_of_one_run_is_its_curve() -> None:
    band = mean_band(np.array([[1.0, 2.0]]), rng=np.random.default_rng(0))
    assert band.mean.tolist() == [1.0, 2.0]
    assert np.isnan(band.low).all()


def test_the_band_has_the_width_of_the_standard_error() -> None:
    curves = np.random.default_rng(4).normal(size=(200, 3))
    band = mean_band(curves, n_resamples=4000, rng=np.random.default_rng(0))
    errors = curves.std(axis=0) / np.sqrt(200)
    assert band.high - band.low == pytest.approx(2 * 1.96 * errors, rel=0.06)
    assert mean_band(curves, rng=np.random.default_rng(1)).low.tolist() != band.low.tolist()


@pytest.mark.parametrize(
    ("run", "time_s", "value", "message"),
    [
        ([0], [1.0, 2.0], [1.0], "one length"),
        ([0], [1.0], [np.nan], "NaN"),
        ([3], [1.0], [1.0], r"0\.\.2"),
        ([-1], [1.0], [1.0], r"0\.\.2"),
    ],
)
def test_impossible_steps_are_refused(run, time_s, value, message) -> None:
    with pytest.raises(InputError, match=message):
        steps(run, time_s, value, n_runs=3)


def test_an_empty_time_span_is_refused() -> None:
    with pytest.raises(InputError, match="start_s"):
        time_average(GIVEN, start_s=5, stop_s=5, before=0.0)


@pytest.mark.parametrize(
    ("times", "reached", "median"),
    [
        ([1, 2, 9, 9], [1, 1, 0, 0], 2.0),  # exactly one half
        ([4, 1, 3], [1, 1, 1], 3.0),
        ([1, 9, 9], [1, 0, 0], np.nan),
        ([9, 9], [0, 0], np.nan),
        ([3, 3, 9], [1, 1, 0], 3.0),
    ],
)
def test_the_median_arrival_is_that_of_half_of_the_runs(times, reached, median):
    found = median_arrival_s(np.array(times, dtype=float), np.array(reached, dtype=bool))
    assert found == pytest.approx(median, nan_ok=True)
