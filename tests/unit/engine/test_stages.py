import numpy as np
import pytest

from pmfnas.core.types import Train
from pmfnas.engine.stages import SIZES, Batch, explore_is_over, gain_of_sightings
from pmfnas.engine.transfer import FULL, PROBE, FinalBelief
from pmfnas.engine.value import expected_gain, informed_std

DRAWS = np.random.default_rng(0).standard_normal((200_000, 3))


def belief(mean: list[float], scores: np.ndarray, shift: float = 0.0, noise: float = 0.1) -> FinalBelief:
    k = len(mean)
    joint = shift**2 * np.eye(k + 2)
    joint[:k, :k] = scores
    archs = tuple((i,) for i in range(k))
    return FinalBelief(archs, np.array(mean), joint, np.array([4 * noise**2, noise**2]), {}, np.array(mean), scores)


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


def test_nothing_is_gained_where_nothing_can_change() -> None:
    assert gain_of_sightings(belief([1.0], np.array([[0.04]])), [0], FULL, DRAWS) == 0.0
    alike = belief([1.0, 0.9, 0.5], np.full((3, 3), 0.04))
    assert gain_of_sightings(alike, [0, 1], FULL, DRAWS) == pytest.approx(0.0, abs=1e-12)
    hopeless = belief([1.0, -5.0], np.diag([0.01, 0.01]))
    assert gain_of_sightings(hopeless, [0, 1], FULL, DRAWS) == 0.0


def test_a_batch_is_worth_its_gain_per_second() -> None:
    request = Train((0,), "12", 0, 3)
    assert Batch("probe", (request,), 0.3, 6.0).rate == pytest.approx(0.05)
    assert Batch("none").rate == 0.0
    assert SIZES[0] == 1
    assert sorted(set(SIZES)) == list(SIZES)


def test_exploring_ends_only_when_the_regions_promise_more() -> None:
    assert explore_is_over((2.0, 1.0), 1.5)
    assert not explore_is_over((1.0, 1.0), 1.5)
    assert not explore_is_over((0.0, 0.0), 1.5)
