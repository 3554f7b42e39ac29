"""The surrogate as a curve table."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pmfnas.benchmarks.surrogate import surrogate_header
from pmfnas.benchmarks.surrogate.layout import FINALS, LOSSES, SCHEDULES, SEARCHED, TESTS, Outputs, curve_keys, restore
from pmfnas.benchmarks.surrogate.layout import transform as transformed
from pmfnas.benchmarks.surrogate.materialise import BYTES_PER_ARCH, curves, scattered, trials, write_table
from pmfnas.benchmarks.surrogate.model import (
    Model,
    all_archs,
    cell_space,
    cut_off,
    model_inputs,
    read_model,
    shipped_bytes,
)
from pmfnas.benchmarks.table import CurveTable, Header, Key
from pmfnas.benchmarks.tabular import DATASETS, TableBenchmark, dataset
from pmfnas.core.errors import InputError
from pmfnas.spaces import CellSpace

ROOT = Path(__file__).parents[4]
CURVES = [Key(d, s, m) for d in SEARCHED for s in SCHEDULES for m in ("train-loss", "train-acc")]
VALIDATIONS = [Key(d, s, m) for d in SEARCHED for s in SCHEDULES for m in ("x-valid-loss", "x-valid-acc")]
SECONDS = [Key(d, s, m) for d in SEARCHED for s in SCHEDULES for m in ("train-s", "x-valid-s")]


@pytest.fixture(scope="module")
def model() -> Model:
    return read_model(shipped_bytes())


@pytest.fixture(scope="module")
def mean(model: Model) -> Outputs:
    return model.outputs(model_inputs(cell_space(), all_archs(cell_space())))


@pytest.fixture(scope="module")
def blind() -> np.ndarray:
    return cut_off(cell_space(), all_archs(cell_space()))


def expected_epochs(key: Key) -> tuple[int, ...]:
    """Return where the official files have a clean value."""
    if key in SECONDS:
        return ()
    at_the_end_only = key.metric.startswith("x-valid") and (key.schedule, key.dataset) in {
        ("200", "cifar100"),
        ("200", "ImageNet16-120"),
    }
    return (200,) if at_the_end_only or key in TESTS else tuple(range(1, SCHEDULES[key.schedule] + 1))


# -------------------------------------------------------------------------------------------------- what it holds


def test_header(surrogate_table: CurveTable):
    assert surrogate_table.header == surrogate_header()
    assert (surrogate_table.header.stamp, surrogate_table.header.space) == ("SURROGATE", "nb201")
    np.testing.assert_array_equal(surrogate_table.archs, all_archs(cell_space()))


def test_columns_stand_where_the_official_files_have_them(surrogate_table: CurveTable):
    keys = {*CURVES, *VALIDATIONS, *SECONDS, *TESTS}
    present = {f"{d}/{s}/present" for d in SEARCHED for s in SCHEDULES} | {"cifar10/200/present"}
    assert set(surrogate_table.keys) == {*map(str, keys), *present, "archs"}
    assert {key: surrogate_table.epochs(key) for key in keys} == {key: expected_epochs(key) for key in keys}


def test_columns_are_those_of_the_anchored_table(surrogate_table: CurveTable, anchored_table: CurveTable):
    assert surrogate_table.keys == anchored_table.keys
    for key in (Key(*name.split("/")) for name in surrogate_table.keys if name.count("/") == 2):
        if key.metric != "present":
            assert surrogate_table.epochs(key) == anchored_table.epochs(key), key
            assert surrogate_table.values(key).shape == anchored_table.values(key).shape, key


@pytest.mark.parametrize("name", DATASETS)
def test_validation_can_be_bought_where_the_benchmark_has_it(surrogate_table: CurveTable, name: str):
    searched = dataset(name)
    space = CellSpace(n_classes=searched.n_classes, image_size=searched.image_size)
    schedules = TableBenchmark(surrogate_table, searched, space).fidelities.schedules
    at = {schedule.name: schedule.validation_epochs for schedule in schedules}
    assert at["12"] == frozenset(range(1, 13))
    assert at["200"] == (frozenset(range(1, 201)) if name == "cifar10" else {200})


@pytest.mark.parametrize("key", [*CURVES, *VALIDATIONS, *TESTS], ids=str)
def test_values_are_whole_and_in_range(surrogate_table: CurveTable, key: Key):
    values = surrogate_table.values(key)
    assert np.isfinite(values).all()
    assert values.min() >= 0
    if key.metric.endswith("-acc"):
        assert values.max() <= 100


@pytest.mark.parametrize("key", SECONDS, ids=str)
def test_every_second_is_paid(surrogate_table: CurveTable, key: Key):
    values = surrogate_table.values(key)
    assert np.isfinite(values).all()
    assert values.min() > 0.1
    assert (values == values[:, :1]).all()  # no trial is cheaper than another


def test_every_trial_exists(surrogate_table: CurveTable):
    for name in SEARCHED:
        assert surrogate_table.present(name, "12").all()
        assert surrogate_table.present(name, "200").shape == (15_625, 3)
        assert surrogate_table.present(name, "200").all()
    assert surrogate_table.present("cifar10", "200").all()


# -------------------------------------------------------------------------------------------------- what values mean


@pytest.mark.parametrize("key", FINALS, ids=str)
def test_trials_average_to_the_mean_of_the_model(surrogate_table: CurveTable, mean: Outputs, blind, key: Key):
    found = transformed(key.metric, surrogate_table.at(key, 200).astype(np.float64)).mean(axis=1)
    np.testing.assert_allclose(found[~blind], mean.scalar(str(key))[~blind], rtol=0, atol=2e-5)  # float32 percent


@pytest.mark.parametrize("key", FINALS, ids=str)
def test_trials_differ_by_the_noise_of_the_model(surrogate_table: CurveTable, model: Model, mean, blind, key: Key):
    found = transformed(key.metric, surrogate_table.at(key, 200).astype(np.float64))[~blind]
    expected = model.trial_std(key, mean.scalar(str(key)))[~blind]
    deviations = (found - found.mean(axis=1, keepdims=True)) / expected[:, None]
    spread = np.sqrt((deviations**2).sum() / (len(deviations) * (deviations.shape[1] - 1)))  # as between real trials
    assert spread == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize("key", FINALS, ids=str)
def test_isomorphic_archs_average_to_the_same(surrogate_table: CurveTable, key: Key):
    keys = [cell_space().canonical(arch) for arch in all_archs(cell_space())]
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    found = transformed(key.metric, surrogate_table.at(key, 200).astype(np.float64)).mean(axis=1)
    np.testing.assert_allclose(found, found[first][inverse], rtol=0, atol=4e-5)


@pytest.mark.parametrize(
    ("key", "level"),
    [
        *((key, 100 / n) for key, n in zip(FINALS, (10, 100, 120), strict=True)),
        *((key, 100 / n) for key, n in zip(TESTS, (10, 100, 120), strict=True)),
        *((key, np.log(n)) for key, n in zip(LOSSES, (100, 120), strict=True)),
        (Key("cifar100", "12", "x-valid-acc"), 1.0),
        (Key("ImageNet16-120", "200", "train-loss"), np.log(120)),
        (Key("cifar10-valid", "200", "train-acc"), 10.0),
    ],
    ids=str,
)
def test_cut_off_networks_answer_at_chance(surrogate_table: CurveTable, blind, key: Key, level: float):
    values = surrogate_table.values(key)
    np.testing.assert_allclose(values[blind], level, rtol=1e-5)
    assert not np.isclose(values[~blind], level, rtol=1e-5).all(axis=(1, 2)).any()


def test_a_curve_ends_at_its_final_value(model: Model, mean: Outputs):
    key = FINALS[0]
    finals = trials(model, key, mean.scalar(str(key)))
    np.testing.assert_allclose(curves(model, key, mean, finals)[:, :, -1], finals, atol=1e-9)


def test_accuracies_rise_and_losses_fall(surrogate_table: CurveTable, blind):
    for key in (Key("cifar100", "200", "train-acc"), Key("cifar100", "12", "x-valid-acc")):
        values = surrogate_table.values(key)[~blind]
        assert (values[:, :, -1] > values[:, :, 0]).mean() > 0.99
    values = surrogate_table.values(Key("ImageNet16-120", "200", "train-loss"))[~blind]
    assert (values[:, :, -1] < values[:, :, 0]).mean() > 0.99


# -------------------------------------------------------------------------------------------------- deterministic


def test_the_table_is_that_of_the_shipped_model(surrogate_table: CurveTable, model: Model, mean: Outputs, blind):
    """A second computation of some columns, from the model alone."""
    drawn = scattered(model, mean)
    for key in (Key("cifar100", "12", "x-valid-acc"), Key("ImageNet16-120", "12", "train-loss")):
        again = restore(key.metric, curves(model, key, drawn, None)).astype(np.float32)
        np.testing.assert_allclose(surrogate_table.values(key)[~blind], again[~blind], rtol=1e-5)
    again = restore("x-valid-acc", trials(model, FINALS[1], mean.scalar(str(FINALS[1])))).astype(np.float32)
    np.testing.assert_allclose(surrogate_table.at(FINALS[1], 200)[~blind], again[~blind], rtol=1e-5)


def test_columns_are_drawn_apart(model: Model, mean: Outputs):
    """No stream is shared: the order of columns, or a new one, changes no other."""
    one = trials(model, FINALS[0], np.zeros(50))
    np.testing.assert_array_equal(one, trials(model, FINALS[0], np.zeros(50)))
    shares = np.corrcoef(one.ravel(), trials(model, FINALS[1], np.zeros(50)).ravel())
    assert abs(shares[0, 1]) < 0.5
    keys = [key for key in curve_keys() if key.schedule == "12"][:2]
    assert not np.allclose(*(curves(model, key, Outputs(mean.values[:3]), None) for key in keys))


def test_an_existing_table_is_not_overwritten(tmp_path: Path, model: Model):
    header = Header("SURROGATE", "nb201", (5,) * 6, "1", "x", SCHEDULES)
    (tmp_path / "table").mkdir()
    with pytest.raises(InputError, match="exists already"):
        write_table(model, header, tmp_path / "table", progress=False)


def test_it_is_read_and_written_without_the_packages_that_fit_it():
    code = (
        "import sys\n"
        "import pmfnas.benchmarks.surrogate as surrogate\n"
        "from pmfnas.benchmarks.surrogate import materialise, model\n"
        "space, read = model.cell_space(), model.read_model(model.shipped_bytes())\n"
        "mean = read.outputs(model.model_inputs(space, model.all_archs(space)))\n"
        "drawn = materialise.scattered(read, mean)\n"
        "for key in materialise.curve_keys()[:2]:\n"
        "    materialise.curves(read, key, drawn, None)\n"
        "print(surrogate.surrogate_header().fingerprint, *{'torch', 'sklearn'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == surrogate_header().fingerprint


def test_what_the_table_takes_is_known_before(model: Model, surrogate_table: CurveTable, tmp_path: Path, monkeypatch):
    taken = sum(file.stat().st_size for file in surrogate_table.path.rglob("*.npy"))
    assert taken == pytest.approx(len(surrogate_table.archs) * BYTES_PER_ARCH, rel=1e-3)
    monkeypatch.setattr("pmfnas.files.free_bytes", lambda _: taken // 2)
    with pytest.raises(InputError, match=r"table cannot be written \(No space left .*; make room"):
        write_table(model, surrogate_table.header, tmp_path / "table", progress=False)
    assert list(tmp_path.iterdir()) == []
