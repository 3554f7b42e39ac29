"""What holds of the numerics whatever the numbers."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pmfnas.engine.gp import GaussianProcess, Hyper
from pmfnas.engine.kernel import Kernel
from pmfnas.engine.transfer import condition
from pmfnas.engine.value import expected_gain, knowledge_gradient

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


@settings(max_examples=30, deadline=None)
@given(seed=seeds, k=st.integers(1, 8), noise2=positive)
def test_measuring_takes_variance_and_its_value_is_never_negative(seed: int, k: int, noise2: float) -> None:
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((k, k))
    mean, cov, place = rng.standard_normal(k), root @ root.T, int(rng.integers(k))
    _, after = condition(mean, cov, noise2, [(place, 0.3)])
    assert (np.diag(after) <= np.diag(cov) + 1e-9).all()
    assert (np.diag(after) >= -1e-9).all()
    assert knowledge_gradient(mean, cov, place, noise2) >= 0.0
    assert knowledge_gradient(mean, cov, place, noise2) >= knowledge_gradient(mean, cov, place, 2 * noise2) - 1e-9
