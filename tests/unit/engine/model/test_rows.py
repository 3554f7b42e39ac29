import numpy as np

from pmfnas.engine.model.rows import Rows


def rows(*scores: float) -> Rows:
    """Return a row per score, of archs (0,), (1,), ...; NaN is an early curve."""
    found = Rows(2)
    for i, score in enumerate(scores):
        found.add((i,), i, score, np.full(2, i if np.isnan(score) else np.nan), float(i))
    return found


def test_early_curves_medium_scores_and_the_diverged_are_told_apart() -> None:
    found = rows(1.0, np.nan, -np.inf, 2.0)
    assert found.is_early.tolist() == [False, True, False, False]
    assert found.told.tolist() == [0, 2, 3]
    assert found.diverged == {(2,)}


def test_an_early_curve_goes_when_its_arch_has_a_medium_score() -> None:
    found = rows(np.nan, np.nan, 1.0)
    found.add((1,), 1, 3.0, np.full(2, np.nan), 1.0)
    found.keep(found.worth_keeping(10, ()))
    assert found.archs == [(0,), (2,), (1,)]
    assert found.hints[0].tolist() == [0.0, 0.0]
    assert (found.places.tolist(), found.scores[1:].tolist(), found.losses.tolist()) == (
        [0, 2, 1],
        [1.0, 3.0],
        [0, 2, 1],
    )


def test_of_too_many_the_best_the_latest_and_those_wanted_stay() -> None:
    found = rows(9.0, *[1.0] * 6, 8.0, *[2.0] * 4, *[np.nan] * 5)
    assert found.worth_keeping(6, [(3,)]) == [0, 3, 7, 10, 11, 16]
    assert found.worth_keeping(17, ()) == list(range(17))
