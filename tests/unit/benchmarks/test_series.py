"""Short reads of a column: in a row or apart, measured or not."""

import numpy as np
import pytest

from pmfnas.benchmarks.series import Series, Trials, Unknown
from pmfnas.core.errors import UnavailableError

VALUES = np.arange(24, dtype=np.float32).reshape(2, 2, 6)


def refusal(epoch):
    return UnavailableError(f"epoch {epoch} was not measured")


@pytest.mark.parametrize("epochs", [(1, 2, 3, 4, 5, 6), (3, 4, 5, 6, 7, 8), (1, 2, 3, 4, 5, 9)])
def test_a_stretch_of_epochs_is_what_a_read_of_each_gives(epochs):
    column = Series(VALUES, epochs, refusal)
    for start in range(10):
        for stop in range(start, 10):
            asked = range(start + 1, stop + 1)
            if set(asked) <= set(epochs):
                expected = [VALUES[1, 0, epochs.index(epoch)] for epoch in asked]
                for found in (column.between(1, 0, start, stop), column.read(1, 0, tuple(asked))):
                    assert found.dtype == np.float64
                    assert found.tolist() == expected
            else:
                missing = min(set(asked) - set(epochs))
                with pytest.raises(UnavailableError, match=f"epoch {missing} was not measured"):
                    column.between(1, 0, start, stop)


def test_a_column_that_is_not_known_has_a_nan_for_each_epoch():
    assert np.isnan(Unknown().between(0, 0, 3, 5)).tolist() == [True, True]


def test_trials_are_numbered_among_the_measured_ones():
    trials = Trials(np.array([[False, True, True], [True, False, False]]), "cifar10/12")
    assert [trials.number(row) for row in (0, 1)] == [2, 1]
    assert [trials.slot(0, trial) for trial in (0, 1)] == [1, 2]
    assert trials.slot(1, 0) == 0
    for row, trial in ((0, 2), (1, 1), (0, -1)):
        with pytest.raises(UnavailableError, match=f"trial {trial} of row {row}, cifar10/12: .* trials exist"):
            trials.slot(row, trial)
