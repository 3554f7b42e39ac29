"""The measures that the gate compares, each with its margin and its share of the false alarms.

A loss is positive if the predictor got worse. The gate fails if the mean loss of a group is significantly above the
measure's `margin`. The margin is needed because two predictors are never exactly equal: without it, more splits would
turn any difference into a failure, even a rounding difference of another machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from pmfnas.core.types import FloatArray


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure as the gate sees it."""

    name: str
    """One of `harness.predictors.measures.MEASURES`."""
    what: str
    scale: Literal["difference", "ratio", "distance"]
    """The loss: `reference - now` where a higher measure is better, log(now / reference) where a lower one is, how much
    further the mean is from `ideal` where that is best."""
    margin: float
    """Largest mean loss that is allowed."""
    level: float
    """Chance that any group fails for this measure although no mean loss is above the margin."""
    of_spread: bool = False
    """True if only a predictor that states a spread has this measure."""
    ideal: float = 0.0
    """Best value of a distance."""
    blind: float = np.inf
    """Loss that must not go unnoticed: a group in which it could is no evidence that nothing got worse."""

    def losses(self, reference: FloatArray, now: FloatArray) -> FloatArray:
        """Return the loss of each split, shape (n_splits,)."""
        if self.scale == "difference":
            return reference - now
        if self.scale == "distance":
            return _away(now - self.ideal) - _away(reference - self.ideal)
        return np.log(np.maximum(now, _LEAST)) - np.log(np.maximum(reference, _LEAST))


def _away(departures: FloatArray) -> FloatArray:
    """Return departures with the sign with which their mean is positive."""
    return departures if departures.mean() >= 0.0 else -departures


_LEAST = 1e-9

MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        measure.name: measure
        for measure in (
            Measure("tau", "Kendall tau", "difference", margin=0.003, level=0.006, blind=0.1),
            Measure("tau_top", "Kendall tau within the true best 10 %", "difference", margin=0.02, level=0.0015),
            Measure("crps_pct", "continuous ranked probability score", "ratio", 0.02, 0.0015, of_spread=True),
        )
    }
)
"""The compared measures. Their levels add up to the gate's chance of a false alarm, .009."""
