"""A measured figure with its goal and its peer, and the exponent of a growth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MEMORY = "exponent of memory"
"""Unit of the growth of memory."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table."""

    part: str
    """Part of the measurement: `data`, `queries`, `loop`, `pmf_nas`, `growth` or `backends`."""
    what: str
    value: float | None
    """None if it could not be measured; the note says why."""
    unit: str
    goal: float | None = None
    more_is_better: bool = False
    peer: str = ""
    """What it is compared with; empty without a peer."""
    peer_value: float | None = None
    """The same quantity of the peer, measured in the same run."""
    least_ratio: float | None = None
    """Goal of the ratio."""
    note: str = ""
    """Scale, extrapolation, or why the figure is missing."""

    @property
    def ratio(self) -> float | None:
        """How many times better than the peer; None without both values."""
        if not self.value or not self.peer_value:
            return None
        return self.value / self.peer_value if self.more_is_better else self.peer_value / self.value

    @property
    def verdict(self) -> str:
        """`met`, `SHORT`, `absent` if nothing was measured, or empty without a goal."""
        if self.value is None:
            return "absent"
        checks = []
        if self.goal is not None:
            checks.append(self.value >= self.goal if self.more_is_better else self.value <= self.goal)
        if self.least_ratio is not None and self.ratio is not None:
            checks.append(self.ratio >= self.least_ratio)
        return "" if not checks else "met" if all(checks) else "SHORT"


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Return the slope of log value over log size, by least squares: 1 for a linear growth."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def line(sizes: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    """Return (constant, slope) of value over size, by least squares."""
    slope, constant = np.polyfit(sizes, values, 1)
    return float(constant), float(slope)


def rounded(value: float) -> float:
    """Return a value with three significant digits: more would not repeat."""
    return value if not value or not math.isfinite(value) else round(value, 2 - math.floor(math.log10(abs(value))))
