"""The engine's predictor behind the public port: it keeps the port's rules, and learns from labels and curves."""

import numpy as np
import pytest
from scipy.stats import kendalltau

from harness.predictors.engine import EnginePredictor
from pmfnas.core.errors import InputError
from pmfnas.core.predictors import Observed, check_prediction
from pmfnas.core.rng import stream
from pmfnas.core.types import Fidelity, FloatArray
from pmfnas.testing.grid import GridSpace

SPACE = GridSpace((5, 5, 5))
TARGET = Fidelity("200", 200)


def observed(archs: tuple[tuple[int, ...], ...], n_epochs: int) -> Observed:
    """Return archs with curves that end at their quality, plus noise."""
    acc = np.repeat(quality(archs)[:, None], n_epochs, axis=1) - 20.0
    noisy = acc + stream(1, "noise").normal(0.0, 1.0, acc.shape)
    return Observed(archs, "12", -np.log(noisy / 100.0), noisy, np.full_like(acc, np.nan), noisy)


def quality(archs: tuple[tuple[int, ...], ...]) -> FloatArray:
    return np.array([60.0 + 3.0 * a + 2.0 * (b % 3) - c for a, b, c in archs])


def made() -> tuple[EnginePredictor, tuple[tuple[int, ...], ...], tuple[tuple[int, ...], ...]]:
    archs = tuple(tuple(map(int, a)) for a in stream(0, "archs").permutation(list(np.ndindex(5, 5, 5))))
    return EnginePredictor(SPACE, TARGET, rng=stream(0, "x")), archs[:30], archs[30:70]


@pytest.mark.parametrize(("n_epochs", "least"), [(0, 0.6), (3, 0.75)])
def test_it_ranks_archs_by_their_labels_and_better_with_curves(n_epochs: int, least: float) -> None:
    predictor, known, queries = made()
    predictor.fit(observed(known, n_epochs), quality(known))
    prediction = predictor.predict(observed(queries, n_epochs))
    check_prediction(prediction, len(queries))
    assert kendalltau(prediction.mean, quality(queries)).statistic > least


def test_asking_changes_nothing_and_archs_without_a_label_are_allowed() -> None:
    predictor, known, queries = made()
    labels = quality(known)
    labels[::3] = np.nan
    predictor.fit(observed(known, 3), labels)
    first, again = (predictor.predict(observed(queries, 3)) for _ in range(2))
    assert first.mean.tolist() == again.mean.tolist()


def test_a_question_before_fit_is_refused() -> None:
    predictor, _, queries = made()
    with pytest.raises(InputError, match="predict was called before fit"):
        predictor.predict(observed(queries, 3))
