"""Point estimates of a matrix of final scores.

Scores have the shape (..., n_runs, n_tasks): runs (seeds) down, tasks (data sets) across. A measure reduces the
last two axes, so one matrix gives a number and a stack of bootstrap resamples gives a vector in one call:

    Metric: (..., n_runs, n_tasks) -> (...)

A vector is read as n_runs scores on one task. NaN is carried through, never skipped: failed runs are taken out,
and counted, before (`harness.stats.summary`).
"""

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from pmfnas.core.errors import InputError
from pmfnas.core.types import FloatArray


class Metric(Protocol):
    """A measure that composes with the intervals."""

    def __call__(self, scores: FloatArray, /) -> FloatArray:
        """Return one value per matrix, (..., n_runs, n_tasks) -> (...)."""
        ...


def matrix(scores: ArrayLike) -> FloatArray:
    """Return `scores` as a float matrix of shape (n_runs, n_tasks); a vector becomes one column.

    Raises:
        InputError: no scores, more than two axes, or NaN among them.
    """
    values = np.asarray(scores, dtype=np.float64)
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or values.size == 0:
        raise InputError(f"scores have the shape {values.shape}, but must be (n_runs, n_tasks), neither of them 0")
    n_missing = int(np.isnan(values).sum())
    if n_missing:
        raise InputError(f"scores hold {n_missing} NaN of {values.size}; take failed runs out before")
    return values


def mean(scores: FloatArray) -> FloatArray:
    """Return the mean over runs and tasks."""
    return np.asarray(_pooled(scores).mean(axis=-1))


def std(scores: FloatArray) -> FloatArray:
    """Return the standard deviation over runs: root of the mean over tasks of the unbiased variances.

    NaN for a single run. With one task it is the usual sample standard deviation (n - 1).
    """
    values = scores[..., None] if scores.ndim == 1 else scores  # (..., n_runs, n_tasks)
    if values.shape[-2] < 2:
        return np.full(values.shape[:-2], np.nan)
    return np.asarray(np.sqrt(values.var(axis=-2, ddof=1).mean(axis=-1)))


def median(scores: FloatArray) -> FloatArray:
    """Return the median of all n_runs x n_tasks scores.

    Not the "median" of Agarwal et al. (arXiv 2108.13264), which is the median over tasks of mean scores.
    """
    return np.asarray(np.median(_pooled(scores), axis=-1))


def iqm(scores: FloatArray) -> FloatArray:
    """Return the interquartile mean: the mean of all scores without the lowest and the highest quarter.

    Of N scores, floor(N / 4) are cut at each end. Source: Agarwal et al. 2021 (arXiv 2108.13264), section 4.3.
    """
    return np.asarray(stats.trim_mean(_pooled(scores), 0.25, axis=-1))


def worst(scores: FloatArray) -> FloatArray:
    """Return the lowest score of all runs."""
    return np.asarray(_pooled(scores).min(axis=-1))


def mean_ranks(scores: ArrayLike) -> FloatArray:
    """Return each searcher's rank averaged over tasks, 1 = best, ties sharing their mean rank.

    Args:
        scores: shape (n_searchers, n_tasks), higher is better; NaN where a searcher has no result.

    Returns:
        Shape (n_searchers,); NaN for a searcher that lacks a task, since ranks over other tasks do not compare.
        On a task, ranks are among the searchers that have a score there.
    """
    ranks = stats.rankdata(-np.asarray(scores, dtype=np.float64), axis=0, nan_policy="omit")
    return np.asarray(ranks.mean(axis=1))


def _pooled(scores: FloatArray) -> FloatArray:
    """Return (..., n_runs * n_tasks)."""
    return scores if scores.ndim == 1 else scores.reshape(*scores.shape[:-2], -1)
