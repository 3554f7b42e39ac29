"""Measures against values worked out by hand, and against each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr

from harness.predictors.measures import MEASURES, best, calibration, crps, kendall, measure, precision_pct, regret_pct
from pmfnas.core.predictors import PROBABILITIES, Prediction

TRUTH = np.array([10.0, 40.0, 20.0, 30.0])


def test_every_measure_is_returned_and_described():
    found = measure(Prediction(TRUTH, np.ones(4)), TRUTH, TRUTH)
    assert set(found) == set(MEASURES)
    assert all(np.isfinite(value) for value in found.values())


def test_a_perfect_prediction():
    found = measure(Prediction(TRUTH, np.ones(4)), TRUTH, TRUTH[::-1])
    assert found["tau"] == found["spearman"] == found["pearson"] == pytest.approx(1.0)
    assert found["tau_test"] == pytest.approx(kendall(TRUTH, TRUTH[::-1]))
    assert found["rmse_pct"] == found["regret_pct"] == 0.0
    assert found["precision_1"] == found["coverage_50"] == 100.0


def test_an_order_alone_states_no_error_and_no_interval():
    found = measure(Prediction(-TRUTH), TRUTH, TRUTH)
    assert found["tau"] == pytest.approx(-1.0)
    stated = ("rmse_pct", "crps_pct", "coverage_90", "width_90_pct", "coverage_90_chosen")
    assert all(np.isnan(found[name]) for name in stated)


def test_a_constant_orders_nothing():
    found = measure(Prediction(np.full(4, 50.0), np.ones(4)), TRUTH, TRUTH)
    assert found["tau"] == found["spearman"] == found["pearson"] == found["tau_top"] == 0.0


def test_kendall_by_hand():
    assert kendall(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])) == pytest.approx(1 / 3)


def test_precision_and_regret_by_hand():
    truth, predicted = np.arange(20.0), np.arange(20.0)
    predicted[[18, 3]] = predicted[[3, 18]]
    assert best(truth, 0.1).tolist() == [19, 18]
    assert precision_pct(predicted, truth, 0.1) == 50.0
    assert precision_pct(predicted, truth, 0.01) == 100.0
    predicted[19] = -1.0
    assert regret_pct(predicted, truth, 1) == 16.0  # row 3 is put first
    assert regret_pct(predicted, truth, 2) == 2.0  # row 17 second


def test_coverage_and_width_by_hand():
    quantiles = np.tile(np.array([-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0]), (4, 1))
    found = calibration(np.arange(4.0), quantiles, np.array([0.0, 1.5, -2.5, 3.5]))
    assert [found[f"coverage_{level}"] for level in (50, 80, 90, 95)] == [25.0, 50.0, 75.0, 100.0]
    assert [found[f"width_{level}_pct"] for level in (50, 80, 90, 95)] == [2.0, 4.0, 6.0, 8.0]
    assert found["coverage_90_chosen"] == 0.0  # the one put first lies at 3.5


def test_crps_is_that_of_a_normal_distribution_and_of_a_point():
    rng = np.random.default_rng(0)
    truth = rng.standard_normal(20_000)
    normal = Prediction(np.zeros(len(truth)), np.ones(len(truth))).at_probabilities()
    assert crps(normal, truth) == pytest.approx(1 / np.sqrt(np.pi), rel=0.05)
    point = np.zeros((len(truth), len(PROBABILITIES)))
    assert crps(point, truth) == pytest.approx(np.abs(truth).mean(), rel=1e-2)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 100), min_size=3, max_size=40), st.integers(0, 2**32 - 1))
def test_ranks_do_not_change_under_a_rising_map(values, seed):
    truth, scores = np.array(values), np.random.default_rng(seed).random(len(values))
    one, other = (measure(Prediction(s), truth, truth) for s in (scores, np.exp(3 * scores)))
    for name in ("tau", "tau_top", "spearman", "precision_1", "precision_5", "regret_pct", "regret_10_pct"):
        assert one[name] == pytest.approx(other[name])
    assert one["regret_10_pct"] <= one["regret_pct"]


def test_correlations_agree_with_scipy():
    rng = np.random.default_rng(3)
    truth, predicted = rng.integers(0, 20, 50).astype(float), rng.standard_normal(50)
    found = measure(Prediction(predicted), truth, truth)
    assert found["pearson"] == pytest.approx(pearsonr(predicted, truth).statistic)
    assert found["spearman"] == pytest.approx(spearmanr(predicted, truth).statistic)
