"""The surrogate of the size space as a curve table."""

from pathlib import Path

import numpy as np
import pytest

from pmfnas.benchmarks.size_surrogate import size_surrogate_header
from pmfnas.benchmarks.size_surrogate.materialise import (
    BYTES_PER_ARCH,
    SHARED,
    curves,
    final_test,
    model_ends,
    write_table,
)
from pmfnas.benchmarks.size_surrogate.model import (
    LAST,
    METRICS,
    N_TRIALS,
    SCHEDULES,
    SizeModel,
    all_archs,
    flops,
    polynomial_terms,
    read_model,
    shipped_bytes,
)
from pmfnas.benchmarks.surrogate.layout import transform
from pmfnas.benchmarks.surrogate.model import shipped_bytes as topology_bytes
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.benchmarks.tabular import DATASETS, TableBenchmark, dataset
from pmfnas.core.errors import InputError
from pmfnas.core.types import Train
from pmfnas.spaces import SizeSpace

CURVES = [Key(data.search, s, m) for data in DATASETS.values() for s in SCHEDULES for m in METRICS]
SHIPPED_LIMIT_BYTES = 2_000_000


@pytest.fixture(scope="module")
def model() -> SizeModel:
    return read_model(shipped_bytes())


def test_both_shipped_models_are_small():
    assert len(shipped_bytes()) + len(topology_bytes()) <= SHIPPED_LIMIT_BYTES


def test_no_array_has_an_axis_of_archs(model: SizeModel):
    sizes = {name: array.size for name, array in model.arrays.items()}
    assert max(sizes.values()) == sizes["test/weights"] == 126 * 3


def test_it_says_what_it_is(size_surrogate_table: CurveTable):
    header = size_surrogate_table.header
    assert (header.stamp, header.space, dict(header.schedules)) == ("SURROGATE", "nats-sss", dict(SCHEDULES))
    assert header.fingerprint == size_surrogate_header().fingerprint
    assert "archs held out" in size_surrogate_table.notes


@pytest.mark.parametrize("key", CURVES, ids=str)
def test_every_curve_is_there_at_every_epoch_and_sound(size_surrogate_table: CurveTable, key: Key):
    values = size_surrogate_table.values(key)
    assert values.shape == (32_768, N_TRIALS[key.schedule], SCHEDULES[key.schedule])
    assert size_surrogate_table.epochs(key) == tuple(range(1, SCHEDULES[key.schedule] + 1))
    assert np.isfinite(values).all()
    assert values.min() > 0
    if key.metric.endswith("-acc"):
        assert values.max() < 100


@pytest.mark.parametrize("name", DATASETS)
def test_a_search_sees_clean_validation_at_every_epoch_of_three_schedules(size_surrogate_table: CurveTable, name: str):
    data = dataset(name)
    space = SizeSpace(n_classes=data.n_classes, image_size=data.image_size)
    benchmark = TableBenchmark(size_surrogate_table, data, space)
    schedules = benchmark.fidelities.schedules
    assert [(s.name, s.epochs) for s in schedules] == list(SCHEDULES.items())
    assert all(s.validation_epochs == frozenset(range(1, s.epochs + 1)) for s in schedules)
    curve, cost = benchmark.train(Train((7, 0, 3, 4, 1), "90", 0, 30, (10, 30)), 0)
    assert curve.valid_epochs == (10, 30)
    assert cost.train_s > cost.valid_s > 0


@pytest.mark.parametrize("name", DATASETS)
def test_final_values_stay_near_their_means(size_surrogate_table: CurveTable, model: SizeModel, name: str):
    """Validation and test end at the model's mean plus one trial's noise, which they share where the network is one."""
    data = dataset(name)
    std = model.final_std(data)
    valid = transform("-acc", size_surrogate_table.at(Key(data.search, LAST, "x-valid-acc"), 90)[:, 0].astype(float))
    test = transform("-acc", size_surrogate_table.at(Key(data.test, LAST, data.test_metric), 90)[:, 0].astype(float))
    noise = np.array([valid - model.final_valid(data), test - model.final_test(data)]) / std
    np.testing.assert_allclose(noise.mean(axis=1), 0, atol=0.03)
    np.testing.assert_allclose(noise.std(axis=1), 1, atol=0.03)
    expected = SHARED if data.test == data.search else 0.0
    assert np.corrcoef(noise)[0, 1] == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("name", DATASETS)
