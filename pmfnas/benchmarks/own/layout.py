"""Which column of a file is what. The exports of Optuna and Syne Tune are known by their columns.

plain        a column per choice, and `ROLES` by their own names
Optuna       `study.trials_dataframe()`: params_X, value, duration, number, state; one row per training
Syne Tune    results.csv.zip: config_X, trial_id, st_worker_iter, st_worker_time; one row per report
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from pmfnas.benchmarks.own.reading import Rows
from pmfnas.core.errors import InputError, unknown_name

ROLES: Mapping[str, str] = MappingProxyType(
    {
        "arch": "the arch as text, instead of a column per choice",
        "dataset": "name of the data set",
        "schedule": "name of the training recipe",
        "trial": "seed of the training",
        "epoch": "epoch, from 1",
        "valid": "the metric on validation data",
        "train": "the metric on training data",
        "train_loss": "loss on training data",
        "valid_loss": "loss on validation data",
        "seconds": "seconds of training",
        "valid_seconds": "seconds of a validation pass",
        "test": "the metric on held-out data",
        "params_m": "parameters, in millions",
        "flops_m": "operations, in millions",
    }
)
"""Role of a column -> what it holds."""


_PREFIXES = ("", "params_", "config_")


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a file."""

    form: str
    """`plain`, `Optuna` or `Syne Tune`."""
    columns: Mapping[str, str]
    """Role -> column, for the roles that are played."""
    prefix: str
    """What stands before the name of a choice."""
    adds_up: bool = False
    """Whether the form's seconds are those since the training began."""

    def has(self, role: str) -> bool:
        """Return whether a column plays the role."""
        return role in self.columns


def layout_of(rows: Rows, given: Mapping[str, str]) -> Layout:
    """Return the layout of a file, with the columns that the user names; raise `InputError` for a wrong name."""
    for role, column in given.items():
        if role not in ROLES:
            raise unknown_name("--columns", role, tuple(ROLES))
        rows.check_column(column, role)
    found = _known(rows)
    columns = {**found.columns, **given}
    if "valid" not in columns:
        wanted = "a column valid, the metric on validation data; name it with --columns valid=COLUMN"
        raise InputError(f"{rows.name} has the columns {', '.join(rows.names)}, but needs {wanted}")
    return Layout(found.form, columns, found.prefix, found.adds_up and "seconds" not in given)


def text_columns(choices: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that hold names and values of choices in any form."""
    return ("arch", "dataset", "schedule", *(f"{prefix}{name}" for name in choices for prefix in _PREFIXES))


def complete(rows: Rows, layout: Layout) -> tuple[Rows, str]:
    """Return the rows of trainings that ended well, and what was left out, in words."""
    if layout.form != "Optuna":
        return rows, ""
    codes, states = rows.codes("state")
    kept: NDArray[np.bool_] = np.isin(codes, [i for i, state in enumerate(states) if state == "COMPLETE"])
    n_left = len(rows) - int(kept.sum())
    return rows.kept(kept), f"{n_left:,} trials that are not COMPLETE" if n_left else ""


def _known(rows: Rows) -> Layout:
    names = set(rows.names)
    if {"number", "state"} <= names and any(name.startswith("params_") for name in names):
        return Layout("Optuna", _present(rows, trial="number", valid="value", seconds="duration"), "params_")
    if "trial_id" in names and any(name.startswith("config_") for name in names):
        epoch = "epoch" if "epoch" in names else "st_worker_iter"
        columns = _present(rows, trial="trial_id", epoch=epoch, seconds="st_worker_time", valid="valid")
        return Layout("Syne Tune", columns, "config_", adds_up=True)
    return Layout("plain", _present(rows, **{role: role for role in ROLES}), "")


def _present(rows: Rows, **columns: str) -> dict[str, str]:
    return {role: column for role, column in columns.items() if column in rows.names}
