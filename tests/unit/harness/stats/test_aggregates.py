"""Aggregates on 4 x 2 matrices whose answers can be checked by hand."""

import numpy as np
import pytest

from harness.stats.aggregates import iqm, matrix, mean, mean_ranks, median, std, worst
from pmfnas.core.errors import InputError

SCORES = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 100.0]])  # (n_runs, n_tasks)


def test_measures_by_hand() -> None:
    assert mean(SCORES) == 170 / 8
    assert median(SCORES) == 7.0  # 1 2 3 | 4 10 | 20 30 100
    assert iqm(SCORES) == (3 + 4 + 10 + 20) / 4  # two of eight cut at each end
    assert worst(SCORES) == 1.0
    variances = 5 / 3, (900 + 400 + 100 + 3600) / 3  # about 2.5 and 40
    assert std(SCORES) == pytest.approx(np.sqrt(sum(variances) / 2))


@pytest.mark.parametrize("metric", [mean, std, median, iqm, worst])
def test_a_stack_gives_a_vector_and_a_column_is_a_vector(metric) -> None:
    stack = np.stack([SCORES, SCORES + 1, SCORES * 2])
    assert np.allclose(metric(stack), [metric(scores) for scores in stack])
    assert metric(SCORES[:, 0]) == metric(SCORES[:, :1])


def test_iqm_cuts_whole_scores_only() -> None:
    assert iqm(np.array([0.0, 1.0, 2.0])) == 1.0
    assert iqm(np.array([-100.0, 1.0, 2.0, 3.0, 100.0])) == 2.0


def test_one_run_has_no_deviation() -> None:
    assert np.isnan(std(np.array([[93.0]])))
    assert mean(np.array([[93.0]])) == 93.0


def test_nan_is_carried_and_refused_at_the_door() -> None:
    scores = np.array([1.0, np.nan])
    assert all(np.isnan(metric(scores)) for metric in (mean, std, median, iqm, worst))
    with pytest.raises(InputError, match="1 NaN of 2"):
        matrix(scores)


@pytest.mark.parametrize("scores", [[], np.zeros((2, 0)), np.zeros((2, 2, 2))])
def test_a_matrix_has_runs_and_tasks(scores) -> None:
    with pytest.raises(InputError, match=r"\(n_runs, n_tasks\)"):
        matrix(scores)


def test_mean_ranks_by_hand() -> None:
    scores = [[93.0, 70.0], [94.0, 70.0], [92.0, 71.0], [91.0, np.nan]]
    assert np.array_equal(mean_ranks(scores), [(2 + 2.5) / 2, (1 + 2.5) / 2, (3 + 1) / 2, np.nan], equal_nan=True)
