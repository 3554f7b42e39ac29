"""The anchored table of the size space, made of invented real values: what is read, refused, kept and modelled."""

from pathlib import Path

import numpy as np
import pytest

from pmfnas.benchmarks.size_surrogate import SIZE_FILES, build_size_anchored, size_anchored_header
from pmfnas.benchmarks.size_surrogate.anchored import real_ends
from pmfnas.benchmarks.size_surrogate.model import (
    LAST,
    METRICS,
    N_TRIALS,
    SCHEDULES,
    all_archs,
    polynomial_terms,
    read_model,
    shipped_bytes,
)
from pmfnas.benchmarks.size_surrogate.source import read_valid, read_values
from pmfnas.benchmarks.surrogate.layout import restore, transform
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.benchmarks.tabular import DATASETS, TableBenchmark, dataset
from pmfnas.core.errors import DataError, InputError
from pmfnas.core.types import Train
from pmfnas.spaces import SizeSpace

N_ARCHS = 8**5
LUCK_STD = 0.05


@pytest.fixture(scope="module")
def ends() -> np.ndarray:
    """Invented final validation in the order of arch numbers, percent, (n_archs, 3): smooth in the widths, and luck."""
    rng, terms = np.random.default_rng(3), polynomial_terms(2)
    logits = terms @ rng.normal(scale=0.05, size=(terms.shape[1], 3)) + 1.0
    return restore("-acc", logits + LUCK_STD * rng.normal(size=logits.shape)).astype(np.float32)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, ends: np.ndarray) -> Path:
    """A folder whose rows are in an order that is not that of arch numbers; test is two points below validation."""
    return write_source(tmp_path_factory.mktemp("values"), ends)


def write_source(folder: Path, ends: np.ndarray, **changes: np.ndarray) -> Path:
    order = np.random.default_rng(1).permutation(N_ARCHS)
    fields = {
        "channels": ((all_archs()[order] + 1) * 8).astype(np.uint8),
        "datasets": np.array(list(DATASETS)),
        "test_acc_90": ends[order] - 2,
        "valid_acc_90": ends[order],
        **changes,
    }
    for file, names in zip(
        SIZE_FILES, (("channels", "datasets", "test_acc_90"), ("datasets", "valid_acc_90")), strict=True
    ):
        np.savez(folder / file, **{name: fields[name] for name in names})
    return folder


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory, source: Path) -> CurveTable:
    return build_size_anchored(source, tmp_path_factory.mktemp("made") / "table")


# ------------------------------------------------------------------------------------------------------- what is real


def test_rows_of_both_files_are_put_in_the_order_of_arch_numbers(source: Path, ends: np.ndarray):
    np.testing.assert_array_equal(read_valid(source)[0], ends)
    np.testing.assert_array_equal(read_values(source)[0], ends - 2)


@pytest.mark.parametrize("name", DATASETS)
def test_ends_of_schedule_90_stand_in_the_table_unaltered(table: CurveTable, ends: np.ndarray, name: str):
    data, place = dataset(name), list(DATASETS).index(name)
    np.testing.assert_allclose(table.at(Key(data.search, LAST, "x-valid-acc"), 90)[:, 0], ends[:, place], rtol=3e-7)
    np.testing.assert_array_equal(table.at(Key(data.test, LAST, data.test_metric), 90)[:, 0], ends[:, place] - 2)


def test_test_accuracy_stands_at_the_end_of_schedule_90_alone(table: CurveTable):
    tests = [Key(*name.split("/")) for name in table.keys if "test" in name]
    assert set(tests) == {Key(data.test, LAST, data.test_metric) for data in DATASETS.values()}
    assert all(table.epochs(key) == (90,) for key in tests)


def test_it_says_what_it_is(table: CurveTable, source: Path):
    header = table.header
    assert (header.stamp, header.space, dict(header.schedules)) == ("ANCHORED", "nats-sss", dict(SCHEDULES))
    assert header.fingerprint == size_anchored_header(source).fingerprint
    assert table.is_whole
    assert set(table.notes) >= {"real", "modelled"}
    spread = table.notes["deviation of real final validation from the smooth mean, log-odds"]
    assert spread == pytest.approx(dict.fromkeys(DATASETS, LUCK_STD), rel=0.05)


def test_a_changed_value_of_either_file_makes_another_table(source: Path, ends: np.ndarray, tmp_path: Path):
    names = {size_anchored_header(source).fingerprint}
    for field in ("valid_acc_90", "test_acc_90"):
        (tmp_path / field).mkdir()
        names.add(size_anchored_header(write_source(tmp_path / field, ends, **{field: ends * 0.9})).fingerprint)
    assert len(names) == 3


# --------------------------------------------------------------------------------------------------- what is modelled


def test_a_real_end_is_its_smooth_mean_and_its_luck(ends: np.ndarray):
    found = real_ends(ends[:, 0].astype(np.float64))
    np.testing.assert_allclose(restore("-acc", found.final[:, 0]), ends[:, 0], rtol=1e-6)
    assert found.std == pytest.approx(LUCK_STD, rel=0.05)
    assert found.runs.std() == pytest.approx(1)
    np.testing.assert_allclose(polynomial_terms(2).T @ found.runs[:, 0], 0, atol=1e-6)  # nothing smooth is luck


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_curve_is_there_at_every_epoch_and_sound(table: CurveTable, name: str, schedule: str):
    for metric in METRICS:
        key = Key(dataset(name).search, schedule, metric)
        values = table.values(key)
        assert values.shape == (N_ARCHS, N_TRIALS[schedule], SCHEDULES[schedule])
        assert table.epochs(key) == tuple(range(1, SCHEDULES[schedule] + 1))
        assert np.isfinite(values).all()
        assert values.min() > 0
        if metric.endswith("-acc"):
            assert values.max() < 100


