import numpy as np
import pytest

from pmfnas.engine.model.gp import JITTER, GaussianProcess, Hyper, choose, log_evidence
from pmfnas.engine.model.kernel import Kernel, Scaling, Spectrum, squares

KERNEL = Kernel(length=1.0, linear=0.5, constant=1.0)
HYPER = Hyper(KERNEL, nugget=0.1, noise=0.2)


def process(n: int, hyper: Hyper = HYPER, *, seed: int = 0) -> tuple[GaussianProcess, np.ndarray]:
    rng = np.random.default_rng(seed)
    gp = GaussianProcess(hyper, 3)
    for i in range(n):
        gp.add(rng.standard_normal(3), i)
    y = rng.standard_normal(n)
    gp.set_targets(y)
    return gp, y


def test_the_kernel_is_matern_on_top_of_constant_and_slope() -> None:
    a, b = np.zeros((1, 2)), np.array([[3.0, 4.0]])
    r = 5**0.5 * 5.0
    assert KERNEL.cross(a, b)[0, 0] == pytest.approx(1.0 + (1 + r + r * r / 3) * np.exp(-r))
    assert KERNEL.cross(b, b)[0, 0] == pytest.approx(1.0 + 0.5 * 25.0 + 1.0)
    assert KERNEL.own(squares(b))[0] == pytest.approx(KERNEL.cross(b, b)[0, 0])


def test_draws_from_the_basis_have_the_covariance_of_the_kernel() -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((6, 3))
    basis = KERNEL.basis(x, Spectrum.draw(3, 40_000, rng=rng))
    assert basis @ basis.T == pytest.approx(KERNEL.cross(x, x), abs=0.03)


def test_scaled_features_have_unit_mean_squared_length_and_lose_constants() -> None:
    raw = np.array([[1.0, 7.0, 0.0], [3.0, 7.0, 10.0], [5.0, 7.0, 5.0]])
    x = Scaling.of(raw).apply(raw)
    assert (x**2).sum(axis=1).mean() == pytest.approx(1.0)
    assert x[:, 1].tolist() == [0.0, 0.0, 0.0]


def test_rare_counts_keep_their_variance_and_measures_lose_their_unit() -> None:
    rare = np.zeros(100)
    rare[0] = 1.0
    even, measured = np.arange(100.0) % 2, np.linspace(0.0, 0.01, 100)
    raw = np.column_stack([rare, even, measured, 1000.0 * measured])
    variances = Scaling.of(raw).apply(raw).var(axis=0)
    assert variances[0] / variances[1] == pytest.approx(rare.var() / even.var())
    assert variances[2] == pytest.approx(variances[3])
    assert variances[2] / variances[1] == pytest.approx(1.0 / even.var())


def test_counts_that_vary_much_get_unit_variance() -> None:
    raw = np.column_stack([np.arange(10.0), 7.0 * np.arange(10.0)])
    assert Scaling.of(raw).apply(raw).var(axis=0) == pytest.approx([0.5, 0.5])


def test_one_observation_in_closed_form() -> None:
    gp = GaussianProcess(HYPER, 2)
    x = np.array([1.0, 0.0])
    gp.add(x, 0)
    gp.set_targets(np.array([2.0]))
    k = 1.0 + 0.5 + 1.0
    mean, cov = gp.truth(x[None, :], np.array([0]))
    scale2 = (4.0 / (k + 0.1 + 0.2 + JITTER) + 2 * 4.0) / 3.0
    assert mean[0] == pytest.approx(2.0 * (k + 0.1) / (k + 0.3), rel=1e-6)
    assert cov[0, 0] == pytest.approx(scale2 * ((k + 0.1) - (k + 0.1) ** 2 / (k + 0.3)), rel=1e-5)


def test_growing_the_factor_equals_factoring_at_once() -> None:
    gp, _ = process(40)
    for i in range(10):
        gp.add(gp.x[i], i)  # replicates of the first ten
    grown = gp.factor.copy()
    gp.set_hyper(HYPER)
    assert grown == pytest.approx(gp.factor, abs=1e-9)


def test_posterior_equals_the_textbook_formula() -> None:
    gp, y = process(12)
    new = np.random.default_rng(5).standard_normal((4, 3))
    k = KERNEL.cross(gp.x, gp.x) + (0.3 + JITTER) * np.eye(12)
    cross = KERNEL.cross(gp.x, new)
    mean, cov = gp.truth(new)
    expected = KERNEL.cross(new, new) + 0.1 * np.eye(4) - cross.T @ np.linalg.inv(k) @ cross
    assert mean == pytest.approx(cross.T @ np.linalg.inv(k) @ y)
    assert cov == pytest.approx(expected * gp.scale2)
    only_mean, std = gp.marginal(new)
    assert only_mean == pytest.approx(mean)
    assert std**2 == pytest.approx(np.diag(cov))


