"""The port of predictors: what is refused, and what a normal belief means."""

from functools import partial

import numpy as np
import pytest

from pmfnas.core.errors import ContractError
from pmfnas.core.predictors import PROBABILITIES, Observed, Prediction, Reads, check_prediction, reads_of

MEAN = np.array([50.0, 60.0])


def test_curves_of_unlike_shapes_are_refused():
    one, two = np.zeros((1, 3)), np.zeros((1, 2))
    with pytest.raises(ContractError, match=r"must be \(1, n_epochs\) alike"):
        Observed(((1,),), "12", one, one, one, two)
    with pytest.raises(ContractError, match=r"must be \(2, n_epochs\)"):
        Observed(((1,), (2,)), "12", one, one, one, one)


def test_a_normal_belief_has_the_quantiles_of_a_normal_distribution():
    quantiles = Prediction(MEAN, np.array([1.0, 2.0])).at_probabilities()
    assert quantiles[:, PROBABILITIES.index(0.5)] == pytest.approx(MEAN)
    assert quantiles[1, PROBABILITIES.index(0.975)] == pytest.approx(60 + 1.959964 * 2)
    assert Prediction(MEAN).at_probabilities() is None


@pytest.mark.parametrize(
    ("prediction", "said"),
    [
        (Prediction(np.array([1.0])), r"mean of a prediction has shape \(1,\), but must be \(2,\)"),
        (Prediction(np.array([1.0, np.nan])), "has 1 values that are no finite numbers"),
        (Prediction(MEAN, np.array([1.0, -1.0])), "std of a prediction is -1"),
        (Prediction(MEAN, np.ones(3)), r"std of a prediction has shape \(3,\)"),
        (Prediction(MEAN, np.ones(2), np.zeros((2, 3))), r"quantiles of a prediction has shape \(2, 3\)"),
        (Prediction(MEAN, None, np.zeros((2, 9))), "quantiles but no std"),
        (Prediction(MEAN, np.ones(2), np.tile(np.arange(9.0)[::-1], (2, 1))), "must rise"),
        (MEAN, "returned ndarray"),
    ],
)
def test_a_wrong_prediction_is_refused(prediction, said):
    with pytest.raises(ContractError, match=said):
        check_prediction(prediction, 2)


def test_a_factory_says_what_it_reads_also_through_a_partial():
    class Frugal:
        reads = Reads(labels=False, curves="none")

    class Vague:
        reads = "everything"

    assert reads_of(partial(Frugal)) == Reads(labels=False, curves="none")
    assert reads_of(object) == Reads()
    with pytest.raises(ContractError, match="reads is 'everything'"):
        reads_of(Vague)
