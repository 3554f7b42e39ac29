"""The benchmark that reads a curve table. Validation exists only at epochs with clean validation.

The data sets of a table of one's own have the names, the metric and the space that the table says. Searchers are told
its figures as scores in percent, larger is better (`pmfnas.core.metric`).

The data set that users name (`cifar10`) is searched on its own training and validation images (`cifar10-valid`: 25,000
and 25,000) and tested in other columns. This module never reads test columns.
"""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from pmfnas.benchmarks.header import VALIDATION
from pmfnas.benchmarks.own.space import SIZES, TableSpace
from pmfnas.benchmarks.series import Series, Trials, Unknown
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.core.errors import InputError, UnavailableError, unknown_name
from pmfnas.core.metric import Metric
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Cost, Curve, Fidelities, FloatArray, Schedule, Train
from pmfnas.spaces import space_for
from pmfnas.spaces.own.described import choices_of


@dataclass(frozen=True, slots=True)
class Names:
    """Names of the columns of a training."""

    train_loss: str
    train: str
    valid_loss: str
    valid: str
    train_s: str
    valid_s: str


OFFICIAL_NAMES = Names("train-loss", "train-acc", "x-valid-loss", "x-valid-acc", "train-s", "x-valid-s")
OWN_NAMES = Names("train-loss", "train", "valid-loss", "valid", "train-s", "valid-s")
"""Of a table of one's own; only `valid` and `train-s` need to be there."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set under the name that users know, with the names of its columns in the official files."""

    name: str
    search: str
    """Official name of the training runs that a search sees."""
    test: str
    """Official name of the training runs that test accuracy is taken from."""
    test_metric: str
    n_classes: int = 0
    """0 if the data are no images in classes, as those of one's own."""
    image_size: int = 0
    names: Names = OFFICIAL_NAMES
    metric: Metric | None = None
    """What the figures of one's own data are; None for accuracies in percent."""

    def shown(self, values: FloatArray) -> FloatArray:
        """Return figures as outputs show them: larger is better, shares in percent."""
        return values if self.metric is None else self.metric.shown(values)


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


def datasets_of(table: CurveTable) -> tuple[str, ...]:
    """Return the names that users give to the data sets of a table."""
    return table.datasets if table.header.own else tuple(n for n, d in DATASETS.items() if d.search in table.datasets)


def dataset_of(table: CurveTable, name: str) -> Dataset:
    """Return the data set of a table that users call `name`. Raises `InputError` for an unknown name."""
    own = table.header.own
    if own is None:
        return dataset(name)
    if name not in table.datasets:
        raise unknown_name("data set", name, table.datasets)
    scored = OWN_NAMES.valid if own.score == VALIDATION else "test"
    return Dataset(name, name, name, scored, names=OWN_NAMES, metric=own.metric)


def space_of(table: CurveTable, dataset: Dataset) -> Space:
    """Return the space of a table's archs, in a network for the images of a data set."""
    own = table.header.own
    if own is None:
        return space_for(table.header.space, n_classes=dataset.n_classes, image_size=dataset.image_size)
    schedule = max(table.header.schedules, key=lambda name: table.header.schedules[name])
    keys = {name: Key(dataset.name, schedule, name) for name in SIZES}
    sizes = {name: _known_or_usual(table, key) for name, key in keys.items() if table.has(key)}
    return TableSpace(choices_of(own.choices), table.header.space, table.archs, sizes)


def _known_or_usual(table: CurveTable, key: Key) -> FloatArray:
    """Return the size of each arch, (n_archs,); the median where the table holds none."""
    sizes = np.asarray(table.values(key))[:, :, 0]
    is_known = ~np.isnan(sizes)
    first = sizes[np.arange(len(sizes)), is_known.argmax(axis=1)]
    return np.asarray(np.where(is_known.any(axis=1), first, np.median(sizes[is_known])))


