"""The declared beliefs in capacity are worth what the run's own evidence leaves of them."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from pmfnas.core.types import FloatArray
from pmfnas.engine.model.capacity import CapacityBelief, Normal, kappa_after, slope_after
from pmfnas.engine.settings import Settings

DECLARED = Normal(0.05, 0.05**2)
ONE = np.ones(1)


def pairs(effect: float, n: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return losses to which capacity adds `effect` per standard deviation, given the score; scores; capacity."""
    rng = np.random.default_rng(1)
    z, scores = rng.standard_normal(n), rng.standard_normal(n)
    return 0.7 * scores + effect * z + 0.05 * rng.standard_normal(n), scores, z


def after_scores(settings: Settings) -> CapacityBelief:
    """Return the belief after four scores of archs of equal capacity, which say nothing about it."""
    belief = CapacityBelief(settings)
    assert not belief.lift(ONE).any()
    belief.tell_medium(np.arange(4.0), np.full(4, np.nan), np.zeros(4))
    return belief


def test_a_normal_belief_meets_an_observation_as_in_the_textbook() -> None:
    after = Normal(1.0, 4.0).after(3.0, 1.0)
    assert (after.mean, after.variance) == pytest.approx((1.0 + 0.8 * 2.0, 0.8))
    assert after.positive == pytest.approx(ndtr(2.6 / np.sqrt(0.8)))
    assert Normal(0.0, 0.0).after(3.0, 1.0) == Normal(0.0, 0.0)


def test_the_slope_equals_the_posterior_by_hand() -> None:
    scores, z = np.array([0.3, -np.inf, 0.9, 0.5]), np.array([0.0, -1.0, 1.0, 2.0])
    y = ndtri((np.array([1, 0, 3, 2]) + 0.5) / 4)
    c = z - z.mean()
    slope = c @ y / (c @ c)
    noise2 = (np.sum((y - slope * c) ** 2) + 1.0) / 3.0
    precision = 1.0 / 0.35**2 + 0.25 * c @ c / noise2
    after = slope_after(Normal(0.45, 0.35**2), scores, z, share=0.5)
    assert after.variance == pytest.approx(1.0 / precision)
    assert after.mean == pytest.approx((0.45 / 0.35**2 + 0.5 * c @ y / noise2) / precision)


def test_the_slope_does_not_depend_on_the_scale_of_scores_and_two_say_nothing() -> None:
    prior, z = Normal(0.45, 0.35**2), np.random.default_rng(0).standard_normal(40)
    falling = -z + np.random.default_rng(1).standard_normal(40)
    assert slope_after(prior, falling, z) == slope_after(prior, np.exp(falling), z)
    assert slope_after(prior, falling, z).positive < 0.05
    assert slope_after(prior, falling[:2], z[:2]) == prior


def test_kappa_equals_the_posterior_by_hand() -> None:
    loss, scores, z = pairs(-0.03, 12)
    design = np.stack([np.ones(12), scores, z], axis=1)
    weights, squares, _, _ = np.linalg.lstsq(design, loss, rcond=None)
    variance = 4.0 * squares[0] / 9.0 * np.linalg.inv(design.T @ design)[2, 2] + 0.05**2 / 9.0
    precision = 1.0 / 0.05**2 + 1.0 / variance
    after = kappa_after(DECLARED, loss, scores, z, 2.0)
    assert after.mean == pytest.approx((0.05 / 0.05**2 - 2.0 * weights[2] / variance) / precision, rel=1e-5)
    assert after.variance == pytest.approx(1.0 / precision, rel=1e-5)


@pytest.mark.parametrize(("effect", "kappa"), [(-0.04, 0.08), (0.0, 0.0), (0.03, -0.06)])
def test_training_losses_overrule_what_was_declared(effect: float, kappa: float) -> None:
    assert kappa_after(DECLARED, *pairs(effect, 200), 2.0).mean == pytest.approx(kappa, abs=0.02)
    assert kappa_after(DECLARED, *pairs(effect, 3), 2.0) == DECLARED


def test_a_loss_that_the_score_explains_whole_is_survived() -> None:
    z = np.arange(6.0)
    assert np.isfinite(kappa_after(DECLARED, 2.0 * z, z, z, 2.0).mean)


def test_what_is_promised_is_bounded_and_falls_with_the_doubt_that_capacity_helps() -> None:
    belief = after_scores(Settings(capacity_belief=0.05, capacity_std=0.04, slope_belief=0.3, slope_belief_std=0.3))
    assert belief.lift(2.0 * ONE)[0] == pytest.approx(2.0 * 0.05 * (2.0 * ndtr(1.0) - 1.0))
    belief.tell_finals(Normal(9.0, 1.0))
    assert belief.lift(ONE)[0] == pytest.approx(0.05)
    belief.tell_finals(Normal(-9.0, 1.0))
    assert belief.lift(ONE)[0] == pytest.approx(-0.05)


def test_where_scores_fall_with_capacity_nothing_is_promised_for_it() -> None:
    belief, z = after_scores(Settings()), np.linspace(-2.0, 2.0, 18)
    assert belief.lift(ONE)[0] > 0.02
    belief.tell_early(-z, z)
    assert belief.lift(ONE)[0] == belief.helps == 0.0
    belief.tell_early(z, z)
    assert belief.lift(ONE)[0] > 0.02
    belief.tell_medium(-np.repeat(z, 3), np.full(54, np.nan), np.repeat(z, 3))
    assert belief.lift(ONE)[0] == 0.0


def test_losses_that_are_missing_leave_kappa_as_declared() -> None:
    belief = CapacityBelief(Settings())
    loss, scores, z = pairs(0.05, 30)
    belief.tell_medium(scores, np.full(30, np.nan), z)
    assert belief.kappa == Normal(Settings().capacity_belief, Settings().capacity_std ** 2)
    belief.tell_medium(scores, loss, z)
    assert belief.kappa.mean < 0.0
