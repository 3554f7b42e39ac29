"""What is searched for: the name of a figure, whether larger is better, and its unit.

Searchers read scores in percent, larger is better, and compare them as log odds. So each unit has its own way there:

    fraction    in [0, 1]; percent in [0, 100]       as it is, or what is missing to 1 where smaller is better
    positive    a loss, an error, a duration          log odds = -+ log(value / around)
    real        any number, such as a reward          log odds = +- (value - around) / spread

`around` of a positive figure is the first value reported, unless it is given.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from pmfnas.core.errors import InputError, shown, unknown_name
from pmfnas.core.types import FloatArray

Goal = Literal["maximise", "minimise"]
Unit = Literal["fraction", "percent", "positive", "real"]
_GOALS, _UNITS = ("maximise", "minimise"), ("fraction", "percent", "positive", "real")
_MOST_LOG_ODDS = 30.0


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure that `run.report` is given by this name, after validation."""

    name: str
    goal: Goal = "maximise"
    unit: Unit = "fraction"
    around: float | None = None
    """A usual value; needed where the unit is `real`."""
    spread: float | None = None
    """How far good and bad values lie apart; needed where the unit is `real`."""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isidentifier() or self.name == "train_loss":
            raise InputError(f"metric is called {shown(self.name)}, but must be a plain word such as valid_acc")
        if self.goal not in _GOALS:
            raise unknown_name("goal", str(self.goal), _GOALS)
        if self.unit not in _UNITS:
            raise unknown_name("unit", str(self.unit), _UNITS)
        if self.unit == "real" and (self.around is None or self.spread is None):
            raise InputError(
                f"metric {self.name} has the unit real, which needs a usual value and how far values lie apart; "
                f'write Metric("{self.name}", goal="{self.goal}", unit="real", around=..., spread=...)'
            )
        for name in ("around", "spread"):
            value = getattr(self, name)
            if value is not None and not (
                math.isfinite(value) and (value > 0 or (name == "around" and self.unit == "real"))
            ):
                raise InputError(
                    f"metric {self.name} has {name} {shown(value)}, but it must be a positive, finite number"
                )

    @property
    def of_training(self) -> str:
        """Name of the same figure on the training data: `train_acc` for `valid_acc`."""
        return f"train_{self.name.removeprefix('valid_')}"

    def check(self, name: str, value: float) -> None:
        """Raise `InputError` where a finite value lies outside the unit."""
        most = {"fraction": 1.0, "percent": 100.0}.get(self.unit, math.inf)
        if self.unit == "real" or 0.0 <= value <= most or not math.isfinite(value):
            return
        if self.unit == "fraction" and 1.0 < value <= 100.0:
            remedy = f'if it is in percent, write metric=Metric("{self.name}", unit="percent")'
        else:
            remedy = f'for numbers of any size write metric=Metric("{self.name}", goal=..., unit="positive" or "real")'
        upper = "" if most == math.inf else f" and at most {most:g}"
        raise InputError(f"{name} is {value:g}, but a metric with the unit {self.unit} is at least 0{upper}; {remedy}")

    def settled(self, value: float) -> "Metric":
        """Return this metric with `around` set, from the first value reported where it was not given."""
        if self.around is not None or self.unit != "positive":
            return self
        return replace(self, around=value if value > 0 and math.isfinite(value) else 1.0)

    def score(self, value: float) -> float:
        """Return the score of a value: percent, larger is better; NaN of a value that is no number."""
        if not math.isfinite(value):
            return math.nan
        if self.unit in ("fraction", "percent"):
            share = value if self.unit == "fraction" else value / 100.0
            return 100.0 * (share if self.goal == "maximise" else 1.0 - share)
        return 100.0 / (1.0 + math.exp(-self._log_odds(value)))

    def scores(self, values: FloatArray) -> FloatArray:
        """Return the score of each value, as `score` does, NaN for NaN."""
        if self.unit not in ("fraction", "percent"):
            return np.array([self.score(value) for value in values.tolist()])
        return self.shown(values) if self.goal == "maximise" else 100.0 + self.shown(values)

    def shown(self, values: FloatArray) -> FloatArray:
        """Return values as outputs show them, larger is better: shares in percent, minus the value if minimised."""
        scaled = values * 100.0 if self.unit == "fraction" else values
        return scaled if self.goal == "maximise" else -scaled

    def value(self, score: float) -> float:
        """Return the value that has this score."""
        share = score / 100.0
        if self.unit in ("fraction", "percent"):
            share = share if self.goal == "maximise" else 1.0 - share
            return share if self.unit == "fraction" else 100.0 * share
        if not math.isfinite(share):
            return math.nan
        share = min(max(share, 1e-15), 1.0 - 1e-15)
        sign = 1.0 if self.goal == "maximise" else -1.0
        log_odds = sign * math.log(share / (1.0 - share))
        around = 1.0 if self.around is None else self.around
        return around * math.exp(log_odds) if self.unit == "positive" else around + log_odds * (self.spread or 1.0)

    def written(self, value: float) -> str:
        """Return a value for people, with its unit where it has one."""
        return f"{value:.2f} %" if self.unit == "percent" else f"{value:.4g}"

    def _log_odds(self, value: float) -> float:
        sign = 1.0 if self.goal == "maximise" else -1.0
        around = 1.0 if self.around is None else self.around
        if self.unit == "real":
            away = (value - around) / (self.spread or 1.0)
        else:
            away = math.log(value / around) if value > 0 else -_MOST_LOG_ODDS
        return sign * min(max(away, -_MOST_LOG_ODDS), _MOST_LOG_ODDS)


KNOWN: Mapping[str, Metric] = MappingProxyType(
    {"valid_acc": Metric("valid_acc"), "valid_loss": Metric("valid_loss", goal="minimise", unit="positive")}
)
"""Metrics that need no more than their name."""


def as_metric(given: Any) -> Metric:
    """Return the metric that `given` is or names; raise `InputError` for a name that says nothing of the goal."""
    if isinstance(given, Metric):
        return given
    if given in KNOWN:
        return KNOWN[given]
    raise InputError(
        f"metric is {shown(given)}, of which it is not known whether larger is better; write for instance "
        f'Metric({shown(given)}, goal="minimise", unit="positive"), or one of: {", ".join(KNOWN)}'
    )