def test_left_out_equals_leaving_out() -> None:
    gp, y = process(9)
    means, _ = gp.left_out()
    for i in range(9):
        rest = [j for j in range(9) if j != i]
        other = GaussianProcess(HYPER, 3)
        for j in rest:
            other.add(gp.x[j], j)
        other.set_targets(y[rest])
        assert means[i] == pytest.approx(other.truth(gp.x[[i]])[0][0], abs=1e-6)


def test_a_replicate_sharpens_the_truth_more_than_a_lookalike() -> None:
    def variance(number: int) -> float:
        gp = GaussianProcess(HYPER, 1)
        gp.add(np.zeros(1), 0)
        gp.add(np.zeros(1), number)
        gp.set_targets(np.array([1.0, 1.0]))
        return float(gp.truth(np.zeros((1, 1)), np.array([0]))[1][0, 0] / gp.scale2)

    assert variance(0) < variance(1)


def test_likelihood_moves_to_the_length_that_made_the_data() -> None:
    rng = np.random.default_rng(3)
    x = rng.uniform(-3, 3, (60, 1))
    made = Hyper(Kernel(2.7, 1e-3, 1e-3), 0.005, 0.005)
    k = made.kernel.cross(x, x) + 0.01 * np.eye(60)
    y = np.linalg.cholesky(k) @ rng.standard_normal(60)
    gp = GaussianProcess(Hyper(Kernel(0.3, 1e-3, 1e-3), 0.5, 0.5), 1)
    for i, row in enumerate(x):
        gp.add(row, i)
    gp.set_targets(y)
    lengths, rough = (0.1, 0.3, 0.9, 2.7, 8.1), (0.01, 0.1, 1.0)
    for _ in range(4):
        gp.set_hyper(choose(gp, lengths, rough))
        gp.set_targets(y)
    assert gp.hyper.kernel.length in (0.9, 2.7)
    assert gp.hyper.nugget + gp.hyper.noise == pytest.approx(0.01)
    chosen = log_evidence(gp.factor, y)
    gp.set_hyper(Hyper(Kernel(0.1, 1e-3, 1e-3), 0.5, 0.5))
    assert chosen > log_evidence(gp.factor, y)


def test_equal_targets_leave_everything_finite() -> None:
    gp, _ = process(8)
    gp.set_targets(np.zeros(8))
    mean, cov = gp.truth(gp.x, gp.classes)
    assert np.isfinite(mean).all()
    assert (np.diag(cov) >= 0).all()
    assert gp.scale2 > 0


def test_a_hint_counts_for_less_the_noisier_it_is_and_equals_the_textbook() -> None:
    at, y = np.zeros((1, 3)), np.array([1.0, -1.0])
    told = []
    for extra in (0.0, 1.0, 100.0):
        gp = GaussianProcess(HYPER, 3)
        gp.add(np.array([1.0, 0.0, 0.0]), 0)
        gp.add(np.array([0.0, 0.1, 0.0]), 1, extra)
        gp.set_targets(y)
        k = KERNEL.cross(gp.x, gp.x) + (HYPER.nugget + HYPER.noise + JITTER) * np.eye(2) + np.diag([0.0, extra])
        assert gp.mean(at) == pytest.approx(KERNEL.cross(at, gp.x) @ np.linalg.solve(k, y))
        assert gp.smoothed() == pytest.approx(gp.truth(gp.x, gp.classes)[0], abs=1e-6)
        told.append(float(gp.mean(at)[0]))
    assert told == sorted(told)


def test_what_is_kept_is_as_if_the_rest_had_never_been_told() -> None:
    gp, y = process(8)
    gp.extra[3] = 2.0
    gp.keep([1, 3, 6])
    gp.set_hyper(HYPER)
    gp.set_targets(y[[1, 3, 6]])
    fresh = GaussianProcess(HYPER, 3)
    for row, number, extra in zip(gp.x, gp.classes, (0.0, 2.0, 0.0), strict=True):
        fresh.add(row, int(number), extra)
    fresh.set_targets(y[[1, 3, 6]])
    at = np.ones((2, 3))
    for kept, new in zip(gp.marginal(at), fresh.marginal(at), strict=True):
        assert kept == pytest.approx(new)
