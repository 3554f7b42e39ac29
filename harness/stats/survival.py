"""Time to a target, where some runs never get there.

A run that ends before the target was reached is *censored*: its time to the target is only known to be longer.
Leaving such runs out, or taking their end for the time, favours the slow; the product-limit estimate does neither.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from pmfnas.core.errors import InputError
from pmfnas.core.types import FloatArray


@dataclass(frozen=True, slots=True)
class Survival:
    """The share of runs that have not reached the target yet, a right-continuous step function from 1."""

    time_s: FloatArray
    """Times at which at least one run reached the target, rising."""
    share: FloatArray
    """Value from that time on."""

    @property
    def median_s(self) -> float:
        """First time at which half of the runs or more are there; NaN where fewer ever are."""
        reached = np.flatnonzero(self.share <= 0.5 + 1e-12)
        return float(self.time_s[reached[0]]) if reached.size else float("nan")

    def restricted_mean_s(self, horizon_s: float) -> float:
        """Return the mean time to the target, a run counting at most `horizon_s`: the area below the steps.

        Source: Royston and Parmar 2013 (BMC Medical Research Methodology 13:152). With censoring at the horizon only
        it is the plain mean of min(time, horizon).
        """
        inside = self.time_s < horizon_s
        edges = np.concatenate([[0.0], self.time_s[inside], [horizon_s]])
        heights = np.concatenate([[1.0], self.share[inside]])
        return float(np.sum(np.diff(edges) * heights))


def kaplan_meier(time_s: ArrayLike, reached: ArrayLike) -> Survival:
    """Return the product-limit estimate: the product over times t of (1 - d(t) / n(t)).

    d(t) runs reach the target at t, of n(t) that were neither there nor censored before t; a run censored at t still
    belongs to n(t). Source: Kaplan and Meier 1958 (JASA 53:457-481).

    Args:
        time_s: shape (n_runs,), when the target was reached, or the run's end where it was not.
        reached: shape (n_runs,), whether the target was reached.

    Raises:
        InputError: no runs, different lengths, or a NaN or negative time.
    """
    times, events = np.asarray(time_s, dtype=np.float64), np.asarray(reached, dtype=np.bool_)
    if times.ndim != 1 or times.shape != events.shape or times.size == 0:
        raise InputError(
            f"time_s has the shape {times.shape}, reached {events.shape}, but both must be (n_runs,), not 0"
        )
    if not np.all(times >= 0):
        raise InputError("time_s holds a NaN or negative time; give the run's end where the target was not reached")
    left = stats.ecdf(stats.CensoredData.right_censored(times, ~events)).sf
    is_event = np.isin(left.quantiles, times[events])
    return Survival(left.quantiles[is_event], left.probabilities[is_event])
