import numpy as np
import pytest

from pmfnas.engine.model.gp import GaussianProcess, Hyper
from pmfnas.engine.model.kernel import Kernel
from pmfnas.engine.model.paths import Paths

X = np.random.default_rng(0).standard_normal((30, 2))
PLACES = np.arange(10, 30)


def process(n: int, length: float = 1.0) -> GaussianProcess:
    gp = GaussianProcess(Hyper(Kernel(length, 0.5, 1.0), 0.05, 0.1), 2)
    for i in range(n):
        gp.add(X[i], i)
    gp.set_targets(np.sin(3.0 * X[:n, 0]))
    return gp


def draws(*processes: GaussianProcess, n: int = 2, spread: float = 1.0) -> np.ndarray:
    """Return the draws of the last process after those of the others, in which no chance is used up."""
    rng = np.random.default_rng(1)
    paths = Paths(2, 400, rng=rng)
    for gp in processes[:-1]:
        paths.draw(gp, X, PLACES, 0, spread=spread)
    return paths.draw(processes[-1], X, PLACES, n, spread=spread)


def test_what_is_kept_of_earlier_draws_changes_nothing() -> None:
    assert draws(process(3), process(5), process(8)) == pytest.approx(draws(process(8)), abs=1e-6)


def test_new_hyperparameters_need_forgetting() -> None:
    rng = np.random.default_rng(1)
    paths = Paths(2, 400, rng=rng)
    paths.draw(process(8, length=3.0), X, PLACES, 0, spread=1.0)
    paths.forget()
    assert paths.draw(process(8), X, PLACES, 2, spread=1.0) == pytest.approx(draws(process(8)))
    assert draws(process(8, length=3.0), process(8)) != pytest.approx(draws(process(8)), abs=0.01)


def test_draws_have_the_moments_of_the_posterior() -> None:
    gp = process(8)
    mean, std = gp.marginal(X[PLACES])
    drawn = draws(gp, n=4000) * np.sqrt(gp.scale2)
    assert draws(gp, spread=0.0)[:, 0] * np.sqrt(gp.scale2) == pytest.approx(mean, abs=1e-6)
    assert drawn.mean(axis=1) == pytest.approx(mean, abs=0.06)
    smooth = np.sqrt(std**2 - gp.hyper.nugget * gp.scale2)  # of a draw without what only isomorphs share
    assert drawn.std(axis=1) == pytest.approx(smooth, abs=0.1)
