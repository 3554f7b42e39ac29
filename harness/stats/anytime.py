"""Incumbents as step functions of time.

A run's incumbent changes at some times and stays in between: a step function, continuous from the right and
undefined (NaN) before the first incumbent. The steps of many runs are given flat, as three vectors of equal length:
the run's number in 0 .. n_runs - 1, the time, and the value from then on, in any order; of two steps of one run at one
time the later one in the vectors counts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pmfnas.core.errors import InputError
from pmfnas.core.types import FloatArray


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of `n_runs` runs, sorted by (run, time)."""

    run: NDArray[np.int64]
    time_s: FloatArray
    value: FloatArray
    n_runs: int


@dataclass(frozen=True, slots=True)
class Band:
    """A mean curve over runs with its pointwise confidence band; NaN where a run has no incumbent yet."""

    mean: FloatArray
    low: FloatArray
    high: FloatArray
    n: int


def steps(run: ArrayLike, time_s: ArrayLike, value: ArrayLike, *, n_runs: int) -> Steps:
    """Return the steps in order. Raises `InputError` for unequal lengths, NaN or run numbers out of range."""
    runs, times, values = np.asarray(run, np.int64), np.asarray(time_s, np.float64), np.asarray(value, np.float64)
    if runs.ndim != 1 or not runs.shape == times.shape == values.shape:
        raise InputError(
            f"steps have the shapes {runs.shape}, {times.shape}, {values.shape}, but must be vectors of one length"
        )
    if np.isnan(times).any() or np.isnan(values).any():
        raise InputError("steps hold NaN; a run has no step before its first incumbent")
    if runs.size and (runs.min() < 0 or runs.max() >= n_runs):
        raise InputError(f"run numbers span {runs.min()}..{runs.max()}, but must be in 0..{n_runs - 1}")
    order = np.lexsort((np.arange(len(runs)), times, runs))
    return Steps(runs[order], times[order], values[order], n_runs)


def on_grid(given: Steps, grid_s: FloatArray) -> FloatArray:
    """Return every run's value at every time of a rising grid, shape (n_runs, n_grid); NaN before its first step."""
    n_grid = len(grid_s)
    cell = np.searchsorted(grid_s, given.time_s, side="left")  # first grid time at or after the step
    inside = cell < n_grid
    # The number of the last step that holds at a grid time, carried forward along the grid; -1 before the first.
    last = np.full((given.n_runs, n_grid), -1, dtype=np.int64)
    np.maximum.at(last, (given.run[inside], cell[inside]), np.flatnonzero(inside))
    last = np.maximum.accumulate(last, axis=1)
    values = np.append(given.value, np.nan)
    return np.asarray(values[last])


def time_average(given: Steps, *, start_s: float, stop_s: float, before: float) -> FloatArray:
    """Return every run's value averaged over [start_s, stop_s], shape (n_runs,): the exact area over the length.

    Args:
        given: the steps, for instance of the regret.
        start_s: begin of the time span.
        stop_s: its end, such as the budget.
        before: the value while a run has no incumbent; a regret must not be better for starting late.
    """
    if not start_s < stop_s:
        raise InputError(f"start_s is {start_s}, stop_s is {stop_s}, but start_s must be the smaller")
    begin = np.clip(given.time_s, start_s, stop_s)
    is_last = np.append(given.run[1:] != given.run[:-1], True)[: len(given.run)]
    end = np.where(is_last, stop_s, np.append(begin[1:], stop_s)[: len(begin)])
    area = np.bincount(given.run, (end - begin) * given.value, minlength=given.n_runs)
    first = np.full(given.n_runs, stop_s)
    np.minimum.at(first, given.run, begin)
    return np.asarray((area + before * (first - start_s)) / (stop_s - start_s))


def first_at_most(given: Steps, target: float, *, end_s: float) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return when each run's value was first at or below `target`, and whether it was by `end_s`.

    Times and flags have the shape (n_runs,); the time is `end_s` where the target was not reached (censored).
    """
    times = np.full(given.n_runs, np.inf)
    there = given.value <= target + 1e-9  # regrets are differences of percentages
    np.minimum.at(times, given.run[there], given.time_s[there])
    return np.minimum(times, end_s), times <= end_s


def median_arrival_s(times_s: FloatArray, reached: NDArray[np.bool_]) -> float:
    """Return the first time at which half of the runs or more have reached a target; NaN where fewer ever do.

    Both arguments are from `first_at_most`. A run that never arrives is censored at the end and counts as later than
    all others; since no run is censored earlier, this is the median of Kaplan and Meier (1958).
    """
    arrived, half = np.sort(times_s[reached]), -(-len(times_s) // 2)
    return float(arrived[half - 1]) if len(arrived) >= half else float("nan")


def mean_band(curves: FloatArray, *, level: float = 0.95, n_resamples: int = 1000, rng: np.random.Generator) -> Band:
    """Return the mean over runs of shape (n_grid,) and its pointwise percentile bootstrap band.

    Whole runs are drawn, so a resampled curve is a mean of real curves. The band covers the uncertainty of the mean
    over seeds at each time by itself, not of the whole curve at once. A time at which any run has no incumbent is NaN:
    averaging those that have one would show the early runs only.

    Args:
        curves: shape (n_runs, n_grid), from `on_grid`.
        level: confidence level.
        n_resamples: number of bootstrap resamples.
        rng: draws them.
    """
    n = len(curves)
    counts = rng.multinomial(n, np.full(n, 1 / n), size=n_resamples)  # (n_resamples, n_runs)
    known = ~np.isnan(curves).any(axis=0)
    mean, low, high = (np.full(curves.shape[1], np.nan) for _ in range(3))
    mean[known] = curves[:, known].mean(axis=0)
    if n > 1 and known.any():
        means = counts @ curves[:, known] / n  # (n_resamples, n_known)
        low[known], high[known] = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return Band(mean, low, high, n)
