"""The in-run measures that the gate compares, each with its margin and its share of the false alarms.

The levels add up to .0009, so that a run of the whole gate fails by chance in less than 1 % of the cases.
"""

from collections.abc import Mapping
from types import MappingProxyType

from harness.predictors.gate.measures import Measure

IN_RUN: Mapping[str, Measure] = MappingProxyType(
    {
        measure.name: measure
        for measure in (
            Measure("tau", "Kendall tau of what is decided by", "difference", margin=0.01, level=0.0003),
            Measure("spread", "log of what its errors are, in predicted stds", "distance", margin=0.1, level=0.0001),
            Measure("coverage_90", "outcomes within the 90 % interval, percent", "distance", 3.0, 0.0002, ideal=90.0),
            Measure("offset_pct", "told - forecast, percent points", "distance", margin=0.3, level=0.0001),
            Measure("valid_pct", "final validation of the pick, percent", "difference", margin=0.2, level=0.0002),
        )
    }
)
"""The compared measures."""
