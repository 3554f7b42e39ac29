"""PMF-NAS's predictor as a whole: what labels, curves and the belief are worth to it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kendalltau

from pmfnas.core.errors import InputError
from pmfnas.core.predictors import PROBABILITIES, check_prediction
from pmfnas.predictor.belief import Belief
from pmfnas.predictor.pmf import FEW, PmfPredictor
from tests.support.predicting import SPACE, TARGET, world


def predicted(known, labels, queries):
    predictor = PmfPredictor(SPACE, TARGET, rng=np.random.default_rng(0))
    predictor.fit(known, labels)
    return predictor.predict(queries)


def quality(n_known, epochs):
    known, labels, queries, truth = world(n_known, 150, epochs)
    return kendalltau(predicted(known, labels, queries).mean, truth).statistic


def test_labels_and_epochs_are_each_worth_something():
    assert quality(60, 12) > quality(60, 0) + 0.1
    assert quality(60, 0) > quality(6, 0)
    assert quality(60, 12) > 0.8


@pytest.mark.parametrize("place", [0, 29])
def test_every_label_counts(place):
    known, labels, queries, _ = world(30, 20, 3)
    other = labels.copy()
    other[place] = 12.0
    assert not np.allclose(predicted(known, labels, queries).mean, predicted(known, other, queries).mean, atol=0.01)


def test_intervals_cover_the_truth():
    inside = []
    for seed in range(12):
        known, labels, queries, truth = world(30, 100, 3, seed=seed)
        quantiles = predicted(known, labels, queries).at_probabilities()
        low, high = (quantiles[:, PROBABILITIES.index(p)] for p in (0.05, 0.95))
        inside.append(((low <= truth) & (truth <= high)).mean())
    assert np.mean(inside) == pytest.approx(0.9, abs=0.05)


def test_a_label_missing_is_an_arch_left_out_of_the_fit():
    known, labels, queries, _ = world(30, 20, 3)
    gone = labels.copy()
    gone[20:] = np.nan
    columns = {m: getattr(known, m)[:20] for m in ("train_loss", "train_acc", "valid_loss", "valid_acc")}
    without = replace(known, archs=known.archs[:20], **columns)
    assert predicted(known, gone, queries).mean == pytest.approx(predicted(without, labels[:20], queries).mean)


@pytest.mark.parametrize("n_labels", [0, 2, FEW - 1])
def test_with_few_labels_the_belief_orders_and_the_labels_place(n_labels):
    known, labels, queries, truth = world(40, 100, 12)
    labels[n_labels:] = np.nan
    prediction = predicted(known, labels, queries)
    check_prediction(prediction, 100)
    assert np.array_equal(np.argsort(prediction.mean), np.argsort(Belief(SPACE, known).standing(queries)))
    assert kendalltau(prediction.mean, truth).statistic > 0.7


def test_two_labels_far_away_move_every_prediction():
    known, labels, queries, _ = world(40, 20, 12)
    low, high = labels.copy(), labels.copy()
    low[2:], high[2:] = np.nan, np.nan
    low[:2], high[:2] = 30.0, 90.0
    assert (predicted(known, low, queries).mean < predicted(known, high, queries).mean).all()


def test_the_belief_is_for_size_and_against_a_fast_start():
    known, _, queries, _ = world(40, 20, 12)
    belief = Belief(SPACE, known)
    slow = queries.train_loss.copy()
    slow[:, 2] *= 2.0
    assert (belief.standing(replace(queries, train_loss=slow)) > belief.standing(queries)).all()
    same = replace(
        queries,
        archs=((3, 3, 3, 3, 3, 3),) * 10 + ((1, 1, 1, 1, 1, 1),) * 10,
        **{
            m: np.repeat(getattr(queries, m)[:1], 20, axis=0)
            for m in ("train_loss", "train_acc", "valid_loss", "valid_acc")
        },
    )
    standing = belief.standing(same)
    assert standing[:10].min() > standing[10:].max()


def test_asking_first_or_with_nothing_known_is_refused():
    known, labels, queries, _ = world(2, 2, 1)
    predictor = PmfPredictor(SPACE, TARGET, rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="before fit"):
        predictor.predict(queries)
    one = replace(known, archs=known.archs[:1], **{m: getattr(known, m)[:1] for m in MATRICES})
    with pytest.raises(InputError, match="1 archs are known"):
        predictor.fit(one, labels[:1])


MATRICES = ("train_loss", "train_acc", "valid_loss", "valid_acc")
