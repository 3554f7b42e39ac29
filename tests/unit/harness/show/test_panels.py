"""Labels behind lines: near where they belong, in order, and apart."""

import pytest

from harness.show.panels import Grid, apart


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([], []),
        ([0.3], [0.3]),
        ([0.1, 0.9], [0.1, 0.9]),
        ([0.5, 0.5], [0.45, 0.55]),
        ([0.5, 0.5, 0.5], [0.4, 0.5, 0.6]),
        ([0.55, 0.5], [0.575, 0.475]),  # apart around their mean, in their order
        ([0.0, 0.02], [0.0, 0.1]),  # nothing leaves the panel
        ([1.0, 0.98], [1.0, 0.9]),
        ([0.2, 0.5, 0.52, 0.9], [0.2, 0.46, 0.56, 0.9]),
    ],
)
def test_places_are_apart(wanted, expected):
    assert apart(wanted, 0.1) == pytest.approx(expected)


def test_more_labels_than_fit_are_spread_evenly():
    assert apart([0.5] * 5, 0.4) == pytest.approx([0.0, 0.25, 0.5, 0.75, 1.0])


def test_a_grid_places_its_panels_row_by_row():
    grid = Grid(n=3, n_columns=2, width=2.0, height=1.0, left=0.5, right=0.3, between=0.4, above=0.25, below=0.5)
    assert grid.n_rows == 2
    assert grid.whole_width == pytest.approx(0.5 + 2 * 2.3 + 0.4)
    assert grid.panels_height == pytest.approx(2 * 1.75)
    assert [grid.corner(place) for place in range(3)] == [
        pytest.approx((0.5, 0.25)),
        pytest.approx((0.5 + 2.3 + 0.4, 0.25)),
        pytest.approx((0.5, 0.25 + 1.75)),
    ]
