"""A problem of the comparison: a training function, its space, and what an expert would guess."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from pmfnas.core.metric import Metric
from pmfnas.spaces.own.choices import Choices

NAMES = ("digits_mlp", "diabetes_boosting", "digits_cnn")


@dataclass(frozen=True)
class Problem:
    """A problem by name."""

    name: str
    train: Callable[[Any, Any], Any]
    space: Choices
    metric: Metric
    schedules: Mapping[str, int]
    guess: Mapping[str, Any]
    """A value per choice that a practitioner would try first: the prior of searchers that need one."""

    @property
    def guessed(self) -> tuple[int, ...]:
        """The guess as an arch."""
        return self.space.parse(",".join(f"{name}={value}" for name, value in self.guess.items()))

    @property
    def ordered(self) -> tuple[bool, ...]:
        """Whether the values of each choice have an order."""
        return tuple(name in self.space.feature_names for name in self.space.names)

    @property
    def recording(self) -> Path:
        """The file of its recording."""
        return Path(__file__).with_name(f"{self.name}.parquet")


def problem(name: str) -> Problem:
    """Return the problem `name`, one of `NAMES`."""
    module = import_module(f"harness.problems.{name}")
    return Problem(name, module.train, module.SPACE, module.METRIC, module.SCHEDULES, module.GUESS)
