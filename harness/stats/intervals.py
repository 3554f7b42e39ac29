"""Confidence intervals.

Every interval here covers one uncertainty: *which seeds were drawn*. The benchmark's table, its data sets and its
trained networks are held fixed, so an interval says nothing about another space or about training noise that
the seeds did not meet.

`interval` resamples whole runs (a row of the matrix), which keeps what a seed has in common across tasks or
between two paired searchers; the difference of two searchers is `interval(mean, ours - reference)`.
`stratified_interval` resamples each task on its own, as Agarwal et al. do where runs of different tasks share
nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from harness.stats.aggregates import Metric, matrix
from pmfnas.core.errors import InputError
from pmfnas.core.types import FloatArray

RESAMPLES = 2000
_CHUNK = 2**21  # scores gathered at a time: bounds the memory, not the result


@dataclass(frozen=True, slots=True)
class Interval:
    """A point estimate and its confidence interval, in the unit of the scores."""

    estimate: float
    low: float
    high: float
    """NaN, as `low`, where one run alone gives no interval."""
    level: float
    n: int
    """Number of runs."""
    method: str


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

    Source: Efron 1987 (JASA 82:171-185), equations 2.3 and 6.6; a resample equal to the estimate counts half
    as below it, which matters for the tied scores of a tabular benchmark.

    Raises:
        InputError: NaN or no scores, or a level or number of resamples out of range.
    """
    values = matrix(scores)
    _check(level, n_resamples)
    estimate, n = float(metric(values)), len(values)
    if n == 1:
        return Interval(estimate, np.nan, np.nan, level, n, "bca")
    replicates = np.concatenate([metric(values[rows]) for rows in _draws(n, n_resamples, values.size, rng=rng)])
    low, high = np.quantile(replicates, _bca_levels(replicates, estimate, _jackknife(metric, values), level))
    return Interval(estimate, float(low), float(high), level, n, "bca")


def stratified_interval(
    metric: Metric,
    scores: ArrayLike,
    *,
    level: float = 0.95,
    n_resamples: int = RESAMPLES,
    rng: np.random.Generator,
) -> Interval:
    """Return the percentile bootstrap interval of `metric`, the runs of each task drawn on their own.

    Arguments and errors as in `interval`. Source: Agarwal et al. 2021 (arXiv 2108.13264), section 4.1.
    """
    values = matrix(scores)
    _check(level, n_resamples)
    estimate, (n, n_tasks) = float(metric(values)), values.shape
    if n == 1:
        return Interval(estimate, np.nan, np.nan, level, n, "stratified percentile")
    per_task = (
        np.stack([values[draw, task] for task, draw in enumerate(np.split(rows, n_tasks, axis=1))], axis=-1)
        for rows in _draws(n, n_resamples, values.size, width=n * n_tasks, rng=rng)
    )
    replicates = np.concatenate([metric(resamples) for resamples in per_task])
    low, high = np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2])
    return Interval(estimate, float(low), float(high), level, n, "stratified percentile")


def wilson(n_hits: int, n: int, *, level: float = 0.95) -> Interval:
    """Return the share `n_hits / n` with its score interval; NaN where n is 0.

    Unlike the normal interval it keeps a width at 0 and n hits. Source: Wilson 1927 (JASA 22:209-212).
    """
    if not 0 <= n_hits <= n:
        raise InputError(f"n_hits is {n_hits}, but must be in 0..n={n}")
    if n == 0:
        return Interval(np.nan, np.nan, np.nan, level, 0, "wilson")
    z2 = float(stats.norm.ppf((1 + level) / 2)) ** 2
    share = n_hits / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n**2))) / (1 + z2 / n)
    # At 0 and n hits the bound is 0 and 1 exactly; rounding must not push it past.
    low = 0.0 if n_hits == 0 else float(centre - half)
    high = 1.0 if n_hits == n else float(centre + half)
    return Interval(share, low, high, level, n, "wilson")


def _check(level: float, n_resamples: int) -> None:
    if not 0 < level < 1:
        raise InputError(f"level is {level}, but must be in (0, 1), such as 0.95")
    if n_resamples < 100:
        raise InputError(f"n_resamples is {n_resamples}, but must be at least 100 for a tail to be seen")


def _draws(
    n: int, n_resamples: int, size: int, *, width: int | None = None, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Yield row numbers in 0..n-1, (n_chunk, width), `n_resamples` rows in all; `size` scores per resample."""
    chunk = max(1, _CHUNK // size)
    for done in range(0, n_resamples, chunk):
        yield rng.integers(0, n, size=(min(chunk, n_resamples - done), width or n))


def _jackknife(metric: Metric, values: FloatArray) -> FloatArray:
    """Return the metric with each run left out in turn, shape (n_runs,)."""
    n = len(values)
    others = np.arange(n - 1)
    parts = []
    for left_out in np.array_split(np.arange(n), max(1, n * values.size // _CHUNK)):
        rows = others + (others >= left_out[:, None])  # (n_part, n - 1): all numbers but one
        parts.append(metric(values[rows]))
    return np.concatenate(parts)


def _bca_levels(replicates: FloatArray, estimate: float, jackknife: FloatArray, level: float) -> FloatArray:
    """Return the two quantiles of the replicates that make the BCa interval."""
    slack = 1e-12 * max(1.0, abs(estimate))  # equal up to the order of a sum
    below = (np.sum(replicates < estimate - slack) + np.sum(replicates <= estimate + slack)) / 2
    n = len(replicates)
    bias = stats.norm.ppf(np.clip(below / n, 0.5 / n, 1 - 0.5 / n))
    influence = jackknife.mean() - jackknife
    spread = float(np.sum(influence**2))
    acceleration = 0.0 if spread <= slack**2 else float(np.sum(influence**3)) / (6 * spread**1.5)
    z = bias + stats.norm.ppf([(1 - level) / 2, (1 + level) / 2])
    return np.asarray(stats.norm.cdf(bias + z / (1 - acceleration * z)))
