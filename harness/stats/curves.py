"""Mean anytime curves with bands, per data set and searcher, on a grid that is even on a logarithmic axis."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.stats.anytime import Band, mean_band, on_grid
from harness.stats.runs import run_steps
from pmfnas.core.errors import InputError
from pmfnas.core.rng import stream
from pmfnas.core.types import FloatArray

N_GRID = 160
FIRST_SHARE = 1 / 200
"""First time of the grid, as a share of the budget."""

NOTHING_OK = "runs has no ok run to draw; its column why says what failed"


@dataclass(frozen=True, slots=True)
class Curves:
    """The curves of one data set."""

    hours: FloatArray
    """Grid in GPU-hours, workers x clock, shape (N_GRID,)."""
    bands: Mapping[str, Band]
    """Per searcher."""


def mean_curves(
    checked: pd.DataFrame, steps: pd.DataFrame, column: str, *, rng: np.random.Generator
) -> Mapping[str, Curves]:
    """Return the curves of each data set, of the searchers with an ok run.

    Args:
        checked: runs from `harness.stats.runs.checked_runs`.
        steps: see `harness.stats.runs`.
        column: the measure of the incumbents, such as "test".
        rng: seeds the bootstrap; a searcher's band does not depend on the other searchers.

    Raises:
        InputError: no run is ok, or `steps` lacks a column.
    """
    seed = int(rng.integers(2**62))
    rules = {str(dataset): rows.iloc[0] for dataset, rows in checked.groupby("dataset")}
    curves: dict[str, Curves] = {}
    for (dataset, searcher), given in run_steps(steps, checked, column).items():
        if given.n_runs == 0:
            continue
        budget_s, n_workers = float(rules[dataset]["budget_s"]), float(rules[dataset]["n_workers"])
        grid_s = np.geomspace(budget_s * FIRST_SHARE, budget_s, N_GRID)
        band = mean_band(on_grid(given, grid_s), rng=stream(seed, f"{dataset}/{searcher}/{column}"))
        known = curves[dataset].bands if dataset in curves else {}
        curves[dataset] = Curves(grid_s * n_workers / 3600, {**known, searcher: band})
    if not curves:
        raise InputError(NOTHING_OK)
    return curves
