import numpy as np
import pytest

from pmfnas.engine.model.transfer import FULL, PROBE, FinalBelief
from pmfnas.engine.value import expected_gain, gain_of_sightings, gains_of_sightings, informed_std, knowledge_gradient

DRAWS = np.random.default_rng(0).standard_normal((200_000, 3))


def belief(mean: list[float], scores: np.ndarray, shift: float = 0.0, noise: float = 0.1) -> FinalBelief:
    k = len(mean)
    joint = shift**2 * np.eye(k + 2)
    joint[:k, :k] = scores
    archs = tuple((i,) for i in range(k))
    return FinalBelief(archs, np.array(mean), joint, np.array([4 * noise**2, noise**2]), {}, np.array(mean), scores)


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


def test_one_sighting_against_a_known_best_is_expected_improvement() -> None:
    b = belief([1.0, 0.9], np.diag([0.0, 0.04]))
    for kind, noise2 in ((PROBE, 0.04), (FULL, 0.01)):
        closed = expected_gain(np.array([0.9]), informed_std(np.array([0.2]), noise2), 1.0)[0]
        assert gain_of_sightings(b, [1], kind, DRAWS) == pytest.approx(closed, rel=0.02)


def test_a_doubtful_level_takes_the_worth_of_a_lone_sighting_but_not_of_two() -> None:
    sure, doubtful = (belief([1.0, 0.95], np.diag([0.04, 0.04]), shift) for shift in (0.0, 10.0))
    assert gain_of_sightings(doubtful, [1], FULL, DRAWS) < 0.1 * gain_of_sightings(sure, [1], FULL, DRAWS)
    both = [gain_of_sightings(b, [0, 1], FULL, DRAWS) for b in (sure, doubtful)]
    assert both[1] == pytest.approx(both[0], rel=0.03)


def test_batches_valued_together_are_worth_what_they_are_alone() -> None:
    root = np.random.default_rng(3).standard_normal((6, 6))
    b, draws = belief([1.0, 0.9, 0.9, 0.8, 0.5, 0.2], 0.1 * root @ root.T, 0.5), DRAWS[:500].repeat(2, axis=1)
    chosen, sizes = [2, 0, 5, 1], [1, 2, 4]
    for kind in (PROBE, FULL):
        alone = [gain_of_sightings(b, chosen[:n], kind, draws) for n in sizes]
        assert gains_of_sightings(b, chosen, kind, draws, sizes) == pytest.approx(alone)
        assert len(set(alone)) == len(sizes)


def test_nothing_is_gained_where_nothing_can_change() -> None:
    assert gain_of_sightings(belief([1.0], np.array([[0.04]])), [0], FULL, DRAWS) == 0.0
    alike = belief([1.0, 0.9, 0.5], np.full((3, 3), 0.04))
    assert gain_of_sightings(alike, [0, 1], FULL, DRAWS) == pytest.approx(0.0, abs=1e-12)
    hopeless = belief([1.0, -5.0], np.diag([0.01, 0.01]))
    assert gain_of_sightings(hopeless, [0, 1], FULL, DRAWS) == 0.0
