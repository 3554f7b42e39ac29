"""Probability of improvement: how likely a run of one searcher ends better than a run of another.

Of all pairs of runs, one of each searcher, on one data set: the share in which the first is better, ties as half; then
the mean over data sets. Source: Agarwal et al. 2021 (arXiv 2108.13264), section 4.3; on one data set it is the
Mann-Whitney statistic over n m.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from harness.stats.intervals import Interval
from pmfnas.core.errors import InputError
from pmfnas.core.types import FloatArray

_DECIMALS = 9  # as in `harness.stats.paired`: differences that agree to here are ties


def probability_of_improvement(
    ours: Sequence[ArrayLike],
    theirs: Sequence[ArrayLike],
    *,
    level: float = 0.95,
    n_resamples: int = 1000,
    rng: np.random.Generator,
) -> Interval:
    """Return the probability that a run of ours ends better than one of theirs, with its percentile bootstrap interval.

    Runs of both searchers are drawn anew on each data set by itself, as in the source. The interval has NaN ends
    where both have one run on each data set.

    Args:
        ours: per data set the scores of our runs, higher is better, shape (n_runs,).
        theirs: per data set the scores of the other searcher's runs; their number may differ from ours.
        level: confidence level in (0, 1).
        n_resamples: number of bootstrap resamples.
        rng: draws them.

    Raises:
        InputError: no data set, unequal numbers of data sets, or a data set without a score.
    """
    if not ours or len(ours) != len(theirs) or any(np.size(scores) == 0 for scores in (*ours, *theirs)):
        raise InputError(
            f"scores are of {len(ours)} and {len(theirs)} data sets, but must be of the same, each with at least 1 run"
        )
    estimates, resampled = [], np.zeros(n_resamples)
    for first, second in zip(ours, theirs, strict=True):
        wins = _wins(np.asarray(first, np.float64), np.asarray(second, np.float64))
        estimates.append(float(wins.mean()))
        drawn = [rng.multinomial(n, np.full(n, 1 / n), size=n_resamples) / n for n in wins.shape]
        resampled += np.einsum("bi,ij,bj->b", drawn[0], wins, drawn[1], optimize=True) / len(ours)
    n = min(np.size(scores) for scores in (*ours, *theirs))
    if max(np.size(scores) for scores in (*ours, *theirs)) == 1:
        return Interval(float(np.mean(estimates)), np.nan, np.nan, n)
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(np.mean(estimates)), float(low), float(high), n)


def _wins(ours: FloatArray, theirs: FloatArray) -> FloatArray:
    """Return 1 where ours is better, 0.5 where both are equal, 0 else; shape (n_ours, n_theirs)."""
    return np.asarray(0.5 + 0.5 * np.sign(np.round(ours[:, None] - theirs[None, :], _DECIMALS)))
