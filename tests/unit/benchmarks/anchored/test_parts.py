from dataclasses import replace

import numpy as np
import pytest

from pmfnas.benchmarks.anchored.draws import angles, choose, choose_apart
from pmfnas.benchmarks.anchored.identity import Identity
from pmfnas.benchmarks.anchored.inputs import from_log_odds, log_odds, network_inputs
from pmfnas.benchmarks.anchored.link import correction, fit_link
from pmfnas.benchmarks.anchored.losses import LossModel, cut_off, epoch_noise, fit_losses, real_curves, smoothed
from pmfnas.benchmarks.anchored.regression import fit, nearest
from pmfnas.benchmarks.anchored.short import RAMP, noise_fade
from pmfnas.benchmarks.anchored.source import Source
from pmfnas.core.errors import DataError


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


# ---------------------------------------------------------------------------------------------------- regression


def test_a_regression_learns_a_smooth_function_of_two_outputs(rng: np.random.Generator):
    x, new = rng.uniform(-4, 4, (300, 2)), rng.uniform(-3, 3, (50, 2))

    def outputs(x: np.ndarray) -> np.ndarray:
        return np.stack([2 * x[:, 0] + 1, np.sin(x[:, 1] / 2)], axis=1)

    np.testing.assert_allclose(fit(x, outputs(x)).predict(new), outputs(new), atol=0.15)


def test_residuals_are_those_of_leaving_each_row_out(rng: np.random.Generator):
    x, y = rng.normal(size=(25, 2)), rng.normal(size=(25, 4, 5))
    residuals = fit(x, y).residuals
    for row in (0, 7, 24):
        rest = np.arange(25) != row
        np.testing.assert_allclose(residuals[row], y[row] - fit(x[rest], y[rest]).predict(x[row : row + 1])[0])


def test_prediction_does_not_depend_on_the_chunk(rng: np.random.Generator):
    model, new = fit(rng.normal(size=(20, 2)), rng.normal(size=(20, 3))), rng.normal(size=(11, 2))
    np.testing.assert_allclose(model.predict(new, chunk=3), model.predict(new))
    assert model.predict(new[:0]).shape == (0, 3)


def test_nearest_are_the_nearest_in_order(rng: np.random.Generator):
    among, x = rng.normal(size=(30, 4)), rng.normal(size=(9, 4))
    distance = ((x[:, None] - among[None]) ** 2).sum(axis=2)
    np.testing.assert_array_equal(nearest(x, among, 5, chunk=4), np.argsort(distance, axis=1)[:, :5])
    assert nearest(x, among[:2], 5).shape == (9, 2)


def test_ties_between_neighbours_go_to_the_first_row():
    among = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    np.testing.assert_array_equal(nearest(np.array([[1.0, 0.0]]), among, 2), [[0, 2]])


# --------------------------------------------------------------------------------------------------------- draws


def test_a_draw_depends_on_name_and_key_alone():
    keys, options = np.arange(1000), np.tile(np.arange(8), (1000, 1))
    drawn = choose("a", keys, options)
    np.testing.assert_array_equal(choose("a", keys[::-1], options), drawn[::-1])
    np.testing.assert_array_equal(choose("a", keys[500:], options[500:]), drawn[500:])
    assert (choose("b", keys, options) != drawn).mean() > 0.8
    assert np.bincount(drawn, minlength=8).min() > 80


def test_draws_within_a_group_differ_while_options_last():
    groups, keys = np.repeat(np.arange(50), 5), np.tile(np.arange(5), 50)
    options = np.tile(np.arange(8), (250, 1))
    drawn = choose_apart("a", groups, keys, options)
    assert all(len(set(drawn[groups == group])) == 5 for group in range(50))
    shuffled = np.random.default_rng(0).permutation(250)
    np.testing.assert_array_equal(choose_apart("a", groups[shuffled], keys[shuffled], options), drawn[shuffled])
    assert len(set(choose_apart("a", np.zeros(20, dtype=int), np.arange(20), options[:20, :3]))) == 3


