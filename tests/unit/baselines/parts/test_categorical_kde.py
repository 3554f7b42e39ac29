from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.parts.categorical_kde import fit, uniform
from pmfnas.core.rng import stream

CARDINALITIES = (2, 3, 1)
SPACE = np.array(list(product(*map(range, CARDINALITIES))))


def test_one_arch_by_hand():
    """With one arch nothing differs, so h is the minimum: .2 at the positions that have a choice."""
    kde = fit(np.array([[1, 0, 0]]), CARDINALITIES, min_bandwidth=0.2)
    assert kde.bandwidths == pytest.approx([0.2, 0.2, 0.0])
    points = np.array([[1, 0, 0], [0, 0, 0], [1, 2, 0], [0, 1, 0]])
    assert kde.density(points) == pytest.approx([0.8 * 0.8, 0.2 * 0.8, 0.8 * 0.1, 0.2 * 0.1])


def test_two_archs_by_hand():
    kde = fit(np.array([[1, 0, 0], [1, 1, 0]]), CARDINALITIES, min_bandwidth=0.01)
    h = 1.06 * 0.5 * 2 ** (-1 / 7)  # two values that differ with probability one half
    assert kde.bandwidths == pytest.approx([0.01, h, 0.0])
    assert kde.density(np.array([[1, 0, 0]])) == pytest.approx([0.99 * (1 - h + h / 2) / 2])


@given(st.lists(st.tuples(*(st.integers(0, k - 1) for k in CARDINALITIES)), min_size=1, max_size=9))
@settings(max_examples=40, deadline=None)
def test_densities_add_up_to_one(archs):
    kde = fit(np.array(archs), CARDINALITIES, min_bandwidth=1e-3)
    density = kde.density(SPACE)
    assert density.sum() == pytest.approx(1.0)
    assert (density > 0).all()
    assert (kde.bandwidths <= uniform(np.array(CARDINALITIES))).all()


def test_the_spread_of_category_numbers_goes_beyond_uniform():
    archs = np.array([[0], [4], [0], [4]])
    by_number = fit(archs, (5,), min_bandwidth=0.3, spread="index")
    assert by_number.bandwidths == pytest.approx([1.06 * 2.0 * 4 ** (-1 / 5)])
    assert by_number.density(np.array([[0]])) < by_number.density(np.array([[2]]))
    ours = fit(archs, (5,), min_bandwidth=0.3)
    assert ours.bandwidths == pytest.approx([1.06 * 0.5 * 4 ** (-1 / 5)])
    assert ours.density(np.array([[0]])) > ours.density(np.array([[2]]))


@pytest.mark.parametrize("widen", [1.0, 1.5])
def test_draws_follow_the_widened_density(widen):
    archs = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0]])
    kde = fit(archs, CARDINALITIES, min_bandwidth=0.05)
    n = 40_000
    drawn = kde.sample(n, widen=widen, rng=stream(0, "test"))
    h = np.minimum(kde.bandwidths * widen, uniform(np.array(CARDINALITIES)))
    others = np.maximum(1, np.array(CARDINALITIES) - 1)
    expected = [np.where(point == archs, 1 - h, h / others).prod(axis=1).mean() for point in SPACE]
    found = [(drawn == point).all(axis=1).mean() for point in SPACE]
    assert found == pytest.approx(expected, abs=5 * 0.5 / np.sqrt(n))
