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

    train: str
    valid: str
    train_loss: str
    valid_loss: str
    train_s: str
    valid_s: str


OFFICIAL_NAMES = Names("train-acc", "x-valid-acc", "train-loss", "x-valid-loss", "train-s", "x-valid-s")
OWN_NAMES = Names("train", "valid", "train-loss", "valid-loss", "train-s", "valid-s")
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
        self._dataset, self._names, self._metric = dataset.search, dataset.names, dataset.metric
        last = self.fidelities.highest.schedule
        self.reports_loss = table.has(Key(dataset.search, last, dataset.names.train_loss))
        """Whether the table holds training losses, so that a loss that is no number is a training that diverged."""

    def n_trials(self, arch: Arch, schedule: str) -> int:
        """Return the number of trials of `arch` under `schedule`."""
        return self._table.n_trials(self._dataset, schedule, self._row(arch))

    def train(self, request: Train, trial: int) -> tuple[Curve, Cost]:
        """Return the segment's curve and cost.

        Raises:
            UnavailableError: the arch or trial does not exist, or an epoch has no clean validation.
        """
        row = self._row(request.arch)
        epochs, names = range(request.start + 1, request.stop + 1), self._names

        def read(metric: str, at: range | tuple[int, ...]) -> FloatArray:
            key = self._key(request, metric)
            if self._metric is not None and not self._table.has(key):
                return np.full(len(at), np.nan)
            return self._table.read(key, row, trial, at)

        curve = Curve(
            start=request.start,
            train_loss=read(names.train_loss, epochs),
            train_acc=self._scores(read(names.train, epochs)),
            valid_epochs=request.validations,
            valid_loss=read(names.valid_loss, request.validations),
            valid_acc=self._scores(read(names.valid, request.validations)),
        )
        cost = Cost(
            self._table.seconds(self._key(request, names.train_s), row, trial, epochs),
            self._table.seconds(self._key(request, names.valid_s), row, trial, request.validations),
        )
        return curve, cost

    def _row(self, arch: Arch) -> int:
        return self._table.row(self.space.settled(arch) if isinstance(self.space, TableSpace) else arch)

    def _scores(self, values: FloatArray) -> FloatArray:
        return values if self._metric is None else self._metric.scores(values)

    def _key(self, request: Train, metric: str) -> Key:
        return Key(self._dataset, request.schedule, metric)

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
