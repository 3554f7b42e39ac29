"""What the user says of a file of curves: the metric, and how to read what is not plain."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Duplicates = Literal["refuse", "first", "last"]
Missing = Literal["refuse", "drop", "renumber"]
Trials = Literal["refuse", "keep", "fewest"]
Seconds = Literal["detect", "per-epoch", "cumulative"]
NotNumbers = Literal["refuse", "diverged"]
Unit = Literal["percent", "fraction", "positive", "real"]
Goal = Literal["maximise", "minimise"]


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is read. What is not said is found out where the file leaves no doubt, and else refused."""

    unit: Unit
    metric: str = "valid_acc"
    goal: Goal = "maximise"
    columns: Mapping[str, str] = field(default_factory=dict)
    """Role -> the column that plays it."""
    duplicates: Duplicates = "refuse"
    missing: Missing = "refuse"
    unequal_trials: Trials = "refuse"
    seconds: Seconds = "detect"
    epoch_seconds: float | None = None
    """Seconds of every epoch, for a file without seconds."""
    not_numbers: NotNumbers = "refuse"
    dataset: str = "own"
    """Name of the data set, for a file without a column of names."""
