"""Columns of figures, checked: numbers, of the unit that is said, and seconds of each epoch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from pmfnas.benchmarks.own.layout import Layout
from pmfnas.benchmarks.own.options import Options
from pmfnas.benchmarks.own.reading import Rows
from pmfnas.benchmarks.own.trainings import Group
from pmfnas.core.errors import InputError
from pmfnas.core.types import FloatArray

METRICS = ("valid", "train", "test")
"""Roles whose unit is that of the metric."""
_MOST = {"percent": 100.0, "fraction": 1.0}
_LEAST_RISES = 3
"""A training of fewer epochs does not tell cumulative seconds from others."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a file by role, a value per row."""

    rows: Rows
    layout: Layout
    options: Options
    values: Mapping[str, FloatArray] = field(default_factory=dict)

    def of(self, group: Group, role: str) -> FloatArray:
        """Return the figures of a group's trainings, (n_trainings, n_epochs)."""
        return self.values[role][group.row]

    def has(self, role: str) -> bool:
        """Return whether the file has such figures."""
        return role in self.values

    def refuse(self, row: int, role: str, why: str) -> NoReturn:
        """Raise `InputError` for a row's figure."""
        self.rows.refuse(row, self.layout.columns[role], why)


def figures_of(rows: Rows, layout: Layout, options: Options) -> Figures:
    """Return the figures of a file; refuse the first that is no finite number or not of its unit."""
    roles = (*METRICS, "train_loss", "valid_loss", "seconds", "valid_seconds", "params_m", "flops_m")
    values = {role: rows.numbers(layout.columns[role]) for role in roles if layout.has(role)}
    found = Figures(rows, layout, options, {r: v for r, v in values.items() if not np.isnan(v).all() or r == "valid"})
    for role, given in found.values.items():
        if np.isinf(given).any():
            found.refuse(
                int(np.isinf(given).argmax()),
                role,
                "but must be a finite number; mend it, or leave it empty and name --nan diverged",
            )
        if role in METRICS:
            _check_unit(found, role)
        elif role.endswith(("seconds", "_m")) and (given < 0).any():
            found.refuse(int((given < 0).argmax()), role, "but must be at least 0")
    _check_mixture(found)
    return found


def _check_unit(figures: Figures, role: str) -> None:
    """Refuse the first figure outside the unit, and percent that are all fractions."""
    unit, given = figures.options.unit, figures.values[role]
    most = _MOST.get(unit, np.inf)
    least = -np.inf if unit == "real" else 0.0
    outside = (given < least) | (given > most)
    if outside.any():
        hint = " or percent" if unit == "fraction" else ""
        bound = f"at least 0{'' if most == np.inf else f' and at most {most:g}'}"
        figures.refuse(
            int(outside.argmax()), role, f"but the unit {unit} is {bound}; mend it, or name --unit real{hint}"
        )
    if unit == "percent" and len(given) > 1 and np.nanmax(given, initial=0.0) <= 1.0:
        row = int(np.nanargmax(given))
        figures.refuse(row, role, "and no other is larger, so these are fractions; name --unit fraction")


def _check_mixture(figures: Figures) -> None:
    """Refuse percent of which the training figures, or those of a whole trial, are fractions."""
    if figures.options.unit != "percent" or not figures.layout.has("trial"):
        return
    codes, names = figures.rows.codes(figures.layout.columns["trial"])
    if len(names) > 1_000:
        return
    for role in METRICS:
        if figures.has(role):
            most = np.zeros(len(names))
            np.maximum.at(most, codes, np.nan_to_num(figures.values[role]))
            few: NDArray[np.bool_] = (most <= 1.0) & (most > 0)
            if few.any() and (most > 1.0).any():
                row = int((codes == int(few.argmax())).argmax())
                figures.refuse(
                    row, role, "as all figures of this trial are fractions, and others are percent; mend them"
                )


def measured(figures: Figures, group: Group, role: str) -> tuple[FloatArray, tuple[int, ...]]:
    """Return figures at the epochs at which they exist, and these epochs, from 1.

    An epoch without a figure in any training was not measured; a figure that a single training lacks is refused.
    """
    values = figures.of(group, role)
    lacks: NDArray[np.bool_] = np.isnan(values)
    there: NDArray[np.bool_] = ~lacks.all(axis=0)
    bad: NDArray[np.bool_] = lacks & there[None, :]
    if bad.any() and figures.options.not_numbers == "refuse":
        _refuse_empty(figures, group, role, bad)
    if not there[-1] and role == "valid":
        why = (
            f"but the last epoch of schedule {group.schedule} needs a figure; leave it out, or name --missing renumber"
        )
        figures.refuse(int(group.row[0, -1]), role, why)
    return values[:, there], tuple((np.flatnonzero(there) + 1).tolist())


def _refuse_empty(figures: Figures, group: Group, role: str, bad: NDArray[np.bool_]) -> None:
    row = int(group.row[bad].min())
    why = (
        "but other trainings have a figure at this epoch; mend it, or name --nan diverged if the training diverged"
        if role in ("valid", "train", "train_loss", "valid_loss")
        else "but others have one; mend it"
    )
    figures.refuse(row, role, why)


def epoch_seconds(figures: Figures, group: Group) -> FloatArray:
    """Return the training seconds of each epoch, (n_trainings, n_epochs)."""
    options = figures.options
    if not figures.has("seconds"):
        if options.epoch_seconds is None:
            raise InputError(
                f"{figures.rows.name} has no seconds of training; name their column with --columns seconds=COLUMN, or "
                "say what an epoch takes with --epoch-seconds"
            )
        return np.full(group.row.shape, options.epoch_seconds)
    values = figures.of(group, "seconds")
    if np.isnan(values).any():
        row = int(group.row[np.isnan(values)].min())
        figures.refuse(row, "seconds", "but every row needs its seconds; mend it")
    adds_up = options.seconds == "cumulative" or (options.seconds == "detect" and figures.layout.adds_up)
    if options.seconds == "detect" and not adds_up and _rises(values):
        row = int(group.row[0, -1])
        why = "as seconds rise throughout every training; name --seconds cumulative, or per-epoch if each is its own"
        figures.refuse(row, "seconds", why)
    if adds_up:
        values = _differences(figures, group, values)
    idle = values.sum(axis=1) <= 0
    if idle.any():
        figures.refuse(int(group.row[int(idle.argmax()), -1]), "seconds", "so its training takes no time; mend it")
    return values


def _rises(values: FloatArray) -> bool:
    """Return whether seconds look as if they were counted from the beginning of every training."""
    if values.shape[1] < _LEAST_RISES:
        return False
    whole = values[:, -1] >= 0.7 * values.shape[1] * values[:, 0]
    return bool((np.diff(values, axis=1) > 0).all() and whole.mean() > 0.5)


def _differences(figures: Figures, group: Group, values: FloatArray) -> FloatArray:
    """Return seconds of each epoch from those since the beginning; refuse the first that falls."""
    steps = np.diff(values, axis=1, prepend=0.0)
    if (steps < 0).any():
        row = int(group.row[steps < 0].min())
        figures.refuse(
            row, "seconds", "less than at the epoch before, so these are not cumulative; name --seconds per-epoch"
        )
    return steps
