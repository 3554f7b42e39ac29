"""The declared belief in capacity is worth what the run's own evidence leaves of it."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from pmfnas.engine.model.capacity import helps, supported

RNG = np.random.default_rng(0)


def test_before_any_score_the_declared_probability_holds() -> None:
    assert helps(np.empty(0), np.empty(0), 1.0, 0.35) == pytest.approx(ndtr(1.0 / 0.35))
    assert helps(np.array([0.1, 0.2]), np.array([1.0, -1.0]), 1.0, 0.5) == pytest.approx(ndtr(2.0))


def test_the_probability_equals_the_posterior_by_hand() -> None:
    scores, z = np.array([0.3, -np.inf, 0.9, 0.5]), np.array([0.0, -1.0, 1.0, 2.0])
    y = ndtri((np.array([1, 0, 3, 2]) + 0.5) / 4)
    c = z - z.mean()
    slope = c @ y / (c @ c)
    noise2 = (np.sum((y - slope * c) ** 2) + 1.0) / 3.0
    precision = 1.0 / 0.35**2 + c @ c / noise2
    mean = (1.0 / 0.35**2 + c @ y / noise2) / precision
    assert helps(scores, z, 1.0, 0.35) == pytest.approx(ndtr(mean * np.sqrt(precision)))


def test_scores_that_fall_with_capacity_take_the_belief_away_and_their_scale_does_not_matter() -> None:
    z = RNG.standard_normal(40)
    falling = -z + RNG.standard_normal(40)
    assert helps(falling, z, 1.0, 0.35) < 0.05
    assert helps(falling, z, 1.0, 0.35) == helps(np.exp(falling), z, 1.0, 0.35)
    assert helps(-falling, z, 1.0, 0.35) > 0.99


def pairs(effect: float, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Losses to which capacity adds `effect` residual standard deviations, given the score."""
    rng = np.random.default_rng(1)
    z, scores = rng.standard_normal(n), rng.standard_normal(n)
    return 0.7 * scores + 0.1 * (effect * z + rng.standard_normal(n)), scores, z


def test_few_pairs_leave_the_belief_as_it_is_declared() -> None:
    assert supported(*pairs(3.0, 4), -0.4, 0.3) == 1.0


def test_the_share_equals_the_posterior_by_hand() -> None:
    loss, scores, z = pairs(-0.2, 12)
    design = np.stack([np.ones(12), scores, z], axis=1)
    weights, squares, _, _ = np.linalg.lstsq(design, loss, rcond=None)
    t = weights[2] / np.sqrt(squares[0] / 9.0 * np.linalg.inv(design.T @ design)[2, 2])
    by_hand = (-0.4 / 0.09 + 12 * t / np.sqrt(12)) / (1.0 / 0.09 + 12) / -0.4
    assert 0.0 < by_hand < 1.0
    assert supported(loss, scores, z, -0.4, 0.3) == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize(("effect", "low", "high"), [(-0.5, 0.8, 1.0), (0.0, 0.0, 0.25), (0.4, 0.0, 0.0)])
def test_many_pairs_overrule_what_was_declared_and_never_exceed_it(effect: float, low: float, high: float) -> None:
    assert low <= supported(*pairs(effect, 200), -0.4, 0.3) <= high


def test_a_loss_that_the_score_explains_whole_is_survived() -> None:
    z = np.arange(6.0)
    assert 0.0 <= supported(2.0 * z, z, z, -0.4, 0.3) <= 1.0
