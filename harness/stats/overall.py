"""Each searcher over all data sets: mean rank, and whether it differs from the reference on every data set.

One p-value stands for several data sets: the largest of the Holm-adjusted ones. It is below .05 exactly where the
searcher differs from the reference on every data set, so it needs no further correction (the intersection-union test:
Berger 1982, Technometrics 24:295-300). Holm's family is all comparisons with the reference on all data sets
(`harness.stats.summary`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.stats.decision import Decision, decide


@dataclass(frozen=True, slots=True)
class Result:
    """One searcher on one data set."""

    mean: float
    """Test accuracy, percent; NaN if no run ended well."""
    std: float
    n_seeds: int
    n_failed: int
    against: Decision
    """The searcher compared with the reference: "worse" where the reference is better."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One searcher over all data sets."""

    searcher: str
    mean_rank: float
    """1 is best; NaN for a searcher without a result on some data set."""
    p_value: float
    """Largest Holm-adjusted p-value over the data sets; NaN where a data set has none."""
    results: Mapping[str, Result]
    """Per data set on which the searcher ran."""

    def is_everywhere(self, decision: Decision, n_datasets: int) -> bool:
        """Return whether the comparison has this outcome on all `n_datasets` data sets."""
        return [result.against for result in self.results.values()] == [decision] * n_datasets

    def is_somewhere(self, decision: Decision) -> bool:
        """Return whether the comparison has this outcome on at least one data set."""
        return any(result.against == decision for result in self.results.values())


def standings(summary: pd.DataFrame) -> tuple[Standing, ...]:
    """Return one standing per searcher, the best mean rank first; those without a rank come last.

    Args:
        summary: from `harness.stats.summary.summarise`.
    """
    n_datasets = summary["dataset"].nunique()
    found = [_standing(str(name), rows, n_datasets) for name, rows in summary.groupby("searcher")]
    return tuple(sorted(found, key=lambda one: (np.isnan(one.mean_rank), one.mean_rank, one.searcher)))


def _standing(searcher: str, rows: pd.DataFrame, n_datasets: int) -> Standing:
    p_values = rows["p_value"].to_numpy(dtype=np.float64)
    results = {
        str(row["dataset"]): Result(
            float(row["test_mean"]),
            float(row["test_std"]),
            int(row["n_seeds"]),
            int(row["n_failed"]),
            decide(float(row["p_value"]), float(row["difference"]), float(row["effect"])),
        )
        for row in rows.to_dict("records")
    }
    largest = float(p_values.max()) if len(rows) == n_datasets else np.nan
    return Standing(searcher, float(rows["mean_rank"].iloc[0]), largest, results)
