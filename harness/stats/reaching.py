"""Shares of runs, as curves with bands: how many end within a regret, how many have reached one by a time.

Both are distribution functions over runs, so a whole distribution stands where a table has a mean. The bands are
pointwise percentile bootstraps over runs (`harness.stats.anytime.mean_band`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.stats.anytime import Band, first_at_most, mean_band
from harness.stats.runs import by_seed, groups, run_steps
from pmfnas.core.rng import stream
from pmfnas.core.types import FloatArray

ALL = "all data sets"
"""Name of the profile over all data sets, a run being a seed with its share of data sets within the regret."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Curves of one data set, in [0, 1]."""

    at: FloatArray
    """Regrets (percent points) or GPU-hours, rising."""
    bands: Mapping[str, Band]
    """Per searcher."""
    n_censored: Mapping[str, int]
    """Per searcher, the runs that had not arrived at the end."""


def profiles(checked: pd.DataFrame, regrets: FloatArray, *, rng: np.random.Generator) -> dict[str, Shares]:
    """Return the share of ok runs that end with a test regret of at most each of `regrets`, per data set.

    With two or more data sets `ALL` is there too, of the searchers and seeds that have them all. Source: the run-score
    distributions of Agarwal et al. 2021 (arXiv 2108.13264), section 4.2; they plot the share above a score.

    Args:
        checked: runs from `harness.stats.runs.checked_runs`.
        regrets: percent points, rising, shape (n_points,).
        rng: seeds the bootstrap; a searcher's band does not depend on who else is there.
    """
    seed = int(rng.integers(2**62))
    within: dict[str, dict[str, pd.DataFrame]] = {}
    for (dataset, searcher), rows in groups(checked).items():
        ends = by_seed(rows, "test_regret")
        if len(ends):
            there = (ends.to_numpy()[:, None] <= regrets + 1e-9).astype(np.float64)  # (n_runs, n_points)
            within.setdefault(dataset, {})[searcher] = pd.DataFrame(there, index=ends.index)
    if len(within) > 1:
        within[ALL] = _pooled(list(within.values()))
    return {
        dataset: Shares(
            regrets,
            {name: mean_band(of.to_numpy(), rng=stream(seed, f"{dataset}/{name}")) for name, of in searchers.items()},
            {name: int((of.iloc[:, -1] < 1).sum()) for name, of in searchers.items()},
        )
        for dataset, searchers in within.items()
    }


def _pooled(parts: list[dict[str, pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    """Return per searcher the mean over data sets of each seed that has them all."""
    pooled: dict[str, pd.DataFrame] = {}
    for name in parts[0]:
        if all(name in part for part in parts):
            seeds = parts[0][name].index
            for part in parts[1:]:
                seeds = seeds.intersection(part[name].index)
            if len(seeds):
                pooled[name] = sum((part[name].loc[seeds] for part in parts[1:]), parts[0][name].loc[seeds]) / len(
                    parts
                )
    return pooled


def arrivals(
    checked: pd.DataFrame, steps: pd.DataFrame, target: float, *, n_points: int = 100, rng: np.random.Generator
) -> dict[str, Shares]:
    """Return the share of ok runs whose test regret has been at most `target` by a time, per data set.

    A run that never gets there is censored at the budget, not left out. None is censored earlier, so the share is one
    less the estimate of Kaplan and Meier. Times are GPU-hours, workers x clock, even on a logarithmic axis up to the
    budget.

    Args:
        checked: runs from `harness.stats.runs.checked_runs`.
        steps: see `harness.stats.runs`.
        target: regret to be reached, percent points.
        n_points: points of the curves.
        rng: seeds the bootstrap.
    """
    seed = int(rng.integers(2**62))
    rules = {str(dataset): rows.iloc[0] for dataset, rows in checked.groupby("dataset")}
    found: dict[str, tuple[FloatArray, dict[str, Band], dict[str, int]]] = {}
    for (dataset, searcher), given in run_steps(steps, checked, "test_regret").items():
        if given.n_runs == 0:
            continue
        budget_s, n_workers = float(rules[dataset]["budget_s"]), float(rules[dataset]["n_workers"])
        grid_s = np.geomspace(budget_s / 200, budget_s, n_points)
        times, reached = first_at_most(given, target, end_s=budget_s)
        arrived = (reached[:, None] & (times[:, None] <= grid_s)).astype(np.float64)  # (n_runs, n_points)
        band = mean_band(arrived, rng=stream(seed, f"{dataset}/{searcher}/{target}"))
        _, bands, censored = found.setdefault(dataset, (grid_s * n_workers / 3600, {}, {}))
        bands[searcher], censored[searcher] = band, int((~reached).sum())
    return {dataset: Shares(*parts) for dataset, parts in found.items()}
