"""Simulated rates, where they are known; noise that costs what it should."""

import numpy as np
import pytest
from scipy.stats import kendalltau

from harness.predictors.gate.simulation import Draws, noisy, simulate
from pmfnas.core.predictors import Prediction


def draws(noise_loss, label_std, n=48):
    rng = np.random.default_rng(0)
    plain = np.column_stack([rng.normal(0.8, 0.02, n), rng.normal(0.4, 0.1, n), rng.normal(2.0, 0.2, n)])
    noise = plain + np.array([-noise_loss, 0.0, 0.0]) + rng.normal(0, 0.004, (4, n, 3))
    labels = plain + rng.normal(0, label_std, (2, n, 3))
    return Draws("a", plain, noise, labels)


def test_rates_of_known_draws():
    noise, labels = simulate([draws(0.02, 0.01)], 200, rng=np.random.default_rng(1))
    assert noise.false_alarms <= 0.03
    assert labels.false_alarms <= 0.03
    assert noise.power["a"] == 1.0
    assert labels.power["a"] > 0.9
    noise, labels = simulate([draws(0.0, 0.1)], 200, rng=np.random.default_rng(1))
    assert noise.power["a"] == 0.0
    assert labels.power["a"] < 0.3


def test_noise_swaps_whole_rows_and_costs_rank():
    mean = np.random.default_rng(2).normal(70, 5, 400)
    quantiles = mean[:, None] + np.linspace(-2, 2, 9)
    got = noisy(Prediction(mean, mean / 100, quantiles), 0.2, rng=np.random.default_rng(3))
    assert sorted(got.mean) == sorted(mean)
    np.testing.assert_array_equal(got.quantiles, got.mean[:, None] + np.linspace(-2, 2, 9))
    assert got.std == pytest.approx(got.mean / 100)
    assert 0.8 < kendalltau(got.mean, mean).statistic < 0.95
    np.testing.assert_array_equal(noisy(Prediction(mean), 0.0, rng=np.random.default_rng(4)).mean, mean)
