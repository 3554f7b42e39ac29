"""Confidence intervals.

Every interval here covers one uncertainty: *which seeds were drawn*. The benchmark's table, its data sets and its
trained networks are held fixed, so an interval does not cover other spaces, or training noise beyond the trials in
the table.

`interval` resamples whole runs (a row of the matrix). This keeps the dependence within a seed, across tasks or
between two paired searchers; the difference of two searchers is `interval(mean, ours - reference)`.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from harness.stats.aggregates import Metric, matrix
from pmfnas.core.errors import InputError
from pmfnas.core.types import FloatArray

RESAMPLES = 2000
_CHUNK = 2**21  # scores gathered at a time: bounds the memory, not the result
_DECIMALS = 9


@dataclass(frozen=True, slots=True)
class Interval:
    """A point estimate and its confidence interval, in the unit of the scores."""

    estimate: float
    low: float
    high: float
    """Upper end; NaN, like `low`, for a single run."""
    n: int
    """Number of runs."""


def interval(
    metric: Metric,
    scores: ArrayLike,
    *,
    level: float = 0.95,
    n_resamples: int = RESAMPLES,
    rng: np.random.Generator,
) -> Interval:
    """Return the bias-corrected and accelerated (BCa) bootstrap interval of `metric` over runs.

    Args:
        metric: a measure of `harness.stats.aggregates`.
        scores: shape (n_runs, n_tasks), or (n_runs,). Rows are drawn whole, so tasks stay paired by seed.
        level: confidence level in (0, 1).
        n_resamples: number of bootstrap resamples, at least 100.
        rng: draws the resamples.

    Source: Efron 1987 (JASA 82:171-185), by `scipy.stats.bootstrap`. Values are compared to nine decimals, so that a
    resample equal to the estimate always counts half as below it, in any order of summation. The tied scores of a
    tabular benchmark often give such resamples; without the rounding, 3 of 4 samples of 21 tied scores had another
    interval. If all resamples are equal, the interval has width 0; scipy returns none.

    Raises:
        InputError: NaN or no scores, or a level or number of resamples out of range.
    """
    values = matrix(scores)
    _check(level, n_resamples)
    estimate, n = float(metric(values)), len(values)
    if n == 1:
        return Interval(estimate, np.nan, np.nan, n)

    def resampled(rows: NDArray[np.int64], axis: int = -1) -> FloatArray:
        del axis  # rows are numbers of runs, (..., n), so that tasks stay together
        return np.round(metric(values[rows]), _DECIMALS)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # scipy warns of equal resamples
        found = stats.bootstrap(
            (np.arange(n),),
            resampled,
            n_resamples=n_resamples,
            batch=max(1, _CHUNK // values.size),
            vectorized=True,
            confidence_level=level,
            method="BCa",
            rng=rng,
        )
    if np.ptp(found.bootstrap_distribution) == 0:
        return Interval(estimate, estimate, estimate, n)
    return Interval(estimate, float(found.confidence_interval.low), float(found.confidence_interval.high), n)


def wilson(n_hits: int, n: int, *, level: float = 0.95) -> Interval:
    """Return the share `n_hits / n` with its Wilson score interval, which has a width at 0 and n hits; NaN for n 0."""
    if not 0 <= n_hits <= n:
        raise InputError(f"n_hits is {n_hits}, but must be in 0..n={n}")
    if n == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    found = stats.binomtest(n_hits, n).proportion_ci(level, method="wilson")
    return Interval(n_hits / n, float(found.low), float(found.high), n)


def _check(level: float, n_resamples: int) -> None:
    if not 0 < level < 1:
        raise InputError(f"level is {level}, but must be in (0, 1), such as 0.95")
    if n_resamples < 100:
        raise InputError(f"n_resamples is {n_resamples}, but must be at least 100 for a tail to be seen")
