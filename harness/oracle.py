"""The oracle: the only holder of test accuracy. It scores finished runs and logs every access.

Nothing that a searcher can reach leads here: the runner never imports this module, and a searcher is handed
neither benchmark nor table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.exclusions import Exclusion
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.benchmarks.tabular import Dataset
from pmfnas.core.errors import DataError
from pmfnas.core.rng import trial_keys
from pmfnas.core.types import Arch, FloatArray, arch_numbers


@dataclass(frozen=True, slots=True)
class Score:
    """The final values of an arch: percent, at the end of the longest schedule."""

    test: float
    """Mean over trials."""
    valid: float
    """Mean over trials."""
    test_regret: float
    """Percent points below the best test mean of the archs that take part."""
    valid_regret: float
    """Percent points below the best validation of these archs, in the trial that the run's seed draws first."""
    hit: bool
    """Whether none of these archs has a better test mean."""


class Oracle:
    """Test accuracy of one data set of a curve table; every arch of it takes part unless `left_out` says otherwise."""

    def __init__(self, table: CurveTable, dataset: Dataset, left_out: Exclusion | None = None) -> None:
        self._table = table
        self._dataset = dataset
        self._left_out = left_out
        self._schedule = max(table.header.schedules, key=lambda name: table.header.schedules[name])
        self._epoch = table.header.schedules[self._schedule]
        self.accesses: list[tuple[str, int]] = []
        """(who asked, number of archs looked up), in order."""
        self._drawn = lru_cache(maxsize=8)(self._draw)

    def score(self, archs: Sequence[Arch], *, seed: int, who: str) -> list[Score]:
        """Return the scores of `archs` in a run with `seed`; the access is logged under the name `who`.

        Raises:
            DataError: an arch takes no part; its regret would be measured against the others.
        """
        self.accesses.append((who, len(archs)))
        regrets = self._regrets(seed)
        rows = [self._table.row(arch) for arch in archs]
        for arch, row in zip(archs, rows, strict=True):
            if not self._takes_part[row]:
                raise DataError(f"{who} recommends {arch}, which is not part of its comparison; run it again")
        return [
            Score(
                test=float(self.test_means[row]),
                valid=float(self._valid_means[row]),
                test_regret=float(self.best_test - self.test_means[row]),
                valid_regret=float(regrets[row]),
                hit=bool(self.test_means[row] >= self.best_test),
            )
            for row in rows
        ]

    def regrets(self, seed: int, *, who: str) -> FloatArray:
        """Return the validation regrets of all archs in a run with `seed`, (n_archs,); NaN of those that take no part.

        The arch of regret 0 is what a full scan would pick: every arch trained once, the best validation taken.
        """
        self.accesses.append((who, int(self._takes_part.sum())))
        return np.where(self._takes_part, self._regrets(seed), np.nan)

    def _regrets(self, seed: int) -> FloatArray:
        drawn = self._drawn(seed)
        return np.asarray(np.nanmax(drawn[self._takes_part]) - drawn)

    @cached_property
    def test_means(self) -> FloatArray:
        """Mean test accuracy per table row, shape (n_archs,); NaN where no trial exists."""
        return _trial_means(
            self._table.at(Key(self._dataset.test, self._schedule, self._dataset.test_metric), self._epoch)
        )

    @cached_property
    def best_test(self) -> float:
        """The best mean test accuracy of the archs that take part."""
        return float(np.nanmax(self.test_means[self._takes_part]))

    @cached_property
    def _takes_part(self) -> NDArray[np.bool_]:
        """Which rows of the table take part, shape (n_archs,)."""
        rule, archs = self._left_out, self._table.archs
        if rule is None:
            return np.ones(len(archs), dtype=bool)
        return np.array([not rule.leaves_out(tuple(arch)) for arch in archs.tolist()])

    @cached_property
    def _valid(self) -> NDArray[Any]:
        """Final validation, shape (n_archs, n_trials)."""
        return self._table.at(Key(self._dataset.search, self._schedule, "x-valid-acc"), self._epoch)

    @cached_property
    def _valid_means(self) -> FloatArray:
        return _trial_means(self._valid)

    def _draw(self, seed: int) -> FloatArray:
        """Return the final validation of every arch in the trial that the run draws first, shape (n_archs,)."""
        numbers = arch_numbers(self._table.archs, self._table.header.cardinalities)
        present = self._table.present(self._dataset.search, self._schedule)
        keys = trial_keys(seed, self._schedule, numbers, present.shape[1])
        keys[np.arange(present.shape[1])[None, :] >= present.sum(axis=1)[:, None]] = np.iinfo(np.uint64).max
        first = keys.argmin(axis=1)  # number among the trials that exist
        slots = np.argsort(~present, axis=1, kind="stable")  # slots of the trials that exist come first
        rows = np.arange(len(present))
        return np.asarray(self._valid[rows, slots[rows, first]], dtype=np.float64)


def _trial_means(values: NDArray[Any]) -> FloatArray:
    """Return the mean over the trials that exist, (n_archs, n_trials) -> (n_archs,); NaN where none does."""
    present = ~np.isnan(values)
    total = np.where(present, values, 0.0).sum(axis=1, dtype=np.float64)
    means = np.full(len(values), np.nan)
    np.divide(total, present.sum(axis=1), out=means, where=present.any(axis=1))
    return means
