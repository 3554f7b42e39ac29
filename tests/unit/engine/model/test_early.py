import numpy as np
import pytest

from pmfnas.core.types import Curve
from pmfnas.engine.model import curves
from pmfnas.engine.model.early import first_head, fit_head
from pmfnas.engine.settings import Settings

SETTINGS = Settings()


def curve(acc: float, valid: float) -> Curve:
    return Curve(0, np.array([2.0, 1.0]), np.array([10.0, acc]), (2,), np.array([1.0]), np.array([valid]))


def test_scores_are_log_odds_and_back() -> None:
    assert curves.logit(50.0) == pytest.approx(0.0)
    assert curves.percent(curves.logit(73.5)) == pytest.approx(73.5)
    assert curves.logit(float("nan")) == -np.inf
    assert np.isfinite([curves.logit(0.0), curves.logit(100.0)]).all()


def test_features_of_a_curve() -> None:
    f = curves.features(curve(50.0, 40.0))
    assert f == pytest.approx([curves.logit(40.0), 0.0, 0.0, -curves.logit(10.0)])
    blind = Curve(0, np.array([np.nan]), np.array([20.0]))
    assert np.isnan(curves.features(blind)).tolist() == [True, False, True, False]


def test_before_anything_is_learnt_better_early_curves_rank_higher() -> None:
    early = np.array([curves.features(curve(a, a)) for a in (20.0, 30.0, 40.0)])
    mean, std = first_head(early, SETTINGS).correct(np.zeros(3), np.ones(3), early)
    assert mean[0] < mean[1] < mean[2]
    assert (std < 1.0).all()


def test_a_missing_figure_says_nothing() -> None:
    early = np.array([[0.0, 1.0, 0.0, 0.0], [1.0, 2.0, 1.0, 1.0]])
    head = first_head(early, SETTINGS)
    mean, _ = head.correct(np.array([0.3]), np.ones(1), np.full((1, 4), np.nan))
    assert mean[0] == pytest.approx(0.3)


def test_the_sign_of_the_early_curve_is_learnt() -> None:
    rng = np.random.default_rng(0)
    early = rng.standard_normal((80, 4))
    residual = -0.9 * early[:, 1] + 0.2 * rng.standard_normal(80)
    head = fit_head(early, rng.standard_normal(80), residual, np.ones(80), SETTINGS)
    assert head.gain[1] < -0.6
    assert head.remaining < 0.5


def test_useless_early_curves_are_not_believed_and_overconfidence_is_noticed() -> None:
    rng = np.random.default_rng(0)
    early, residual = rng.standard_normal((80, 4)), 2.0 * rng.standard_normal(80)
    head = fit_head(early, rng.standard_normal(80), residual, np.ones(80), SETTINGS)
    assert np.abs(head.gain).max() < 0.4
    assert head.calibration == pytest.approx(2.0, rel=0.25)
