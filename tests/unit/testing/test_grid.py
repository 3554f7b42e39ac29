import numpy as np
import pytest

from pmfnas.core.errors import InputError
from pmfnas.testing.grid import GridSpace


def test_size_and_features_by_hand():
    space = GridSpace((3, 3))
    assert (space.format((2, 0)), space.canonical((2, 0)), space.params_m((2, 0))) == ("2-0", "2-0", 0.3)
    assert space.flops_m((2, 0)) == pytest.approx(30)
    np.testing.assert_array_equal(space.features([(2, 0), (1, 1)]), [[2, 0, 2], [1, 1, 2]])
    assert space.neighbours((2, 0)) == ((0, 0), (1, 0), (2, 1), (2, 2))


@pytest.mark.parametrize("text", ["", "1", "1-3", "1-1-1", "1-x", "01-1", "-1-1"])
def test_a_wrong_string_is_refused_with_a_valid_one(text):
    with pytest.raises(InputError, match="must look like 0-0"):
        GridSpace((3, 3)).parse(text)


@pytest.mark.parametrize("cardinalities", [(), (3, 0)])
def test_an_empty_space_is_refused(cardinalities):
    with pytest.raises(InputError, match="cardinalities"):
        GridSpace(cardinalities)
