"""The oracle: the only reader of archs' scores in a table, apart from `harness.fit`, which fits the shipped models.

It scores finished runs and logs every access. Its `test_means` also judge predictions (`predictors/material.py`); they
are not logged.

The score is test accuracy, mean over trials. On data without it (`Header.score`) it is final validation in the trials
that the run could not see, mean over them (`harness.experiment.held_out`), which depends on the run's seed.

A searcher cannot reach the oracle: the runner never imports this module, and a searcher gets neither the benchmark nor
the table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.experiment.exclusions import Exclusion
from harness.experiment.held_out import longest_schedule
from pmfnas.benchmarks.header import HELD_OUT
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.benchmarks.tabular import Dataset
from pmfnas.core.errors import DataError
from pmfnas.core.rng import trial_keys
from pmfnas.core.types import Arch, FloatArray, arch_numbers


@dataclass(frozen=True, slots=True)
class Score:
    """The final values of an arch in a run: percent, at the end of the longest schedule.

    On a table of one's own: as its metric is shown, larger is better.
    """

    test: float
    """The score: test accuracy, mean over trials; or validation in the trials held out from the run, mean over them."""
    valid: float
    """Validation, mean over trials; with held-out trials, validation in the trial that the run could see."""
    test_regret: float
    """Percent points below the best score of the included archs in this run."""
    valid_regret: float
    """Percent points below the best validation of the included archs, in the trial that the run's seed draws first."""
    hit: bool
    """True if no included arch is better, by test mean; with held-out trials, by validation mean over all trials."""


@dataclass(frozen=True, slots=True)
class _Finals:
    """Final values of every arch in runs with one seed, each (n_archs,)."""

    seen: FloatArray
    """Final validation in the trial that is drawn first."""
    score: FloatArray


class Oracle:
    """Scores of one data set of a curve table. All archs are included, except those that `left_out` excludes."""

    def __init__(self, table: CurveTable, dataset: Dataset, left_out: Exclusion | None = None) -> None:
        self._table = table
        self._dataset = dataset
        self._left_out = left_out
        self._schedule = longest_schedule(table.header)
        self._holds_out = table.header.score == HELD_OUT
        self._epoch = table.header.schedules[self._schedule]
        self.accesses: list[tuple[str, int]] = []
        """(name of the reader, number of archs looked up), in order."""
        self._finals = lru_cache(maxsize=8)(self._look_up)

    def score(self, archs: Sequence[Arch], *, seed: int, who: str) -> list[Score]:
        """Return the scores of `archs` in a run with `seed`; the access is logged under the name `who`.

        Raises:
            DataError: an arch is excluded, so its regret would be measured against other archs only.
        """
        self.accesses.append((who, len(archs)))
        finals, best = self._finals(seed), self.best(seed)
        regrets = self._regrets(seed)
        valid = finals.seen if self._holds_out else self._valid_means
        rows = [self._table.row(arch) for arch in archs]
        for arch, row in zip(archs, rows, strict=True):
            if not self._takes_part[row]:
                raise DataError(f"{who} recommends {arch}, which is not part of its comparison; run it again")
        return [
            Score(
                test=float(finals.score[row]),
                valid=float(valid[row]),
                test_regret=float(best - finals.score[row]),
                valid_regret=float(regrets[row]),
                hit=bool(self._quality[row] >= self._best_quality),
            )
            for row in rows
        ]

    def best(self, seed: int) -> float:
        """Return the best score of the included archs in a run with `seed`."""
        return float(np.nanmax(self._finals(seed).score[self._takes_part]))

    def scores(self, seed: int, *, who: str) -> FloatArray:
        """Return the scores of all archs in a run with `seed`, (n_archs,); NaN for excluded archs."""
        self.accesses.append((who, int(self._takes_part.sum())))
        return np.where(self._takes_part, self._finals(seed).score, np.nan)

    def regrets(self, seed: int, *, who: str) -> FloatArray:
        """Return the validation regrets of all archs in a run with `seed`, (n_archs,); NaN for excluded archs.

        A full scan, which trains every arch once and takes the best validation, would pick the arch of regret 0.
        """
        self.accesses.append((who, int(self._takes_part.sum())))
        return np.where(self._takes_part, self._regrets(seed), np.nan)

    def _regrets(self, seed: int) -> FloatArray:
        drawn = self._finals(seed).seen
        return np.asarray(np.nanmax(drawn[self._takes_part]) - drawn)

    @property
    def guess(self) -> float:
        """What random guessing scores, percent; in a table of one's own the worst arch's score."""
        if self._dataset.n_classes:
            return 100 / self._dataset.n_classes
        return float(np.nanmin(self._quality[self._takes_part]))

    @cached_property
    def test_means(self) -> FloatArray:
        """Mean test accuracy per table row, shape (n_archs,); NaN if no trial exists or the table has no test."""
        if self._holds_out:
            return np.full(len(self._table.archs), np.nan)
        key = Key(self._dataset.test, self._schedule, self._dataset.test_metric)
        return _trial_means(self._dataset.shown(self._table.at(key, self._epoch)))

    @cached_property
    def _quality(self) -> FloatArray:
        """The best known value of each arch, independent of the run, shape (n_archs,)."""
        return self._valid_means if self._holds_out else self.test_means

    @cached_property
    def _best_quality(self) -> float:
        return float(np.nanmax(self._quality[self._takes_part]))

    @cached_property
    def _takes_part(self) -> NDArray[np.bool_]:
        """True for the rows of included archs, shape (n_archs,)."""
        rule, archs = self._left_out, self._table.archs
        if rule is None:
            return np.ones(len(archs), dtype=bool)
        return np.array([not rule.leaves_out(tuple(arch)) for arch in archs.tolist()])

    @cached_property
    def _valid(self) -> NDArray[Any]:
        """Final validation, shape (n_archs, n_trials)."""
        key = Key(self._dataset.search, self._schedule, self._dataset.names.valid)
        return self._dataset.shown(self._table.at(key, self._epoch))

    @cached_property
    def _valid_means(self) -> FloatArray:
        return _trial_means(self._valid)

    def _look_up(self, seed: int) -> _Finals:
        """Return final validation of every arch in the trial that the run draws first, and its score."""
        numbers = arch_numbers(self._table.archs, self._table.header.cardinalities)
        present = self._table.present(self._dataset.search, self._schedule)
        keys = trial_keys(seed, self._schedule, numbers, present.shape[1])
        keys[np.arange(present.shape[1])[None, :] >= present.sum(axis=1)[:, None]] = np.iinfo(np.uint64).max
        first = keys.argmin(axis=1)  # number among the trials that exist
        slots = np.argsort(~present, axis=1, kind="stable")  # slots of the trials that exist come first
        rows = np.arange(len(present))
        seen = slots[rows, first]
        values = np.asarray(self._valid, dtype=np.float64)
        if not self._holds_out:
            return _Finals(values[rows, seen], self.test_means)
        others = values.copy()
        others[rows, seen] = np.nan  # the run sees only this trial
        return _Finals(values[rows, seen], _trial_means(others))


def _trial_means(values: NDArray[Any]) -> FloatArray:
    """Return the mean over the trials that exist, (n_archs, n_trials) -> (n_archs,); NaN without trials."""
    present = ~np.isnan(values)
    total = np.where(present, values, 0.0).sum(axis=1, dtype=np.float64)
    means = np.full(len(values), np.nan)
    np.divide(total, present.sum(axis=1), out=means, where=present.any(axis=1))
    return means
