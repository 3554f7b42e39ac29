"""A regression told outcome by outcome equals the one told all at once; its intervals find their width."""

import numpy as np
import pytest

from pmfnas.engine.model.regression import Z90, Forecast, Prior, Regression

PRIOR = Prior((0.5, 1.0), (0.3, 0.2), 0.1, weight=4.0)


def test_it_equals_the_posterior_in_closed_form() -> None:
    rng = np.random.default_rng(0)
    x = np.column_stack([np.ones(6), rng.standard_normal(6)])
    y = x @ [0.2, 1.3] + 0.1 * rng.standard_normal(6)
    found = Regression(PRIOR)
    for one, value in zip(x, y, strict=True):
        found.tell(one, value)

    prior = np.diag([0.01 / 0.09, 0.01 / 0.04])
    precision, mean = prior + x.T @ x, np.array([0.5, 1.0])
    weights = np.linalg.solve(precision, prior @ mean + x.T @ y)
    misfit = np.sum((y - x @ weights) ** 2) + (weights - mean) @ prior @ (weights - mean)
    noise2 = (4.0 * 0.01 + misfit) / 10.0
    at = np.array([1.0, 2.0])
    assert found.weights == pytest.approx(weights)
    assert found.noise2 == pytest.approx(noise2)
    forecast = found.foresee(at)
    assert forecast.mean == pytest.approx(at @ weights)
    assert forecast.std == pytest.approx(np.sqrt(noise2 * (1.0 + at @ np.linalg.solve(precision, at))))


def test_before_any_outcome_the_declared_prior_speaks() -> None:
    forecast = Regression(PRIOR).foresee(np.array([1.0, 2.0]))
    assert forecast.mean == pytest.approx(2.5)
    assert forecast.std == pytest.approx(np.sqrt(0.1**2 + 0.3**2 + 4.0 * 0.2**2))


def test_a_miss_widens_the_interval_and_a_hit_narrows_it() -> None:
    x, told = np.array([1.0, 0.0]), Forecast(0.0, 1.0)

    def width(*outcomes: float) -> float:
        plain, adaptive = Regression(PRIOR), Regression(PRIOR)
        for outcome in outcomes:
            plain.tell(x, outcome)
            adaptive.tell(x, outcome, told)
        return adaptive.foresee(x).std / plain.foresee(x).std

    assert width(1.01 * Z90) > 1.0 > width(0.99 * Z90)
    assert width(*[0.0] * 9, 2.0 * Z90) == pytest.approx(1.0)  # one miss in ten is what was said


@pytest.mark.parametrize("degrees", [2.0, 30.0])
def test_the_intervals_hold_what_they_promise_whatever_the_tails(degrees: float) -> None:
    rng, inside = np.random.default_rng(3), []
    for _ in range(20):
        found = Regression(Prior((0.0, 1.0), (1.0, 1.0), 0.02))
        for _ in range(60):
            x = np.array([1.0, rng.standard_normal()])
            y, forecast = float(x @ [0.3, 0.8] + rng.standard_t(degrees)), found.foresee(x)
            inside.append(abs(y - forecast.mean) <= Z90 * forecast.std)
            found.tell(x, y, forecast)
    assert 0.85 < np.mean(inside) < 0.95


def test_what_was_told_long_ago_fades_and_what_is_declared_does_not() -> None:
    x = np.array([1.0])
    forgetful, faithful = (Regression(Prior((0.0,), (10.0,), 0.1, memory=memory)) for memory in (0.5, 1.0))
    for found in (forgetful, faithful):
        for y in (*[0.0] * 20, *[1.0] * 5):
            found.tell(x, y)
    precision = 1e-4 + sum(0.5**k for k in range(25))
    assert forgetful.weights[0] == pytest.approx(sum(0.5**k for k in range(5)) / precision)
    assert faithful.weights[0] == pytest.approx(5.0 / 25.0, rel=1e-3)
