"""The benchmark that reads a curve table. Validation exists only at epochs with clean validation.

The data set that users name (`cifar10`) is searched on its own training and validation images (`cifar10-valid`: 25,000
and 25,000) and tested in other columns. This module never reads test columns.
"""

from dataclasses import dataclass
from types import MappingProxyType

from pmfnas.benchmarks.series import Series
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.core.errors import InputError, UnavailableError, unknown_name
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Cost, Curve, Fidelities, Schedule, Train


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


_METRICS = ("train-loss", "train-acc", "x-valid-loss", "x-valid-acc", "train-s", "x-valid-s")


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of one schedule, in the order of `_METRICS`."""

    train_loss: Series
    train_acc: Series
    valid_loss: Series
    valid_acc: Series
    train_s: Series
    valid_s: Series


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
        self._columns: dict[str, _Columns] = {}  # by schedule

    def n_trials(self, arch: Arch, schedule: str) -> int:
        """Return the number of trials of `arch` under `schedule`."""
        return self._table.n_trials(self._dataset, schedule, self._table.row(arch))

    def train(self, request: Train, trial: int) -> tuple[Curve, Cost]:
        """Return the segment's curve and cost.

        Raises:
            UnavailableError: the arch or trial does not exist, or an epoch has no clean validation.
        """
        columns = self._columns.get(request.schedule) or self._open(request.schedule)
        row = self._table.row(request.arch)
        slot = self._table.slot(self._dataset, request.schedule, row, trial)
        epochs, validations = range(request.start + 1, request.stop + 1), request.validations
        curve = Curve(
            request.start,
            columns.train_loss.read(row, slot, epochs),
            columns.train_acc.read(row, slot, epochs),
            validations,
            columns.valid_loss.read(row, slot, validations),
            columns.valid_acc.read(row, slot, validations),
        )
        cost = Cost(columns.train_s.total(row, slot, epochs), columns.valid_s.total(row, slot, validations))
        return curve, cost

    def _open(self, schedule: str) -> "_Columns":
        """Return the columns of a schedule; they are opened at its first request."""
        columns = _Columns(*(self._table.series(Key(self._dataset, schedule, metric)) for metric in _METRICS))
        self._columns[schedule] = columns
        return columns

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
