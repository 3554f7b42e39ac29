"""Rows become trainings: one arch, data set, schedule and trial, with every epoch once.

Repeated rows, missing epochs and unequal numbers of trials are refused with the first row, or handled as the user says.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from pmfnas.benchmarks.header import PART_OF_NAME
from pmfnas.benchmarks.own.layout import Layout
from pmfnas.benchmarks.own.options import Options
from pmfnas.benchmarks.own.reading import Rows
from pmfnas.core.errors import InputError
from pmfnas.core.types import FloatArray

Ints = NDArray[np.int64]
_MOST_EPOCHS = 1_000_000


@dataclass(frozen=True, slots=True)
class Group:
    """The trainings of one data set under one schedule."""

    dataset: str
    schedule: str
    row: Ints  # (n_trainings, n_epochs) the row of each epoch
    arch: Ints  # (n_trainings,)
    slot: Ints  # (n_trainings,) number of the training among those of its arch


@dataclass(frozen=True, slots=True)
class Trainings:
    """The trainings of a file."""

    groups: tuple[Group, ...]
    schedules: Mapping[str, int]
    n_archs: int
    seeds: tuple[str, ...]
    n_dropped: int
    """Trainings that were left out because epochs were missing."""


def trainings_of(rows: Rows, layout: Layout, place: Ints, n_archs: int, options: Options) -> Trainings:
    """Return the trainings of a file; `place` is the arch of each row."""
    epoch = _epochs(rows, layout)
    dataset, datasets = _named(rows, layout, "dataset", options.dataset)
    schedule, schedules = _named(rows, layout, "schedule", "")
    trial, seeds = _trials(rows, layout)
    if options.missing == "renumber":
        epoch = _renumbered(epoch, schedule, len(schedules))
    lengths = np.zeros(len(schedules), dtype=np.int64)
    np.maximum.at(lengths, schedule, epoch)
    names = [name or str(length) for name, length in zip(schedules, lengths.tolist(), strict=True)]
    groups, n_dropped = [], 0
    for d, s in _pairs(dataset, schedule, len(schedules)):
        own = np.flatnonzero((dataset == d) & (schedule == s))
        made = _Placed(rows, layout, own, place, trial, epoch, int(lengths[s]), len(seeds))
        group, dropped = made.group(datasets[d], names[s], options)
        groups.append(group)
        n_dropped += dropped
    _check_trials(rows, groups, n_archs, options)
    if options.unequal_trials == "fewest":
        groups = [_fewest(group, n_archs) for group in groups]
    return Trainings(tuple(groups), dict(zip(names, lengths.tolist(), strict=True)), n_archs, seeds, n_dropped)


def _pairs(dataset: Ints, schedule: Ints, n_schedules: int) -> Iterator[tuple[int, int]]:
    for pair in np.unique(dataset * n_schedules + schedule).tolist():
        yield divmod(pair, n_schedules)


def _epochs(rows: Rows, layout: Layout) -> Ints:
    """Return the epoch of each row; 1 where the file has none."""
    if not layout.has("epoch"):
        return np.ones(len(rows), dtype=np.int64)
    column = layout.columns["epoch"]
    values = rows.numbers(column)
    with np.errstate(invalid="ignore"):
        bad = ~((values >= 1) & (values <= _MOST_EPOCHS) & (values == np.floor(values)))
    if bad.any():
        why = f"but epochs are whole numbers from 1 to {_MOST_EPOCHS:,}; add 1 if yours count from 0"
        rows.refuse(int(bad.argmax()), column, why)
    return values.astype(np.int64)


def _named(rows: Rows, layout: Layout, role: str, otherwise: str) -> tuple[Ints, list[str]]:
    """Return the data set or schedule of each row, and their names."""
    if not layout.has(role):
        return np.zeros(len(rows), dtype=np.int64), [otherwise]
    column = layout.columns[role]
    codes, values = rows.codes(column)
    names = [_text(value) for value in values]
    bad = np.array([PART_OF_NAME.fullmatch(name) is None for name in names] + [True])
    if bad[codes].any():
        rows.refuse(
            int(bad[codes].argmax()), column, "but a name holds letters, digits, dots, _ and - and is not empty"
        )
    return codes, names


def _trials(rows: Rows, layout: Layout) -> tuple[Ints, tuple[str, ...]]:
    """Return the trial of each row, and the names of the trials; they are in order."""
    if not layout.has("trial"):
        return np.zeros(len(rows), dtype=np.int64), ("",)
    column = layout.columns["trial"]
    codes, values = rows.codes(column)
    if (codes < 0).any():
        rows.refuse(int((codes < 0).argmax()), column, "but every row needs the seed of its training, or none has one")
    order = sorted(range(len(values)), key=lambda i: (isinstance(values[i], str), values[i]))
    rank = np.empty(len(values), dtype=np.int64)
    rank[order] = np.arange(len(values))
    return rank[codes], tuple(_text(values[i]) for i in order)


def _text(value: Any) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else str(value)


def _renumbered(epoch: Ints, schedule: Ints, n_schedules: int) -> Ints:
    """Return the epochs of each schedule numbered 1, 2, 3 in the order of those that the file has."""
    new = epoch.copy()
    for s in range(n_schedules):
        own = schedule == s
        new[own] = np.unique(epoch[own], return_inverse=True)[1] + 1
    return new


class _Placed:
    """The rows of one data set and schedule, at their place in (training, epoch)."""

    def __init__(
        self, rows: Rows, layout: Layout, own: Ints, arch: Ints, trial: Ints, epoch: Ints, length: int, n_trials: int
    ) -> None:
        self._rows, self._layout, self._own = rows, layout, own
        self._keys, training = np.unique(arch[own] * n_trials + trial[own], return_inverse=True)
        self._training = training.reshape(-1)
        self._arch = self._keys // n_trials
        self._length = length
        if len(self._keys) * length > 50 * len(own) + 1_000_000:
            self._refuse_sparse()
        self._cell = self._training * length + epoch[own] - 1

    def group(self, dataset: str, schedule: str, options: Options) -> tuple[Group, int]:
        """Return the group, and how many trainings were left out."""
        n_cells = len(self._keys) * self._length
        at = np.full(n_cells, -1, dtype=np.int64)
        at[self._cell[::-1]] = self._own[::-1]  # the first row of each cell
        again = at[self._cell] != self._own
        if again.any():
            if options.duplicates == "refuse":
                self._refuse_twice(int(again.argmax()), at)
            if options.duplicates == "last":
                at[self._cell] = self._own
        grid = at.reshape(-1, self._length)
        lacks = (grid < 0).any(axis=1)
        if lacks.any() and options.missing != "drop":
            self._refuse_hole(grid, int(lacks.argmax()))
        if lacks.all():
            raise InputError(
                f"no training of {dataset}, schedule {schedule} has all {self._length} epochs; none is left"
            )
        arch = self._arch[~lacks]
        starts = np.flatnonzero(np.diff(arch, prepend=-1))
        slot = np.arange(len(arch)) - np.repeat(starts, np.diff(starts, append=len(arch)))
        return Group(dataset, schedule, grid[~lacks], arch, slot), int(lacks.sum())

    def _refuse_twice(self, place: int, at: Ints) -> NoReturn:
        row, first = int(self._own[place]), int(at[self._cell[place]])
        differs = next((c for c in self._rows.names if self._rows.differ(first, row, c)), None)
        number = self._rows.number(first)
        if differs is None:
            why = f"row {number:,} says the same; name --duplicates first to keep one"
            self._rows.refuse(row, "arch, schedule, trial and epoch", f"but {why}")
        why = f"but row {number:,}, of the same arch, schedule, trial and epoch, has {self._rows.shown(first, differs)}"
        self._rows.refuse(row, differs, f"{why}; name --duplicates first or last, or give the trainings a column trial")

    def _refuse_hole(self, grid: Ints, training: int) -> NoReturn:
        there = np.flatnonzero(grid[training] >= 0)
        hole = int((grid[training] < 0).argmax()) + 1
        last = int(grid[training, there[-1]])
        why = (
            f"but of its training the epoch {hole} of {self._length} is missing; name --missing drop to leave such "
            "trainings out, or renumber if every training was written at the same few epochs"
        )
        self._rows.refuse(last, self._layout.columns.get("epoch", "epoch"), why)

    def _refuse_sparse(self) -> NoReturn:
        """Refuse a file whose epochs are so sparse that a grid of them would not fit into memory."""
        lacks = np.bincount(self._training, minlength=len(self._keys)) < self._length
        row = int(self._own[int(lacks[self._training].argmax())])
        why = f"but most of the {self._length:,} epochs are missing; name --missing renumber"
        self._rows.refuse(row, self._layout.columns.get("epoch", "epoch"), why)


def _check_trials(rows: Rows, groups: list[Group], n_archs: int, options: Options) -> None:
    """Refuse the first training of an arch that has fewer trials than others, unless the user says what to do."""
    if options.unequal_trials != "refuse":
        return
    for group in groups:
        counts = np.bincount(group.arch, minlength=n_archs)
        most = int(counts.max())
        few = counts[group.arch] < most
        named = f"of {group.dataset}, schedule {group.schedule}"
        remedy = "name --unequal-trials keep, or fewest to cut all to the fewest"
        if few.any():
            training = int(few.argmax())
            n = int(counts[group.arch[training]])
            rows.refuse(
                int(group.row[training, 0]),
                "trial",
                f"but its arch has {n} trials {named}, others have {most}; {remedy}",
            )
        if (counts == 0).any():
            other = next(g for g in groups if np.isin(int((counts == 0).argmax()), g.arch))
            row = int(other.row[int((other.arch == int((counts == 0).argmax())).argmax()), 0])
            rows.refuse(row, "arch", f"which has no training {named}, but others have; {remedy}")


def _fewest(group: Group, n_archs: int) -> Group:
    """Return the group with as many trials of each arch as the arch with the fewest has."""
    counts = np.bincount(group.arch, minlength=n_archs)
    kept = group.slot < counts[counts > 0].min()
    return Group(group.dataset, group.schedule, group.row[kept], group.arch[kept], group.slot[kept])


def spread(group: Group, n_archs: int, values: FloatArray) -> FloatArray:
    """Return values of the trainings, (n_trainings, n), as a column of a table, (n_archs, n_trials, n)."""
    column = np.full((n_archs, int(group.slot.max()) + 1, values.shape[1]), np.nan)
    column[group.arch, group.slot] = values
    return column
