"""Ranks over data sets: Friedman's test, the critical difference, and groups without a significant difference.

The unit is the data set: each searcher has one rank per data set, and the tests generalise to other data sets. This
needs many data sets. With three, the critical difference is nearly as wide as the whole scale, so a diagram of it can
show hardly any difference. Comparisons *on* a data set are in `harness.stats.summary`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from harness.stats.aggregates import mean_ranks
from pmfnas.core.errors import InputError
from pmfnas.core.types import FloatArray


@dataclass(frozen=True, slots=True)
class Ranking:
    """Searchers by mean rank, the best first."""

    searchers: tuple[str, ...]
    mean_ranks: FloatArray
    """Shape (n_searchers,), 1 = best; ties share their mean rank."""
    n_datasets: int
    friedman_p: float
    """P-value of Friedman's test that all searchers are equal; NaN below three searchers or two data sets."""
    critical_difference: float
    """Smaller or equal differences of mean ranks are not significant (Nemenyi, 5 %)."""

    @property
    def can_separate(self) -> bool:
        """Whether the test could tell the best from the worst with this number of searchers and data sets."""
        return self.critical_difference < len(self.searchers) - 1

    @property
    def groups(self) -> tuple[tuple[int, int], ...]:
        """Places (first, last) of the largest groups of two or more without a significant difference."""
        found: list[tuple[int, int]] = []
        for first, rank in enumerate(self.mean_ranks):
            last = int(np.searchsorted(self.mean_ranks, rank + self.critical_difference + 1e-9, side="right")) - 1
            if last > first and (not found or last > found[-1][1]):
                found.append((first, last))
        return tuple(found)


def ranking(searchers: Sequence[str], scores: ArrayLike) -> Ranking:
    """Return the ranking of searchers by their mean rank over data sets.

    Args:
        searchers: their names.
        scores: shape (n_searchers, n_datasets), higher is better; no score may be missing.

    Raises:
        InputError: fewer than two searchers, no data set, a missing score, or another number of names than of rows.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 2 or len(values) != len(searchers) or len(searchers) < 2 or values.shape[1] < 1:
        raise InputError(
            f"scores have the shape {values.shape} for {len(searchers)} searchers, but must be "
            "(n_searchers, n_datasets) with at least 2 searchers and 1 data set"
        )
    if np.isnan(values).any():
        raise InputError("scores hold NaN; leave out searchers that lack a data set")
    ranks = mean_ranks(values)
    order = np.lexsort((np.array(searchers), ranks))
    n_searchers, n_datasets = values.shape
    return Ranking(
        tuple(searchers[i] for i in order),
        ranks[order],
        n_datasets,
        _friedman_p(values),
        critical_difference(n_searchers, n_datasets),
    )


def critical_difference(n_searchers: int, n_datasets: int, *, level: float = 0.95) -> float:
    """Return Nemenyi's critical difference of mean ranks: q sqrt(k (k + 1) / (6 N)).

    q is the studentised range statistic of k means with infinite degrees of freedom, over sqrt(2). Source: Demšar
    2006 (JMLR 7:1-30), section 3.2.2.
    """
    q = float(stats.studentized_range.ppf(level, n_searchers, np.inf)) / np.sqrt(2)
    return float(q * np.sqrt(n_searchers * (n_searchers + 1) / (6 * n_datasets)))


def _friedman_p(values: FloatArray) -> float:
    """Return the p-value of Friedman's test, chi-squared approximation; 1 where all ranks are tied."""
    if len(values) < 3 or values.shape[1] < 2:
        return float("nan")
    if np.all(values == values[:1]):
        return 1.0
    return float(stats.friedmanchisquare(*values).pvalue)
