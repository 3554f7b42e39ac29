import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.torture.official_files import make
from pmfnas.benchmarks.official import import_official
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.benchmarks.tabular import DATASETS, TableBenchmark, dataset
from pmfnas.core.errors import InputError, UnavailableError
from pmfnas.core.types import Train
from pmfnas.spaces import space_for
from tests.support.tables import EPOCH_S, PASS_S, write_small

ARCHS = ((3, 0, 0, 0, 0, 0), (0, 3, 0, 0, 0, 0), (0, 0, 3, 0, 0, 0))
A, B, LAST = ARCHS


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> CurveTable:
    return write_small(tmp_path_factory.mktemp("tabular") / "table", ARCHS)


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> CurveTable:
    """A table imported from generated official files, with its test columns taken away."""
    root = tmp_path_factory.mktemp("official")
    table = import_official(make("tss", 3).archive(root), root / "table")
    for file in table.path.rglob("*-test-*.npy"):
        file.unlink()
    return CurveTable.open(table.path)


def bench(table: CurveTable, name: str) -> TableBenchmark:
    data = dataset(name)
    return TableBenchmark(table, data, space_for("nb201", n_classes=data.n_classes, image_size=data.image_size))


# --------------------------------------------------------------------------------------------------------- fidelities


def test_schedules_say_where_clean_validation_exists(official: CurveTable):
    for name in DATASETS:
        short, long = bench(official, name).fidelities.schedules
        assert (short.name, short.epochs, short.validation_epochs) == ("12", 12, frozenset(range(1, 13)))
        assert (long.name, long.epochs) == ("200", 200)
        assert long.validation_epochs == (frozenset(range(1, 201)) if name == "cifar10" else {200})


@pytest.mark.parametrize("name", ["cifar100", "ImageNet16-120"])
def test_validation_that_would_be_test_images_is_refused(official: CurveTable, name: str):
    benchmark = bench(official, name)
    arch = tuple(int(op) for op in official.archs[0])
    with pytest.raises(UnavailableError, match=r"x-valid-loss at epoch 100 was never measured; it exists at epoch 200"):
        benchmark.train(Train(arch, "200", 0, 100), trial=0)
    curve, cost = benchmark.train(Train(arch, "200", 0, 100, validate_at=()), trial=0)
    assert (len(curve.train_acc), len(curve.valid_acc), cost.valid_s) == (100, 0, 0.0)


def test_test_columns_are_never_read(official: CurveTable):
    arch = tuple(int(op) for op in official.archs[1])
    for name in DATASETS:
        curve, _ = bench(official, name).train(Train(arch, "200", 0, 200), trial=0)
        expected = official.read(Key(dataset(name).search, "200", "x-valid-acc"), 1, 0, (200,))
        np.testing.assert_array_equal(curve.valid_acc, expected)


def test_only_the_training_on_half_of_cifar10_is_searched(official: CurveTable):
    arch = tuple(int(op) for op in official.archs[1])
    curve, _ = bench(official, "cifar10").train(Train(arch, "200", 0, 100), trial=0)
    expected = official.read(Key("cifar10-valid", "200", "train-acc"), 1, 0, range(1, 101))
    np.testing.assert_array_equal(curve.train_acc, expected)
    assert not np.array_equal(expected, official.read(Key("cifar10", "200", "train-acc"), 1, 0, range(1, 101)))


# --------------------------------------------------------------------------------------------------------------- cost


@pytest.mark.parametrize(
    ("request_", "train_s", "valid_s"),
    [
        (Train(A, "12", 0, 12), 12 * EPOCH_S, PASS_S),
        (Train(A, "12", 3, 12), 9 * EPOCH_S, PASS_S),
        (Train(A, "12", 3, 12, validate_at=(4, 6, 12)), 9 * EPOCH_S, 3 * PASS_S),
        (Train(A, "12", 0, 5, validate_at=()), 5 * EPOCH_S, 0.0),
        (Train(A, "12", 7, 7), 0.0, PASS_S),
        (Train(A, "200", 0, 200), 200 * EPOCH_S, PASS_S),
    ],
)
def test_epochs_and_passes_are_paid(table: CurveTable, request_: Train, train_s: float, valid_s: float):
    _, cost = bench(table, "cifar100").train(request_, trial=0)
    assert (cost.train_s, cost.valid_s, cost.total_s) == (train_s, valid_s, train_s + valid_s)


@given(cuts=st.lists(st.integers(1, 11), max_size=4, unique=True).map(sorted), validated=st.sets(st.integers(1, 12)))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_segments_add_up_to_the_whole(
    cuts: list[int], validated: set[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    benchmark = _shared(tmp_path_factory)
    whole, whole_cost = benchmark.train(Train(A, "12", 0, 12, validate_at=tuple(sorted(validated))), trial=0)
    joined, train_s, valid_s = None, 0.0, 0.0
    for start, stop in zip([0, *cuts], [*cuts, 12], strict=True):
        asked = tuple(sorted(epoch for epoch in validated if start < epoch <= stop))
        curve, cost = benchmark.train(Train(A, "12", start, stop, validate_at=asked), trial=0)
        joined = curve if joined is None else joined.then(curve)
        train_s, valid_s = train_s + cost.train_s, valid_s + cost.valid_s
    assert joined is not None
    assert (train_s, valid_s) == pytest.approx((whole_cost.train_s, whole_cost.valid_s))
    assert joined.valid_epochs == whole.valid_epochs
    for name in ("train_loss", "train_acc", "valid_loss", "valid_acc"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))


_SHARED: list[TableBenchmark] = []


def _shared(factory: pytest.TempPathFactory) -> TableBenchmark:
    if not _SHARED:
        _SHARED.append(bench(write_small(factory.mktemp("shared") / "table", ARCHS), "cifar10"))
    return _SHARED[0]


# ----------------------------------------------------------------------------------------------------------- refusals


def test_trials_are_those_that_exist(table: CurveTable):
    benchmark = bench(table, "cifar100")
    assert [benchmark.n_trials(arch, "200") for arch in ARCHS] == [3, 3, 2]
    with pytest.raises(UnavailableError, match="trial 2 of row 2, cifar100/200: 2 trials exist"):
        benchmark.train(Train(LAST, "200", 0, 200), trial=2)


def test_what_the_table_lacks_is_refused(table: CurveTable):
    benchmark = bench(table, "cifar100")
    with pytest.raises(UnavailableError, match="is not in the table"):
        benchmark.train(Train((1, 1, 1, 1, 1, 1), "12", 0, 12), trial=0)
    with pytest.raises(UnavailableError, match="a curve table holds no measurements"):
        benchmark.measure(A, "latency")
    with pytest.raises(UnavailableError):
        benchmark.train(Train(A, "90", 0, 12), trial=0)
    with pytest.raises(UnavailableError):
        benchmark.train(Train(A, "12", 0, 13, validate_at=()), trial=0)


def test_what_does_not_fit_the_table_is_refused(table: CurveTable, tmp_path_factory: pytest.TempPathFactory):
    with pytest.raises(InputError, match="space is nats-sss, but the table table holds nb201"):
        TableBenchmark(table, dataset("cifar10"), space_for("nats-sss", n_classes=10, image_size=32))
    with pytest.raises(InputError, match="data set is 'mnist', but must be one of: cifar10, cifar100, ImageNet16-120"):
        dataset("mnist")
