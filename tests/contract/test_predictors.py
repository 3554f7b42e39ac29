"""What every predictor must do, over all candidates: answer each query, the same each time, and touch nothing."""

import copy
from dataclasses import replace

import numpy as np
import pytest

from harness.predictors.candidates import CANDIDATES
from pmfnas.core.predictors import check_prediction, reads_of
from tests.support.predicting import SPACE, TARGET, world

SKLEARN = {"curve_svr", "gaussian_process", "gradient_boosting", "random_forest"}


@pytest.fixture(params=sorted(CANDIDATES))
def factory(request):
    if request.param in SKLEARN:
        pytest.importorskip("sklearn", reason="the extra `predictors` is not installed")
    return CANDIDATES[request.param]


def shown(factory, n_known, epochs, n_queries=30):
    """What the study would show: nothing that the factory does not read."""
    known, labels, queries, truth = world(n_known, n_queries, epochs)
    reads = reads_of(factory)
    if not reads.labels:
        known, labels = world(2, 2, epochs)[0], labels[:0]
        known = replace(known, archs=(), **{m: getattr(known, m)[:0] for m in MATRICES})
    if reads.curves == "none":
        known, queries = (replace(o, **{m: getattr(o, m)[:, :0] for m in MATRICES}) for o in (known, queries))
    return known, labels, queries, truth


MATRICES = ("train_loss", "train_acc", "valid_loss", "valid_acc")


def answer(factory, shown):
    predictor = factory(SPACE, TARGET, rng=np.random.default_rng(1))
    predictor.fit(shown[0], shown[1])
    return predictor, predictor.predict(shown[2])


@pytest.mark.parametrize(("n_known", "epochs"), [(12, 0), (12, 1), (12, 12), (40, 3)])
def test_every_query_is_answered_and_the_same_again(factory, n_known, epochs):
    material = shown(factory, n_known, epochs)
    before = copy.deepcopy(material)
    predictor, first = answer(factory, material)
    np.random.seed(5)  # noqa: NPY002, TID251
    _, second = answer(factory, material)
    check_prediction(first, 30)
    assert np.array_equal(first.mean, second.mean)
    assert np.array_equal(first.mean, predictor.predict(material[2]).mean)
    for old, new in ((before[0], material[0]), (before[2], material[2])):
        assert all(np.array_equal(getattr(old, m), getattr(new, m)) for m in MATRICES)


def test_missing_validation_and_equal_labels_are_survived(factory):
    known, labels, queries, _ = shown(factory, 12, 3)
    blank = {"valid_acc": np.full_like(known.valid_acc, np.nan), "valid_loss": np.full_like(known.valid_loss, np.nan)}
    known = replace(known, **blank)
    queries = replace(queries, **{m: np.full_like(getattr(queries, m), np.nan) for m in ("valid_acc", "valid_loss")})
    check_prediction(answer(factory, (known, np.full_like(labels, 90.0), queries))[1], 30)


def test_more_than_chance(factory):
    material = shown(factory, 40, 12, n_queries=100)
    assert np.corrcoef(answer(factory, material)[1].mean, material[3])[0, 1] > 0.25
