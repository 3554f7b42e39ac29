"""The parts of PMF-NAS's predictor: features, warp, process, intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from pmfnas.core.predictors import PROBABILITIES, Observed
from pmfnas.predictor import process
from pmfnas.predictor.features import Standard, curve_features, early_epoch, log_odds
from pmfnas.predictor.intervals import families, reach
from pmfnas.predictor.process import GroupedProcess
from pmfnas.predictor.warp import Warp


def observed(n, epochs, **changes):
    rng = np.random.default_rng(0)
    columns = {name: rng.uniform(1, 2, (n, epochs)) for name in ("train_loss", "valid_loss")}
    columns |= {name: rng.uniform(10, 90, (n, epochs)) for name in ("train_acc", "valid_acc")}
    return Observed(tuple((i,) for i in range(n)), "12", **(columns | changes))


# ------------------------------------------------------------------------------------------------------- features


def test_curve_features_are_worked_out_by_hand():
    loss, acc = np.array([[2.0, 1.0, 0.5, 0.25]]), np.array([[20.0, 50.0, 50.0, 80.0]])
    seen = observed(1, 4, train_loss=loss, train_acc=acc)
    row = curve_features(seen)[0]
    assert row[0] == pytest.approx(log_odds(seen.valid_acc[:, -1])[0])
    assert row[3] == pytest.approx(np.log(4.0))
    assert row[4] == pytest.approx(-np.log(loss).mean())
    assert row[5] == pytest.approx(-np.log(2.0))
    assert row[6] == pytest.approx(np.log(4.0))  # from epoch 2 to epoch 4
    assert row[7] == pytest.approx(np.log(4.0))  # log odds of 80 % less those of 50 %
    assert curve_features(observed(3, 0)).shape == (3, 0)


def test_what_was_not_paid_for_tells_nothing():
    columns = np.array([[1.0, np.nan, 5.0], [3.0, np.nan, 5.0]])
    applied = Standard.of(columns).apply(np.array([[3.0, 7.0, 9.0], [np.nan, 7.0, 9.0]]))
    assert applied == pytest.approx(np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]))


@pytest.mark.parametrize(("seen", "place"), [(1, 0), (3, 0), (4, 0), (12, 2), (100, 24)])
def test_the_early_epoch_is_a_quarter_of_the_way(seen, place):
    assert early_epoch(seen) == place


# ----------------------------------------------------------------------------------------------------------- warp


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(1.0, 99.0), min_size=2, max_size=30), st.floats(0.2, 99.8))
def test_the_warp_rises_and_can_be_turned_around(labels, accuracy):
    warp = Warp.of(np.array(labels))
    scores = warp.scores(np.array([accuracy, min(accuracy + 0.1, 99.9)]))
    assert scores[1] > scores[0]
    assert warp.percent(scores)[0] == pytest.approx(accuracy, abs=1e-6)


def test_the_bottom_does_not_rule_the_scores():
    labels = np.array([10.0, 88.0, 89.0, 90.0, 91.0])
    scores = Warp.of(labels).scores(labels)
    linear = log_odds(labels)
    assert np.ptp(scores[1:]) / np.ptp(scores) > 1.5 * np.ptp(linear[1:]) / np.ptp(linear)


# -------------------------------------------------------------------------------------------------------- process


def sample(n, seed=0):
    rng = np.random.default_rng(seed)
    groups = [rng.standard_normal((n, 3)) / 3**0.5, rng.standard_normal((n, 2)) / 2**0.5]
    y = np.sin(2 * groups[0][:, 0]) + groups[1][:, 0] + 0.1 * rng.standard_normal(n)
    return groups, (y - y.mean()) / y.std()


def test_the_gradient_is_that_of_the_posterior():
    groups, y = sample(12)
    centre = np.log(np.array([0.1, 0.1, 0.5, 0.5, 0.3, 0.05]))
    at = centre + np.array([0.3, -0.5, 0.2, 0.7, -0.4, 0.6])
    pairs = process._Pairs.of(groups, groups)

    def value(theta):
        return process._minus_log_posterior(theta, centre, pairs, y)[0]

    gradient = process._minus_log_posterior(at, centre, pairs, y)[1]
    assert gradient == pytest.approx(approx_fprime(at, value, 1e-6), rel=1e-3, abs=1e-4)


def test_the_process_learns_and_knows_what_it_does_not_know():
    groups, y = sample(80)
    others, truth = sample(200, seed=1)
    fitted = GroupedProcess(groups, y)
    mean, std = fitted.predict(others)
    assert np.corrcoef(mean, truth)[0, 1] > 0.9
    far = fitted.predict([20 + 0 * x for x in others])[1]
    assert far.min() > 3 * std.max()


def test_leaving_families_out_is_fitting_without_them(monkeypatch):
    groups, y = sample(10)
    family = np.array([0, 1, 0, 2, 3, 3, 3, 4, 5, 6])
    fitted = GroupedProcess(groups, y)
    residual = fitted.left_out(family)
    monkeypatch.setattr(process, "_mode", lambda *_: fitted.theta)
    for number in np.unique(family):
        out, kept = family == number, family != number
        mean, std = GroupedProcess([x[kept] for x in groups], y[kept]).predict([x[out] for x in groups])
        assert residual[out] == pytest.approx((y[out] - mean) / std, rel=1e-6)


# ------------------------------------------------------------------------------------------------------ intervals


def test_families_share_features_or_curves_directly_or_through_others():
    arch = np.array([[1.0], [1.0], [2.0], [3.0], [4.0]])
    curve = np.array([[0.1], [0.2], [0.2], [0.4], [0.5]])
    family = families(arch, curve)
    assert family[0] == family[1] == family[2]
    assert len(set(family.tolist())) == 3
    assert len(set(families(arch, np.empty((5, 0))).tolist())) == 4


def test_a_reach_is_a_residual_of_the_right_rank():
    reaches = reach(np.array([0.1, -0.2, 0.3, -0.4, 0.5, 0.6, -0.7, 0.8, 0.9]))
    by = dict(zip(PROBABILITIES, reaches, strict=True))
    assert by[0.5] == 0.0
    assert by[0.75] == 0.5  # half of ten
    assert by[0.9] == 0.8
    assert by[0.1] == -0.8
    assert by[0.95] == 0.9
    assert by[0.975] > 0.9  # beyond the largest


def test_intervals_cover_what_they_say_whatever_the_distribution_is():
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(2000):
        off = rng.standard_t(2, 21)
        inside.append(abs(off[0]) <= reach(off[1:])[PROBABILITIES.index(0.95)])
    assert np.mean(inside) == pytest.approx(0.9048, abs=0.02)  # 19 of 21
