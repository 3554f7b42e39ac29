"""The published predictors against what can be worked out by hand."""

import numpy as np
import pytest

from baselines.predictors.extrapolation import FAMILIES, CurveExtrapolation, extrapolate
from baselines.predictors.fitting import cross_validated
from baselines.predictors.last_valid import LastValid
from baselines.predictors.sizes import Flops, Params
from baselines.predictors.training_speed import SotlE, TseEma, moving_average, sum_of_losses
from pmfnas.core.predictors import Observed
from pmfnas.core.types import Fidelity
from tests.support.predicting import SPACE, TARGET

LOSS = np.array([[4.0, 2.0, 1.0], [1.0, 3.0, 2.0]])


def seen(schedule="12", **columns):
    shape = next(iter(columns.values())).shape
    blank = {m: np.full(shape, np.nan) for m in ("train_loss", "train_acc", "valid_loss", "valid_acc")}
    archs = ((3, 3, 3, 3, 3, 3), (1, 0, 1, 2, 1, 1), (0, 0, 0, 0, 0, 0))
    return Observed(archs[: shape[0]], schedule, **(blank | columns))


def made(factory, **settings):
    return factory(SPACE, TARGET, rng=np.random.default_rng(0), **settings)


def test_sums_of_losses():
    assert sum_of_losses(LOSS, 2) == pytest.approx([3.0, 5.0])
    assert moving_average(LOSS, 0.5) == pytest.approx([1 + 1 + 1, 2 + 1.5 + 0.25])
    assert made(SotlE).predict(seen(train_loss=LOSS)).mean == pytest.approx([-1.0, -2.0])
    assert made(TseEma, gamma=0.0).predict(seen(train_loss=LOSS)).mean == pytest.approx([-1.0, -2.0])


def test_a_diverged_loss_counts_as_the_worst():
    lost = np.array([[4.0, np.nan], [1.0, 3.0], [1.0, 2.0]])
    assert sum_of_losses(lost, 1) == pytest.approx([3.0, 3.0, 2.0])


def test_the_last_validation_and_what_stands_in_for_it():
    acc = np.array([[10.0, 30.0], [20.0, 25.0]])
    assert made(LastValid).predict(seen(valid_acc=acc)).mean == pytest.approx([30.0, 25.0])
    assert made(LastValid).predict(seen(train_loss=LOSS)).mean == pytest.approx([-1.0, -2.0])
    assert made(LastValid).predict(seen(valid_acc=np.empty((2, 0)))).mean == pytest.approx([0.0, 0.0])


def test_sizes_are_those_of_the_space():
    archs = seen(valid_acc=np.empty((3, 0)))
    assert made(Params).predict(archs).mean == pytest.approx([SPACE.params_m(a) for a in archs.archs])
    assert made(Flops).predict(archs).mean == pytest.approx([SPACE.flops_m(a) for a in archs.archs])


@pytest.mark.parametrize("family", FAMILIES)
def test_a_curve_of_a_family_is_continued_exactly(family):
    shape, grid = FAMILIES[family]
    epochs = np.arange(1.0, 201.0)
    g = shape(epochs, grid[1])
    curve = 80.0 + 10.0 * (g - g.max()) / np.ptp(g)
    mean, std = extrapolate(curve[None, :40], 200)
    assert mean[0] == pytest.approx(curve[-1], abs=0.6)
    assert 0 <= std[0] < 2.0


def test_a_falling_curve_stays_where_it_is_and_accuracies_stay_possible():
    falling, steep = np.linspace(60.0, 40.0, 10), np.linspace(5.0, 99.0, 10)
    mean, _ = extrapolate(np.stack([falling, steep]), 200)
    assert mean[0] == pytest.approx(50.0)
    assert mean[1] <= 100.0


def test_it_states_accuracies_only_of_the_schedule_that_ends_at_the_target():
    acc = np.tile(np.linspace(20.0, 60.0, 6), (2, 1))
    factory = CurveExtrapolation(SPACE, Fidelity("200", 200), rng=np.random.default_rng(0))
    assert factory.predict(seen("12", valid_acc=acc)).std is None
    assert factory.predict(seen("200", valid_acc=acc)).std is not None
    assert factory.predict(seen("200", train_acc=acc)).std is None


class Mean:
    def fit(self, x, y):
        self.mean = y.mean()
        return self

    def predict(self, x):
        return np.full(len(x), self.mean)


def test_cross_validation_leaves_the_fold_out():
    assert cross_validated(Mean, np.zeros((2, 1)), np.array([0.0, 4.0]), 3) == pytest.approx(4.0)