def test_angles_are_uniform():
    drawn = angles("a", np.arange(4000))
    assert 0 <= drawn.min() < 0.05
    assert 6.23 < drawn.max() < 2 * np.pi
    assert abs(np.cos(drawn).mean()) < 0.05
    assert np.cos(drawn).var() == pytest.approx(0.5, abs=0.03)


# ------------------------------------------------------------------------------------------- accuracies and losses


def test_log_odds_and_back():
    acc = np.array([0.0, 0.01, 1.0, 50.0, 99.9, 100.0])
    np.testing.assert_allclose(from_log_odds(log_odds(acc)), acc, atol=1e-9)
    assert log_odds(np.array(50.0)) == pytest.approx(0)


def test_smoothing_keeps_a_constant_and_averages_nine(rng: np.random.Generator):
    np.testing.assert_allclose(smoothed(np.full((2, 30), 3.0)), 3.0)
    values = rng.normal(size=40)
    assert smoothed(values)[20] == pytest.approx(values[16:25].mean())
    assert smoothed(values)[0] == pytest.approx(values[:5].mean())


def test_the_link_falls_and_can_be_inverted(source: Source):
    for dataset in range(3):
        link = fit_link(source, dataset)
        assert (np.diff(link.odds) < 0).all()
        log_loss = np.quantile(np.log(source.end_loss[:, dataset]), [0.1, 0.5, 0.8])
        np.testing.assert_allclose(link.loss(link.accuracy_odds(log_loss)), log_loss, atol=1e-3)


def test_a_noisy_link_still_falls(source: Source, rng: np.random.Generator):
    noisy = replace(source, end_acc=np.clip(source.end_acc + rng.normal(0, 8, source.end_acc.shape), 0.5, 99.5))
    for dataset in range(3):
        assert (np.diff(fit_link(noisy, dataset).odds) < 0).all()


def test_the_link_is_that_of_the_source(source: Source):
    for dataset in range(3):
        odds = fit_link(source, dataset).accuracy_odds(np.log(source.end_loss[:, dataset]))
        assert np.median(np.abs(from_log_odds(odds) - source.end_acc[:, dataset])) < 0.3


def test_corrections_end_at_nothing():
    for dataset in range(3):
        assert correction(dataset).shape == (200,)
        assert correction(dataset)[-1] == 0


def test_the_ramp_rises_from_nothing_to_all():
    assert (RAMP[0], RAMP[-1]) == (0.0, 1.0)
    assert (np.diff(RAMP) > 0).all()


@pytest.fixture
def losses(source: Source, identity: Identity) -> LossModel:
    return fit_losses(network_inputs(source, identity), identity, source, real_curves(source, identity))


def test_trainings_of_a_network_have_noise_of_different_neighbours(losses: LossModel, identity: Identity):
    noise = epoch_noise(losses, identity, identity.long, np.arange(len(identity.long)))
    taught = losses.real.take(np.flatnonzero(~np.isin(losses.real.network, cut_off(identity))))
    for network in range(len(identity.networks)):
        rows = noise[identity.long.network == network]
        assert len(np.unique(rows, axis=0)) == min(len(rows), 24)
        for own in losses.rough[taught.network == network][:1]:
            assert not (rows == own).all(axis=1).any()


def test_noise_fades_with_the_learning_rate(losses: LossModel):
    fade = noise_fade(losses)
    assert (np.diff(fade) <= 0).all()
    assert 0.9 < fade[0] <= 1
    assert fade[-1] < 0.3


def test_noise_needs_trainings_of_isomorphic_archs(source: Source, identity: Identity):
    real = real_curves(source, identity)
    with pytest.raises(DataError, match="no two trainings of isomorphic archs"):
        fit_losses(network_inputs(source, identity), identity, source, real.take(np.arange(4, 7)))
