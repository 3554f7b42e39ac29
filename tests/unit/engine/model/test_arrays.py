import numpy as np
import pytest

from pmfnas.engine.model.arrays import grown, highest


@pytest.mark.parametrize("n", [0, 1, 3, 7, 200, 300])
def test_the_highest_are_what_a_stable_sort_puts_first(n: int) -> None:
    rng = np.random.default_rng(0)
    for values in (rng.standard_normal(200), rng.integers(0, 5, 200).astype(float), np.zeros(200)):
        assert highest(values, n).tolist() == np.argsort(-values, kind="stable")[:n].tolist()


def test_what_is_not_a_number_is_never_among_the_highest() -> None:
    assert highest(np.array([np.nan, 1.0, np.nan, 3.0, -np.inf]), 3).tolist() == [3, 1, 4]


def test_one_row_more_leaves_the_others_and_their_type() -> None:
    assert grown(np.array([1, 2]), 3).tolist() == [1, 2, 3]
    rows = np.ones((2, 3))
    more = grown(rows, np.zeros(3))
    assert (more.shape, more[-1].tolist(), rows.shape) == ((3, 3), [0.0] * 3, (2, 3))
    assert grown(np.empty(0, dtype=np.int64), 5).dtype == np.int64
