"""Which measures the gate compares, how much worse each may get, and its share of the false alarms.

A loss is positive where the predictor got worse. The gate fails where the mean loss of a group is above the measure's
`margin` beyond chance. The margin is there because two predictors are never exactly as good: without it, more splits
would turn any difference into a failure, also one of rounding on another machine.
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
    scale: Literal["difference", "ratio"]
    """A loss is `reference - now` of a measure of which more is better, or log(now / reference) of one to be small."""
    margin: float
    """Mean loss that is no failure."""
    level: float
    """Chance that any group fails for this measure though none lost more than the margin."""
    of_spread: bool = False
    """Whether a predictor without a spread lacks it."""

    def losses(self, reference: FloatArray, now: FloatArray) -> FloatArray:
        """Return the loss of each split, shape (n_splits,)."""
        if self.scale == "difference":
            return reference - now
        return np.log(np.maximum(now, _LEAST)) - np.log(np.maximum(reference, _LEAST))


_LEAST = 1e-9

MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        measure.name: measure
        for measure in (
            Measure("tau", "Kendall tau", "difference", margin=0.003, level=0.006),
            Measure("tau_top", "Kendall tau within the true best 10 %", "difference", margin=0.02, level=0.0015),
            Measure("crps_pct", "continuous ranked probability score", "ratio", 0.02, 0.0015, of_spread=True),
        )
    }
)
"""Their levels add up to the gate's chance of a false alarm, .009."""
