"""`evaluate`: the same again, and whatever a predictor does wrong is said clearly."""

from functools import partial

import numpy as np
import pytest

from harness.predictors.cells import Cell
from harness.predictors.evaluation import evaluate
from harness.predictors.noise import noise_ceiling
from harness.predictors.tasks import Split
from pmfnas.core.errors import ContractError, InputError
from pmfnas.core.predictors import Prediction, Reads
from pmfnas.predictor.pmf import PmfPredictor
from tests.support.predicting import small_material

CELL = Cell("cifar10", 10, "12", 3)


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    return small_material(tmp_path_factory.mktemp("predicting"))


class Made:
    """Answers with whatever it is given."""

    def __init__(self, space, target, answer, *, rng):
        self.answer = answer

    def fit(self, known, labels):
        pass

    def predict(self, queries):
        return self.answer(queries)


class Frugal:
    reads = Reads(labels=False, curves="last")

    def __init__(self, space, target, *, rng):
        pass

    def fit(self, known, labels):
        assert len(known) == 0

    def predict(self, queries):
        return Prediction(queries.valid_acc[:, -1])


def test_the_same_split_gives_the_same_measures(material):
    one, two = (evaluate(PmfPredictor, CELL, Split(4), material) for _ in range(2))
    assert one.measures == two.measures
    assert one.measures["tau"] > 0.9  # accuracies rise with the row, and curves show them
    assert one.n_queries > 20


def test_what_a_predictor_reads_decides_what_it_pays(material):
    outcome = evaluate(Frugal, CELL, Split(0), material)
    assert outcome.measures["tau"] == pytest.approx(1.0)
    assert (outcome.labels_s, outcome.query_s) == (0.0, 31.0)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda q: Prediction(np.full(len(q), np.nan)), "no finite numbers"),
        (lambda q: Prediction(np.zeros(len(q) + 1)), "one per query"),
        (lambda q: None, "returned NoneType"),
        (lambda q: 1 / 0, "cifar10/n10/12@3, split 0: ZeroDivisionError"),
    ],
    ids=["nan", "shape", "nothing", "error"],
)
def test_a_broken_predictor_is_a_broken_contract(material, answer, said):
    with pytest.raises(ContractError, match=said):
        evaluate(partial(Made, answer=answer), CELL, Split(0), material)


def test_its_own_refusal_is_passed_on(material):
    def refuse(queries):
        raise InputError("needs an extra")

    with pytest.raises(InputError, match="needs an extra"):
        evaluate(partial(Made, answer=refuse), CELL, Split(0), material)


def test_the_noise_ceiling_of_trials_that_agree_is_one(material):
    found = noise_ceiling(material).set_index("of")
    assert found.loc["trial, another", "tau"] == pytest.approx(1.0)
    assert found.loc["truth, test", "precision_5"] == 100.0
