import numpy as np
import pytest

from pmfnas.engine.model.capacity import Normal
from pmfnas.engine.model.transfer import FULL, PROBE, FinalBelief, Sighting, believe
from pmfnas.engine.settings import Settings

ARCHS = ((0,), (1,), (2,))
MEAN = np.array([1.0, 0.98, 0.5])
TRIAL2 = 4e-4
NONE = np.zeros(3)
CERTAIN = Normal(1.0, 0.0)
RIGID = Settings(residual_weight=1e15)
"""Surprises change no variance."""


def belief(
    *sightings: Sighting,
    mean: np.ndarray = MEAN,
    capacity: np.ndarray = NONE,
    kappa: Normal = CERTAIN,
    settings: Settings = RIGID,
) -> FinalBelief:
    medium = (mean, np.diag([4e-4] * 3), TRIAL2)
    return believe(ARCHS, medium, (capacity, kappa), list(sightings), settings)


def means(b: FinalBelief) -> list[float]:
    """By number of the arch."""
    return [float(b.mean[b.archs.index(a)]) for a in ARCHS]


def stds(b: FinalBelief) -> list[float]:
    return [float(b.std[b.archs.index(a)]) for a in ARCHS]


def probe(i: int, value: float) -> Sighting:
    return Sighting((i,), PROBE, value)


def full(i: int, value: float) -> Sighting:
    return Sighting((i,), FULL, value)


def test_one_sighting_of_each_kind_equals_conditioning_by_hand() -> None:
    s = Settings(residual_weight=1e15, slope_std=0.4, residual=1.5, probe_noise=2.0, full_noise=0.5)
    lift = np.array([0.0, 0.03, 0.01])
    after = belief(probe(0, 2.0), full(1, 3.0), probe(1, 2.2), capacity=lift, settings=s)

    gap = MEAN - 1.0
    prior = np.zeros((5, 5))
    prior[:3, :3] = np.diag([4e-4] * 3) + 0.16 * np.outer(gap, gap) + 2.25 * TRIAL2 * np.eye(3)
    prior[3, 3] = prior[4, 4] = 4.0
    shift_probe = ((2.0 - 1.0) + (2.2 - 1.01)) / 2.0
    start = np.array([1.0, 1.01, 0.51, shift_probe, 3.0 - 1.01])
    seen = np.array([[1, 0, 0, 1, 0], [0, 1, 0, 0, 1], [0, 1, 0, 1, 0]], dtype=float)
    certainty = np.diag(1.0 / np.array([4.0 * TRIAL2, 0.25 * TRIAL2, 4.0 * TRIAL2]))
    cov = np.linalg.inv(np.linalg.inv(prior) + seen.T @ certainty @ seen)
    mean = cov @ (np.linalg.inv(prior) @ start + seen.T @ certainty @ [2.0, 3.0, 2.2])

    assert means(after) == pytest.approx(mean[:3], abs=1e-8)
    assert stds(after) == pytest.approx(np.sqrt(np.diag(cov)[:3]), rel=1e-6)
    assert after.sighted == {(0,): PROBE, (1,): FULL}


def test_without_sightings_the_promise_holds_and_the_capacity_belief_shifts_it() -> None:
    assert belief().archs == ARCHS
    assert means(belief()) == pytest.approx(MEAN)
    assert belief(capacity=np.array([0.0, 0.1, 0.0])).archs[0] == (1,)


def test_one_sighting_alone_says_nothing_about_level() -> None:
    for sighting in (probe(1, -7.0), probe(1, 9.0), full(1, 9.0)):
        assert means(belief(sighting)) == pytest.approx(MEAN)
        assert stds(belief(sighting)) == pytest.approx(stds(belief()), rel=1e-3)


def test_two_probes_compare_whatever_their_level() -> None:
    for level in (-3.0, 2.0):
        after = belief(probe(0, level), probe(1, level + 0.2))
        assert after.archs[0] == (1,)
        assert max(stds(after)[:2]) < min(stds(belief())[:2])