def test_longer_training_ranks_more_like_the_end(size_surrogate_table: CurveTable, name: str):
    data = dataset(name)
    end = size_surrogate_table.at(Key(data.test, LAST, data.test_metric), 90)[:, 0]
    tells = [
        np.corrcoef(size_surrogate_table.at(Key(data.search, schedule, "x-valid-acc"), epoch)[:, 0], end)[0, 1]
        for schedule, epoch in (("12", 2), ("12", 6), ("12", 12), ("90", 90))
    ]
    assert tells == sorted(tells)
    assert tells[0] > 0.1


@pytest.mark.parametrize("name", DATASETS)
def test_losses_go_against_accuracies(size_surrogate_table: CurveTable, name: str):
    data = dataset(name)
    for split in ("train", "x-valid"):
        acc, loss = (size_surrogate_table.at(Key(data.search, "12", f"{split}-{m}"), 12)[:, 0] for m in ("acc", "loss"))
        assert np.corrcoef(acc, np.log(loss))[0, 1] < -0.8


@pytest.mark.parametrize("name", DATASETS)
def test_seconds_rise_with_flops_alone(model: SizeModel, name: str):
    data = dataset(name)
    order = np.argsort(flops(data), kind="stable")
    for seconds in model.seconds(data):
        assert (np.diff(seconds[order]) >= 0).all()
        assert seconds.min() > 0


def test_the_polynomial_has_every_term_once():
    terms = polynomial_terms(2)
    assert terms.shape == (32_768, 1 + 5 + 15)
    assert np.linalg.matrix_rank(terms) == terms.shape[1]
    last = tuple(all_archs()[-1])
    assert last == (7, 7, 7, 7, 7)
    np.testing.assert_allclose(terms[-1, 1:6], np.log2(64) - 4.9)


@pytest.mark.parametrize(
    ("name", "schedule", "metric"),
    [("cifar10", "01", "x-valid-loss"), ("cifar100", "12", "x-valid-acc"), ("ImageNet16-120", "90", "x-valid-acc")],
)
def test_the_table_is_what_this_code_makes(
    model: SizeModel, size_surrogate_table: CurveTable, name: str, schedule: str, metric: str
):
    """A table in the cache is of the same version: who changes what is written raises `VERSION`."""
    data = dataset(name)
    for key, made in (
        (
            Key(data.search, schedule, metric),
            curves(model, data, Key(data.search, schedule, metric), model_ends(model, data)),
        ),
        (Key(data.test, LAST, data.test_metric), final_test(model, data)[:, :, None]),
    ):
        kept = transform(key.metric, size_surrogate_table.values(key).astype(float))
        np.testing.assert_allclose(kept, made, atol=2e-3)


def test_an_existing_table_is_not_overwritten(model: SizeModel, size_surrogate_table: CurveTable):
    with pytest.raises(InputError, match="exists already"):
        write_table(model, size_surrogate_table.header, size_surrogate_table.path)


def test_what_the_table_takes_is_known_before(
    model: SizeModel, size_surrogate_table: CurveTable, tmp_path: Path, monkeypatch
):
    taken = sum(file.stat().st_size for file in size_surrogate_table.path.rglob("*.npy"))
    assert taken == pytest.approx(len(size_surrogate_table.archs) * BYTES_PER_ARCH, rel=1e-3)
    monkeypatch.setattr("pmfnas.files.free_bytes", lambda _: taken // 2)
    with pytest.raises(InputError, match=r"table cannot be written \(No space left .*; make room"):
        write_table(model, size_surrogate_table.header, tmp_path / "table", progress=False)
    assert list(tmp_path.iterdir()) == []
