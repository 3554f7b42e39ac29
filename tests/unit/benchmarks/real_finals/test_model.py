"""The model of early epochs on invented final values: draws, networks, curves that end where they must."""

import numpy as np
import pytest

from pmfnas.benchmarks.real_finals import materialise
from pmfnas.benchmarks.real_finals.materialise import real_finals_header, short_ends
from pmfnas.benchmarks.real_finals.model import SCALARS, networks, shipped_bytes, shipped_model
from pmfnas.benchmarks.real_finals.package import Finals
from pmfnas.benchmarks.surrogate.layout import FINALS, N_COMPONENTS, curve_keys
from pmfnas.benchmarks.surrogate.model import all_archs, cell_space, cut_off
from pmfnas.benchmarks.surrogate.model import shipped_bytes as surrogate_bytes
from pmfnas.benchmarks.table import Key

MOST_BYTES = 2_000_000
"""Of both shipped models of this space together."""
TWINS = (7_000, 9_000)
"""Numbers of two archs with equal results in all trials."""


@pytest.fixture(scope="module")
def finals() -> Finals:
    rng = np.random.default_rng(5)
    level = rng.normal(0.5, 0.4, (5**6, 1, 1)) + np.array([1.5, 0.3, -0.8])[:, None]
    valid = 100 / (1 + np.exp(-level - rng.normal(0, 0.02, (5**6, 3, 3))))
    valid[::2, :, 2] = np.nan
    valid[TWINS[1]] = valid[TWINS[0]]
    return Finals(valid, np.outer(5 + rng.random(5**6), [1.0, 2.0, 6.068]))


@pytest.fixture(scope="module")
def model():
    return shipped_model()


@pytest.fixture(scope="module")
def means(model, finals):
    return model.means(finals.valid)


@pytest.fixture(scope="module")
def blind():
    return cut_off(cell_space(), all_archs(cell_space()))


def test_the_model_has_no_axis_of_archs_or_classes_and_is_small(model):
    assert all(max(array.shape, default=0) < 3_000 for array in model.networks.arrays.values())
    assert len(shipped_bytes()) + len(surrogate_bytes()) <= MOST_BYTES


def test_archs_with_equal_results_in_all_trials_are_one_network(finals):
    network = networks(finals.valid)
    assert network[TWINS[0]] == network[TWINS[1]]
    assert len(set(network.tolist())) == 5**6 - 1


def test_one_network_gets_one_draw_and_draws_differ(model, finals, means):
    first, second = (model.drawn(finals.valid, means, draw=draw).values for draw in (0, 1))
    assert first.shape == (5**6, len(SCALARS) + N_COMPONENTS * len(curve_keys()))
    np.testing.assert_array_equal(first[TWINS[0]], first[TWINS[1]])
    assert not np.allclose(first[0], second[0])
    np.testing.assert_array_equal(first, model.drawn(finals.valid, means).values)
    spread = (first - means)[:, 0].std(), (second - means)[:, 0].std()
    assert spread[0] == pytest.approx(spread[1], rel=0.05)
    assert spread[0] > 0.01


@pytest.mark.parametrize("place", range(3))
def test_the_end_of_a_real_curve_is_the_real_value_and_missing_trials_are_missing(model, finals, means, blind, place):
    drawn = model.drawn(finals.valid, means)
    key = FINALS[0]
    if place:  # schedule 12: the end is the model's, whatever the noise between epochs
        key = Key(FINALS[place].dataset, "12", "x-valid-acc")
        ends = short_ends(drawn, finals, blind)[:, place]
        curve = materialise._curve(model, key, drawn, finals, blind)
        assert curve.shape == (5**6, 1, 12)
        np.testing.assert_allclose(curve[:, 0, -1], ends, atol=1e-6)
        return
    curve = materialise._curve(model, key, drawn, finals, blind)
    assert curve.shape == (5**6, 3, 200)
    np.testing.assert_array_equal(curve[:, :, -1], finals.valid[:, 0])
    assert np.isnan(curve[::2, 2]).all()
    assert np.isfinite(curve[1::2]).all()
    assert np.nanmin(curve) >= 0
    assert np.nanmax(curve) <= 100


def test_archs_that_are_cut_off_answer_alike_at_every_epoch(model, finals, means, blind):
    drawn = model.drawn(finals.valid, means)
    curve = materialise._curve(model, Key("cifar100", "12", "x-valid-acc"), drawn, finals, blind)[blind, 0]
    own = np.nanmean(finals.valid[blind, 1], axis=1)
    np.testing.assert_allclose(curve, np.repeat(own[:, None], 12, axis=1))
    loss = materialise._curve(model, Key("cifar100", "12", "train-loss"), drawn, finals, blind)[blind, 0]
    np.testing.assert_allclose(loss, np.log(100))


def test_the_header_says_how_runs_are_scored_and_needs_no_package(monkeypatch):
    monkeypatch.setattr(materialise, "read_package", lambda: pytest.fail("the package is opened"))
    header = real_finals_header()
    assert (header.stamp, header.score) == ("REAL-FINALS", "held-out trials")
    assert header.fingerprint == real_finals_header().fingerprint
