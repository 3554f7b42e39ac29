"""What the outputs mean."""

import numpy as np
import pytest

from pmfnas.benchmarks.surrogate.layout import (
    FINALS,
    LOSSES,
    N_CLASSES,
    N_COMPONENTS,
    TESTS,
    Outputs,
    chance,
    curve_keys,
    knots,
    restore,
    scalar_names,
    transform,
)


@pytest.mark.parametrize("metric", ["x-valid-acc", "train-acc", "x-valid-loss", "train-loss"])
def test_restore_undoes_transform(metric: str):
    values = np.array([0.1, 1.0, 10.0, 50.0, 93.7, 99.9])
    np.testing.assert_allclose(restore(metric, transform(metric, values)), values, rtol=1e-12)


@pytest.mark.parametrize("metric", ["x-valid-acc", "x-valid-loss"])
def test_transform_is_finite_at_the_ends_and_keeps_the_order(metric: str):
    moved = transform(metric, np.array([0.0, 1.0, 40.0, 60.0, 99.0, 100.0]))
    assert np.isfinite(moved).all()
    assert (np.diff(moved) > 0).all()


def test_accuracies_are_logits_and_losses_logarithms():
    assert transform("train-acc", np.array(75.0)) == pytest.approx(np.log(3.0))
    assert transform("train-loss", np.array(3.0)) == pytest.approx(np.log(3.0))


def test_restored_accuracies_are_percent_whatever_the_logit():
    restored = restore("x-valid-acc", np.array([-30.0, 0.0, 30.0]))
    np.testing.assert_allclose(restored, [0.0, 50.0, 100.0], atol=1e-9)
    assert restored.min() >= 0.0
    assert restored.max() <= 100.0


@pytest.mark.parametrize("key", [*FINALS, *TESTS, *LOSSES, *curve_keys()], ids=str)
def test_chance_is_one_class_of_all(key):
    n_classes = N_CLASSES[key.dataset]
    expected = 100 / n_classes if key.metric.endswith("-acc") else np.log(n_classes)
    assert restore(key.metric, np.array(chance(key))) == pytest.approx(expected)


@pytest.mark.parametrize("n_epochs", [1, 12, 30])
def test_short_curves_are_described_at_every_epoch(n_epochs: int):
    assert knots(n_epochs).tolist() == list(range(1, n_epochs + 1))


@pytest.mark.parametrize("n_epochs", [31, 200, 1000])
def test_knots_of_long_curves_rise_from_the_first_epoch_to_the_last(n_epochs: int):
    at = knots(n_epochs)
    assert (at[0], at[-1]) == (1, n_epochs)
    assert (np.diff(at) > 0).all()
    assert len(at) < 32
    assert {1, 2, 3} <= set(at.tolist())  # every early epoch


def test_outputs_are_split_without_gap_or_overlap():
    n_outputs = len(scalar_names()) + N_COMPONENTS * len(curve_keys())
    outputs = Outputs(np.arange(2 * n_outputs, dtype=np.float64).reshape(2, -1))
    parts = [outputs.scalar(name)[:, None] for name in scalar_names()]
    parts += [outputs.components(key) for key in curve_keys()]
    assert all(part.shape == (2, N_COMPONENTS) for part in parts[len(scalar_names()) :])
    np.testing.assert_array_equal(np.hstack(parts), outputs.values)


def test_finals_come_first():
    assert scalar_names()[: len(FINALS)] == tuple(map(str, FINALS))


def test_validation_curves_stand_where_the_benchmark_has_them_clean():
    validated = {(key.dataset, key.schedule) for key in curve_keys() if key.metric == "x-valid-acc"}
    assert validated == {
        ("cifar10-valid", "12"),
        ("cifar100", "12"),
        ("ImageNet16-120", "12"),
        ("cifar10-valid", "200"),
    }