def test_a_replicate_of_a_full_training_halves_its_noise() -> None:
    twice = belief(full(0, 3.1), full(1, 2.9), full(1, 3.1), full(2, 2.8), full(0, 3.1), full(2, 2.8))
    halved = Settings(residual_weight=1e15, full_noise=RIGID.full_noise / 2**0.5)
    once = belief(full(0, 3.1), full(1, 3.0), full(2, 2.8), settings=halved)
    assert means(twice) == pytest.approx(means(once))
    assert stds(twice) == pytest.approx(stds(once))


def test_surprises_widen_noise_and_residual_in_closed_form() -> None:
    equal, weight, d = np.ones(3), 4.0, 0.3
    settings = Settings(residual_weight=weight)
    after = belief(full(0, 3.0 + d), full(1, 3.0 - d), mean=equal, settings=settings)
    each = 4e-4 + (settings.residual**2 + settings.full_noise**2) * TRIAL2
    growth = (weight + 2.0 * d * d / each) / (weight + 1.0)
    prior2 = np.array([settings.probe_noise, settings.full_noise]) ** 2 * TRIAL2
    assert after.noise2 == pytest.approx(growth * prior2, rel=1e-6)
    calm = belief(full(0, 3.0), full(1, 3.0), mean=equal, settings=settings)
    assert calm.noise2 == pytest.approx(weight / (weight + 1.0) * prior2, rel=1e-6)
    assert stds(after)[2] > 2.0 * stds(calm)[2]  # the unsighted arch is less sure too


def test_a_disappointing_full_training_hands_the_lead_over() -> None:
    after = belief(full(0, 2.8), full(1, 2.95), full(2, 2.45), settings=Settings())
    assert after.archs[0] == (1,)
    assert after.unsighted() == []
    assert sorted(after.archs[i] for i in after.with_kind(FULL)) == list(ARCHS)


def test_archs_are_told_apart_by_their_best_sighting() -> None:
    after = belief(full(0, 3.0), probe(0, 2.0), probe(1, 2.0))
    assert [after.archs[i] for i in after.unsighted()] == [(2,)]
    assert [after.archs[i] for i in after.with_kind(PROBE)] == [(1,)]
    assert [after.archs[i] for i in after.with_kind(FULL)] == [(0,)]


def test_sorting_moves_everything_along() -> None:
    lift = np.array([0.0, 0.1, 1.0])
    after = belief(full(0, 2.9), full(2, 3.0), capacity=lift)
    assert after.archs[0] == (2,)
    assert (np.diff(after.mean) <= 0.0).all()
    assert after.promise[0] == pytest.approx(1.5)
    assert stds(after)[1] > max(stds(after)[0], 0.0)


def test_kappa_is_learnt_from_sightings_as_conditioning_by_hand() -> None:
    z, equal, kappa = np.array([-1.0, 0.0, 1.0]), np.ones(3), Normal(0.05, 0.05**2)
    told = (full(0, 2.0), full(1, 2.01), full(2, 2.02))
    after = belief(*told, mean=equal, capacity=z, kappa=kappa)

    each = 4e-4 + (RIGID.residual**2 + RIGID.full_noise**2) * TRIAL2
    cov = each * np.eye(3) + 4.0 + kappa.variance * np.outer(z, z)
    moved = kappa.variance * np.linalg.solve(cov, z)
    innovation = np.array([2.0, 2.01, 2.02]) - 1.0 - 0.05 * z
    assert after.kappa.mean == pytest.approx(0.05 + moved @ (innovation - innovation.mean()), rel=1e-6)
    assert after.kappa.variance == pytest.approx(kappa.variance - kappa.variance * moved @ z, rel=1e-6)
    assert 0.01 < after.kappa.mean < 0.02
    assert after.promise == pytest.approx(1.0 + after.kappa.mean * z[[a[0] for a in after.archs]])
    assert belief(mean=equal, capacity=z, kappa=kappa).kappa == kappa