@pytest.mark.parametrize("name", DATASETS)
def test_short_schedules_know_the_arch_and_not_the_luck_of_its_end(table: CurveTable, ends: np.ndarray, name: str):
    data, place = dataset(name), list(DATASETS).index(name)
    end = real_ends(ends[:, place].astype(np.float64))

    def told(schedule: str, epoch: int) -> tuple[float, float]:
        """Correlation with the smooth mean, and of what that does not explain with the luck."""
        values = transform("-acc", table.at(Key(data.search, schedule, "x-valid-acc"), epoch)[:, 0].astype(float))
        terms = np.vander(end.mean, 3)
        rest = values - terms @ np.linalg.lstsq(terms, values, rcond=None)[0]
        return np.corrcoef(values, end.mean)[0, 1], np.corrcoef(rest, end.runs[:, 0])[0, 1]

    assert told("12", 12)[0] > 0.85
    for schedule, epoch in (("01", 1), ("12", 6), ("12", 12)):
        assert abs(told(schedule, epoch)[1]) < 0.03, (schedule, epoch)
    of_90 = [told("90", epoch)[1] for epoch in (10, 45, 80, 90)]
    assert of_90 == sorted(of_90)
    assert of_90[-1] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("name", DATASETS)
def test_the_last_step_of_a_curve_is_no_larger_than_those_before(table: CurveTable, name: str):
    values = table.values(Key(dataset(name).search, LAST, "x-valid-acc"))[:, 0, -4:]
    spread = np.diff(values, axis=1).std(axis=0)
    assert spread.tolist() == sorted(spread.tolist(), reverse=True)


@pytest.mark.parametrize("name", DATASETS)
def test_seconds_are_those_of_the_surrogate(table: CurveTable, name: str):
    data, model = dataset(name), read_model(shipped_bytes())
    for metric, seconds in zip(("train-s", "x-valid-s"), model.seconds(data), strict=True):
        for schedule in SCHEDULES:
            column = table.values(Key(data.search, schedule, metric))[:, :, 0]
            np.testing.assert_allclose(column, np.broadcast_to(seconds[:, None], column.shape), rtol=1e-6)


def test_a_search_is_told_a_segment_that_ends_at_the_real_value(table: CurveTable, ends: np.ndarray):
    data = dataset("cifar100")
    benchmark = TableBenchmark(table, data, SizeSpace(n_classes=data.n_classes, image_size=data.image_size))
    curve, cost = benchmark.train(Train((7, 0, 3, 4, 1), "90", 0, 90, (90,)), 0)
    assert curve.valid_acc[-1] == pytest.approx(ends[table.row((7, 0, 3, 4, 1)), 1], rel=1e-6)
    assert cost.train_s > cost.valid_s > 0


# ------------------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize("name", SIZE_FILES)
def test_a_missing_or_damaged_file_is_named(source: Path, tmp_path: Path, name: str):
    for file in SIZE_FILES:
        (tmp_path / file).write_bytes((source / file).read_bytes()[: 5_000 if file == name else None])
    with pytest.raises(DataError, match=rf"{name} is damaged .*; name the folder that holds {name}"):
        build_size_anchored(tmp_path, tmp_path / "table")
    (tmp_path / name).unlink()
    with pytest.raises(DataError, match=rf"{name} cannot be read \(No such file or directory\); name the folder"):
        build_size_anchored(tmp_path, tmp_path / "table")
    assert not (tmp_path / "table").exists()


@pytest.mark.parametrize(
    ("field", "spoil", "said"),
    [
        ("valid_acc_90", lambda values: values[:, :2], "valid_acc_90 must hold percent of every arch and data set"),
        ("valid_acc_90", lambda values: values[:-1], "valid_acc_90 must hold percent"),
        ("valid_acc_90", lambda values: values + 60, "valid_acc_90 must hold percent"),
        ("valid_acc_90", lambda values: np.where(values == values.max(), np.nan, values), "must hold percent"),
        ("test_acc_90", lambda values: -values, "test_acc_90 must hold percent"),
    ],
)
def test_values_that_are_no_percent_of_every_arch_are_refused(ends: np.ndarray, tmp_path: Path, field, spoil, said):
    with pytest.raises(DataError, match=said):
        size_anchored_header(write_source(tmp_path, ends, **{field: spoil(ends)}))


def test_other_data_sets_and_archs_that_are_missing_are_refused(ends: np.ndarray, tmp_path: Path):
    with pytest.raises(DataError, match=r"holds \('cifar100', 'cifar10', 'ImageNet16-120'\)"):
        size_anchored_header(write_source(tmp_path, ends, datasets=np.array(["cifar100", "cifar10", "ImageNet16-120"])))
    twice = np.concatenate([all_archs()[:1], all_archs()[:-1]])
    with pytest.raises(DataError, match="channels must hold every arch once"):
        size_anchored_header(write_source(tmp_path, ends, channels=((twice + 1) * 8).astype(np.uint8)))


def test_an_existing_table_is_not_overwritten(source: Path, table: CurveTable):
    with pytest.raises(InputError, match="exists already"):
        build_size_anchored(source, table.path)