@dataclass(frozen=True, slots=True)
class _Columns:
    """The trials and the columns of one schedule, in the order of `Names`."""

    trials: Trials
    train_loss: Series | Unknown
    train_acc: Series | Unknown
    valid_loss: Series | Unknown
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
        self._row = self._row_of_settled if isinstance(space, TableSpace) else table.row
        self._dataset, self._names, self._metric = dataset.search, dataset.names, dataset.metric
        last = self.fidelities.highest.schedule
        self.reports_loss = table.has(Key(dataset.search, last, dataset.names.train_loss))
        """Whether the table holds training losses, so that a loss that is no number is a training that diverged."""
        self._columns: dict[str, _Columns] = {}  # by schedule

    def n_trials(self, arch: Arch, schedule: str) -> int:
        """Return the number of trials of `arch` under `schedule`."""
        columns = self._columns.get(schedule)
        trials = columns.trials if columns else self._table.trials(self._dataset, schedule)
        return trials.number(self._row(arch))

    def train(self, request: Train, trial: int) -> tuple[Curve, Cost]:
        """Return the segment's curve and cost.

        Raises:
            UnavailableError: the arch or trial does not exist, or an epoch has no clean validation.
        """
        columns = self._columns.get(request.schedule) or self._open(request.schedule)
        row = self._row(request.arch)
        slot = columns.trials.slot(row, trial)
        start, stop, validations = request.start, request.stop, request.validations
        train_loss = columns.train_loss.between(row, slot, start, stop)
        train_acc = columns.train_acc.between(row, slot, start, stop)
        valid_loss = columns.valid_loss.read(row, slot, validations)
        valid_acc = columns.valid_acc.read(row, slot, validations)
        if self._metric is not None:
            train_acc, valid_acc = self._metric.scores(train_acc), self._metric.scores(valid_acc)
        train_s = columns.train_s.total(row, slot, range(start + 1, stop + 1))
        cost = Cost(train_s, columns.valid_s.total(row, slot, validations))
        return Curve(start, train_loss, train_acc, validations, valid_loss, valid_acc), cost

    def _row_of_settled(self, arch: Arch) -> int:
        """Return the row of an arch of one's own space, in which several archs may be the same network."""
        assert isinstance(self.space, TableSpace)
        return self._table.row(self.space.settled(arch))

    def _open(self, schedule: str) -> "_Columns":
        """Return the columns of a schedule; they are opened at its first request."""
        names, series = self._names, self._table.series
        told = [self._series(self._key(schedule, n)) for n in (names.train_loss, names.train, names.valid_loss)]
        valid, *seconds = [series(self._key(schedule, n)) for n in (names.valid, names.train_s, names.valid_s)]
        trials = self._table.trials(self._dataset, schedule)
        self._columns[schedule] = _Columns(trials, told[0], told[1], told[2], valid, *seconds)
        return self._columns[schedule]

    def _series(self, key: Key) -> Series | Unknown:
        is_known = self._metric is None or self._table.has(key)
        return self._table.series(key) if is_known else Unknown()

    def _key(self, schedule: str, metric: str) -> Key:
        return Key(self._dataset, schedule, metric)

    def measure(self, arch: Arch, metric: str) -> tuple[float, Cost]:
        """Raise `UnavailableError`: a curve table holds no measurements."""
        raise UnavailableError(f"metric {metric!r} of arch {arch}: a curve table holds no measurements")


def _fidelities(table: CurveTable, dataset: Dataset) -> Fidelities:
    """Return the schedules of `dataset`, with the epochs at which clean validation exists."""
    names = dataset.names
    schedules = [
        Schedule(name, epochs, frozenset(table.epochs(Key(dataset.search, name, names.valid))))
        for name, epochs in table.header.schedules.items()
        if table.has(Key(dataset.search, name, names.train if dataset.metric is None else names.valid))
    ]
    return Fidelities(tuple(sorted(schedules, key=lambda s: s.epochs)))
