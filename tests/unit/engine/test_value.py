import numpy as np
import pytest

from pmfnas.core.types import Train
from pmfnas.engine.value import Option, expected_gain, informed_std, knowledge_gradient


def test_expected_gain_at_equal_means_is_std_over_root_two_pi() -> None:
    gain = expected_gain(np.array([1.0]), np.array([0.5]), 1.0)
    assert gain[0] == pytest.approx(0.5 / np.sqrt(2 * np.pi))


def test_expected_gain_without_uncertainty_is_the_difference() -> None:
    gain = expected_gain(np.array([3.0, 1.0]), np.zeros(2), 2.0)
    assert gain == pytest.approx([1.0, 0.0], abs=1e-9)


def test_expected_gain_equals_its_simulation() -> None:
    draws = np.random.default_rng(0).normal(0.7, 1.3, 400_000)
    simulated = np.maximum(draws - 1.0, 0.0).mean()
    assert expected_gain(np.array([0.7]), np.array([1.3]), 1.0)[0] == pytest.approx(simulated, rel=0.01)


def test_a_noisy_trial_moves_the_mean_less_than_the_truth_varies() -> None:
    assert informed_std(np.array([2.0]), 0.0)[0] == pytest.approx(2.0)
    assert informed_std(np.array([2.0]), 12.0)[0] == pytest.approx(1.0)


def test_knowledge_gradient_of_two_independent_arms_is_the_expected_gain() -> None:
    mean, cov = np.array([1.0, 0.8]), np.diag([0.0, 0.09])
    closed = expected_gain(np.array([0.8]), informed_std(np.array([0.3]), 0.04), 1.0)[0]
    assert knowledge_gradient(mean, cov, 1, 0.04) == pytest.approx(closed, rel=0.01)


def test_knowledge_gradient_ignores_what_moves_all_alike() -> None:
    mean, cov = np.array([1.0, 0.9, 0.5]), np.full((3, 3), 4.0)
    assert knowledge_gradient(mean, cov, 0, 0.01) == pytest.approx(0.0, abs=1e-12)


def test_a_reason_is_plain_numbers_and_text() -> None:
    option = Option("start", Train((0,), "12", 0, 3), 0.0, 0.1, 0.2, 0.01, 100.0)
    reason = option.reason("region")
    assert {type(v) for v in reason.values()} <= {float, str}
    assert reason["mean"] == pytest.approx(50.0)
    assert reason["gain_per_hour"] == pytest.approx(reason["potential"] * 36.0)
    assert 0.0 < reason["p_best"] < 0.5
