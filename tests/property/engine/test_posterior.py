"""What holds of the numerics whatever the numbers."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pmfnas.engine.model.capacity import Normal
from pmfnas.engine.model.gp import GaussianProcess, Hyper
from pmfnas.engine.model.kernel import Kernel
from pmfnas.engine.model.transfer import FULL, PROBE, FinalBelief, Sighting, believe
from pmfnas.engine.settings import Settings
from pmfnas.engine.value import expected_gain, gain_of_sightings, knowledge_gradient

seeds = st.integers(0, 2**32 - 1)
positive = st.floats(1e-3, 10.0)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, n=st.integers(1, 15), length=positive, nugget=positive, noise=positive)
def test_an_observation_never_adds_uncertainty(seed: int, n: int, length: float, nugget: float, noise: float) -> None:
    rng = np.random.default_rng(seed)
    gp = GaussianProcess(Hyper(Kernel(length, 1.0, 1.0), nugget, noise), 2)
    new = rng.standard_normal((4, 2))
    before = np.full(4, np.inf)
    for _ in range(n):
        gp.add(rng.integers(0, 3, 2).astype(float), int(rng.integers(0, 4)))  # repeats on purpose
        gp.set_targets(rng.standard_normal(len(gp)))
        _, std = gp.marginal(new)
        assert np.isfinite(std).all()
        after = std**2 / gp.scale2
        assert (after <= before + 1e-9).all()
        before = after


@settings(max_examples=25, deadline=None)
@given(seed=seeds, factor=st.floats(0.1, 10.0))
def test_targets_in_another_unit_give_predictions_in_that_unit(seed: int, factor: float) -> None:
    rng = np.random.default_rng(seed)
    gp, y, new = GaussianProcess(Hyper(Kernel(1.0, 1.0, 1.0), 0.1, 0.1), 2), rng.standard_normal(6), np.ones((1, 2))
    for i in range(6):
        gp.add(rng.standard_normal(2), i)
    gp.set_targets(y)
    mean, std = gp.marginal(new)
    gp.set_targets(factor * y)
    assert np.allclose(gp.marginal(new), (factor * mean, factor * std))


@settings(max_examples=50, deadline=None)
@given(mean=st.floats(-3, 3), std=st.floats(0, 3), more=st.floats(0, 3))
def test_potential_grows_with_mean_and_with_uncertainty(mean: float, std: float, more: float) -> None:
    def gain(m: float, s: float) -> float:
        return float(expected_gain(np.array([m]), np.array([s]), 0.0)[0])

    assert gain(mean, std) >= max(0.0, mean) - 1e-9
    assert gain(mean + more, std) >= gain(mean, std) - 1e-9
    assert gain(mean, std + more) >= gain(mean, std) - 1e-9


def random_belief(rng: np.random.Generator, k: int, n_sightings: int) -> FinalBelief:
    root, promise = rng.standard_normal((k, k)), rng.standard_normal(k)
    kappa = (rng.standard_normal(k), Normal(0.05, float(rng.uniform(0.0, 0.1))))
    archs = tuple((i,) for i in range(k))
    sightings = [
        Sighting(archs[int(rng.integers(k))], int(rng.choice([PROBE, FULL])), float(rng.standard_normal()))
        for _ in range(n_sightings)
    ]
    rigid = Settings(residual_weight=1e15)
    return believe(archs, (promise, root @ root.T, 0.5), kappa, sightings, rigid)


@settings(max_examples=30, deadline=None)
@given(seed=seeds, k=st.integers(1, 8), noise2=positive)
def test_the_value_of_measuring_is_never_negative_and_falls_with_noise(seed: int, k: int, noise2: float) -> None:
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((k, k))
    mean, cov, place = rng.standard_normal(k), root @ root.T, int(rng.integers(k))
    assert knowledge_gradient(mean, cov, place, noise2) >= 0.0
    assert knowledge_gradient(mean, cov, place, noise2) >= knowledge_gradient(mean, cov, place, 2 * noise2) - 1e-9


@settings(max_examples=30, deadline=None)
@given(seed=seeds, k=st.integers(1, 6), n=st.integers(1, 6))
def test_sightings_take_variance(seed: int, k: int, n: int) -> None:
    before = random_belief(np.random.default_rng(seed), k, 0)
    after = random_belief(np.random.default_rng(seed), k, n)
    was = dict(zip(before.archs, before.std, strict=True))
    assert np.isfinite(after.mean).all()
    assert (np.diff(after.mean) <= 0.0).all()
    assert all(std <= was[arch] + 1e-9 for arch, std in zip(after.archs, after.std, strict=True))


@settings(max_examples=30, deadline=None)
@given(seed=seeds, k=st.integers(2, 6), n=st.integers(0, 4), kind=st.sampled_from([PROBE, FULL]))
def test_more_sightings_never_gain_less(seed: int, k: int, n: int, kind: int) -> None:
    """Every draw comes with all its signs, for which the inequality of Jensen holds exactly."""
    rng = np.random.default_rng(seed)
    belief, order = random_belief(rng, k, n), rng.permutation(k).tolist()
    signs = np.array(list(product((-1.0, 1.0), repeat=k)))
    draws = (rng.standard_normal((8, 1, k)) * signs).reshape(-1, k)
    gains = [gain_of_sightings(belief, order[:m], kind, draws) for m in range(1, k + 1)]
    assert gains[0] >= 0.0
    assert (np.diff(gains) >= -1e-9).all()
