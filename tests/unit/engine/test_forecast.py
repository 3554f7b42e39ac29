"""Forecasts of what will be told: blind at first, then by early scores and by what decisions' means have meant."""

import numpy as np
import pytest

from pmfnas.core.types import Arch, Curve, Train
from pmfnas.engine.choices import Choice
from pmfnas.engine.forecast import Forecaster, reason
from pmfnas.engine.ladder import Level
from pmfnas.engine.model.curves import logit, percent
from pmfnas.engine.model.regression import Forecast


def curve(valid: float) -> Curve:
    return Curve(0, np.array([0.5]), np.array([valid]), (1,), np.array([1.0]), np.array([valid]))


def choice(action: str, arch: Arch, mean: float = 0.0) -> Choice:
    return Choice(action, Train(arch, "12", 0, 12), mean, 1.0, 0.0, 0.0, 1.0)


def test_nothing_told_is_said_to_be_nothing_known() -> None:
    shown = reason(Forecaster().about(choice("start", (0,)), final=False))
    assert shown["mean"] == pytest.approx(50.0)
    assert float(shown["high"]) - float(shown["low"]) > 80.0


def test_an_early_score_says_more_of_its_own_arch_than_of_another() -> None:
    forecaster = Forecaster()
    for i, valid in enumerate((20.0, 40.0, 60.0)):
        forecaster.tell((i,), Level.LOW, curve(valid))
    low, high = (forecaster.about(choice("continue", (i,)), final=False) for i in (0, 2))
    other = forecaster.about(choice("start", (7,)), final=False)
    assert low.mean < other.mean < high.mean
    assert other.std > low.std


def test_the_level_of_final_scores_is_learnt_from_the_first_of_them() -> None:
    forecaster = Forecaster()
    first = forecaster.about(choice("probe", (0,), 1.0), final=True)
    forecaster.tell((0,), Level.HIGH, curve(percent(1.3)))
    second = forecaster.about(choice("probe", (1,), 1.0), final=True)
    assert second.std < first.std
    assert abs(second.mean - 1.3) < 0.5 * abs(first.mean - 1.3)


def test_a_probe_is_no_outcome_of_a_forecast() -> None:
    told, untold = Forecaster(), Forecaster()
    for one in (told, untold):
        one.about(choice("replicate", (0,), 1.0), final=False)
        one.about(choice("probe", (0,), 1.0), final=True)
    told.tell((0,), Level.PROBE, curve(99.0))
    for action, final in (("replicate", False), ("probe", True)):
        assert told.about(choice(action, (1,)), final=final) == untold.about(choice(action, (1,)), final=final)


def test_means_that_mislead_are_corrected_and_intervals_hold() -> None:
    rng, forecaster, gaps, inside = np.random.default_rng(0), Forecaster(), [], []
    for i in range(80):
        truth = float(rng.normal(0.5, 0.3))
        forecaster.tell((i,), Level.LOW, curve(percent(truth - 1.0 + 0.2 * float(rng.standard_normal()))))
        forecaster.about(choice("start", (i,), truth + 0.4), final=False)
        forecast = forecaster.about(choice("continue", (i,), truth + 0.4), final=False)
        shown = {key: float(value) for key, value in reason(forecast).items()}
        told = percent(truth)
        forecaster.tell((i,), Level.MEDIUM, curve(told))
        gaps.append(told - shown["mean"])
        inside.append(shown["low"] <= told <= shown["high"])
    assert abs(np.mean(gaps[20:])) < 1.0
    assert np.mean(inside) > 0.85


def test_what_diverged_or_has_no_value_teaches_nothing() -> None:
    forecaster, untold = Forecaster(), Forecaster()
    for one in (forecaster, untold):
        one.tell((0,), Level.LOW, curve(40.0))
        one.about(choice("continue", (0,)), final=False)
    forecaster.tell((0,), Level.MEDIUM, None)
    forecaster.tell((0,), Level.MEDIUM, curve(float("nan")))
    again = [one.about(choice("continue", (0,)), final=False) for one in (forecaster, untold)]
    assert again[0] == again[1]


def test_a_forecast_is_shown_in_percent_with_the_std_of_its_interval() -> None:
    shown = {key: float(value) for key, value in reason(Forecast(logit(70.0), 0.1)).items()}
    assert shown["low"] < shown["mean"] < shown["high"]
    assert shown["mean"] == pytest.approx(70.0, abs=0.2)
    assert shown["std"] == pytest.approx(0.1 * 70.0 * 0.3, rel=0.01)
