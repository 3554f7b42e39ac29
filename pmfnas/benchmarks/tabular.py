"""A curve table as a benchmark: segments are looked up, validation only at epochs where it is clean.

The data set that users name (`cifar10`) is searched on its own training and validation images (`cifar10-valid`: 25,000
and 25,000) and tested in other columns. This module never reads test columns.
"""

from dataclasses import dataclass
from types import MappingProxyType

from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.core.errors import InputError, UnavailableError, unknown_name
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Cost, Curve, Fidelities, FloatArray, Schedule, Train


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set under the name that users know, with the names of its columns in the official files."""

    name: str
    search: str
    """Official name of the training runs that a search sees."""
    test: str
    """Official name of the training runs that test accuracy is taken from."""
    test_metric: str
    n_classes: int
    image_size: int


DATASETS = MappingProxyType(
    {
        "cifar10": Dataset("cifar10", "cifar10-valid", "cifar10", "ori-test-acc", 10, 32),
        "cifar100": Dataset("cifar100", "cifar100", "cifar100", "x-test-acc", 100, 32),
        "ImageNet16-120": Dataset("ImageNet16-120", "ImageNet16-120", "ImageNet16-120", "x-test-acc", 120, 16),
    }
)


def dataset(name: str) -> Dataset:
    """Return the data set `name`. Raises `InputError` for an unknown name."""
    if name not in DATASETS:
        raise unknown_name("data set", name, DATASETS)
    return DATASETS[name]


class TableBenchmark:
    """The benchmark of one data set of a curve table, behind the port `pmfnas.core.ports.Benchmark`."""

    def __init__(self, table: CurveTable, dataset: Dataset, space: Space) -> None:
        if space.name != table.header.space:
            raise InputError(f"space is {space.name}, but the table {table.path.name} holds {table.header.space}")
        if dataset.search not in table.datasets:
            raise InputError(
                f"data set {dataset.name} is not in the table {table.path.name}; it has {', '.join(table.datasets)}"
            )
        self.space = space
        self.fidelities = _fidelities(table, dataset)
        self._table = table
        self._dataset = dataset.search

    def n_trials(self, arch: Arch, schedule: str) -> int:
        """Return the number of trials of `arch` under `schedule`."""
        return self._table.n_trials(self._dataset, schedule, self._table.row(arch))

    def train(self, request: Train, trial: int) -> tuple[Curve, Cost]:
        """Return the segment's curve and cost.

        Raises:
            UnavailableError: the arch or trial does not exist, or an epoch has no clean validation.
        """
        row = self._table.row(request.arch)
        epochs = range(request.start + 1, request.stop + 1)

        def read(metric: str, at: range | tuple[int, ...]) -> FloatArray:
            return self._table.read(self._key(request, metric), row, trial, at)

        curve = Curve(
            start=request.start,
            train_loss=read("train-loss", epochs),
            train_acc=read("train-acc", epochs),
            valid_epochs=request.validations,
            valid_loss=read("x-valid-loss", request.validations),
            valid_acc=read("x-valid-acc", request.validations),
        )
        cost = Cost(
            self._table.seconds(self._key(request, "train-s"), row, trial, epochs),
            self._table.seconds(self._key(request, "x-valid-s"), row, trial, request.validations),
        )
        return curve, cost

    def _key(self, request: Train, metric: str) -> Key:
        return Key(self._dataset, request.schedule, metric)

    def measure(self, arch: Arch, metric: str) -> tuple[float, Cost]:
        """Raise `UnavailableError`: a curve table holds no measurements."""
        raise UnavailableError(f"metric {metric!r} of arch {arch}: a curve table holds no measurements")


def _fidelities(table: CurveTable, dataset: Dataset) -> Fidelities:
    """Return the schedules of `dataset`, with the epochs at which clean validation exists."""
    schedules = [
        Schedule(name, epochs, frozenset(table.epochs(Key(dataset.search, name, "x-valid-acc"))))
        for name, epochs in table.header.schedules.items()
        if table.has(Key(dataset.search, name, "train-acc"))
    ]
    return Fidelities(tuple(sorted(schedules, key=lambda s: s.epochs)))
