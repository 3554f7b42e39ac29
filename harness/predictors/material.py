"""The data of all cells of one data set: curves, labels, truths, prices and groups, read from a curve table.

Truth is the validation accuracy at the end of the longest schedule, mean over trials. A label is one trial of it, as
a user would pay for; which one a split draws is the same for every predictor. Test accuracy is only ever a second
truth to be judged by.
"""

import os
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.experiment.data import ANCHORS
from harness.predictors.cells import LONG, SHORT
from harness.predictors.groups import groups
from harness.score.oracle import Oracle
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.benchmarks.tabular import Dataset, dataset
from pmfnas.core.errors import DataError
from pmfnas.core.ports import Space
from pmfnas.core.rng import trial_keys
from pmfnas.core.types import Arch, Fidelity, FloatArray, arch_numbers
from pmfnas.files import reading
from pmfnas.spaces import space_for

REAL_CURVES = "nb201_curves.npz"
"""File with the recorded loss curves, in the folder of real values."""

METRICS = ("train-loss", "train-acc", "x-valid-loss", "x-valid-acc")


@dataclass(frozen=True, slots=True)
class RealCurves:
    """Recorded curves of some archs of the table, under schedule 200."""

    rows: NDArray[np.int64]  # (n_real,) rows of the table
    train_loss: FloatArray  # (n_real, 200)
    valid_loss: FloatArray  # (n_real, 200) NaN where the recording is not of validation images alone


@dataclass(frozen=True, slots=True)
class Material:
    """One data set of a table, as the predictor study uses it. Rows are those of the table."""

    table: CurveTable
    dataset: Dataset
    space: Space
    archs: tuple[Arch, ...]
    group: NDArray[np.int64]  # (n_archs,)
    final: FloatArray  # (n_archs, n_trials) validation at the end of schedule 200, percent, NaN where no trial exists
    truth: FloatArray  # (n_archs,) its mean over trials
    test: FloatArray  # (n_archs,) percent, mean over trials
    epoch_s: FloatArray  # (n_archs,) seconds of one training epoch
    pass_s: FloatArray  # (n_archs,) seconds of one validation pass
    real: RealCurves | None = None
    visited: NDArray[np.int64] | None = None  # rows of archs that a search meets in stages 2 and 3

    @property
    def target(self) -> Fidelity:
        """The fidelity whose accuracy is predicted."""
        return Fidelity(LONG, self.table.header.schedules[LONG])

    def with_visited(self, rows: NDArray[np.int64]) -> "Material":
        """Return the same material that knows which archs searches visit."""
        return replace(self, visited=rows)

    def slots(self, schedule: str, split: int) -> NDArray[np.int64]:
        """Return the place of the trial that each arch has in a split, shape (n_archs,): drawn among those that exist.

        The draw depends on split, schedule and arch alone (`pmfnas.core.rng.trial_keys`).
        """
        present = self.table.present(self.dataset.search, schedule)
        numbers = arch_numbers(self.table.archs, self.table.header.cardinalities)
        keys = trial_keys(split, schedule, numbers, present.shape[1])
        last = np.uint64(np.iinfo(np.uint64).max)
        return np.asarray(np.where(present, keys, last).argmin(axis=1), dtype=np.int64)

    def curve(
        self, metric: str, schedule: str, rows: NDArray[np.int64], slots: NDArray[np.int64], n_epochs: int
    ) -> FloatArray:
        """Return the first epochs of one metric, shape (len(rows), n_epochs); NaN where it was not measured."""
        key, shown = Key(self.dataset.search, schedule, metric), np.full((len(rows), n_epochs), np.nan)
        if not n_epochs or not self.table.has(key):
            return shown
        measured = self.table.epochs(key)
        places = [i for i, epoch in enumerate(measured) if epoch <= n_epochs]
        if places:
            values = self.table.values(key)[rows, slots]
            shown[:, [measured[i] - 1 for i in places]] = values[:, places]
        return shown


@dataclass(frozen=True, slots=True)
class Source:
    """Where a worker finds its data."""

    table: Path
    anchors: Path | None
    """Folder of real values, for real curves; None for none."""

    def material(self, dataset: str) -> Material:
        """Return the material of a data set, kept while this process works on it."""
        return _material(self, dataset)


@lru_cache(maxsize=3)
def _material(source: Source, dataset: str) -> Material:
    return read_material(_table(source.table), dataset, anchors=source.anchors)


@lru_cache(maxsize=1)
def _table(path: Path) -> CurveTable:
    return CurveTable.open(path)


def read_material(table: CurveTable, name: str, *, anchors: Path | None = None) -> Material:
    """Return the material of the data set `name`; with real curves where `anchors`, a folder of real values, is given.

    Raises:
        DataError: the table lacks a schedule, or the folder its curves.
    """
    missing = [schedule for schedule in (SHORT, LONG) if schedule not in table.header.schedules]
    if missing:
        raise DataError(f"{table.path.name} has no schedule {missing[0]}; the predictor study needs {SHORT} and {LONG}")
    chosen = dataset(name)
    space = space_for(table.header.space, n_classes=chosen.n_classes, image_size=chosen.image_size)
    final = np.asarray(table.at(Key(chosen.search, LONG, "x-valid-acc"), table.header.schedules[LONG]), dtype=float)
    material = Material(
        table=table,
        dataset=chosen,
        space=space,
        archs=_archs(table),
        group=_groups(table, space),
        final=final,
        truth=np.nanmean(final, axis=1),
        test=np.asarray(Oracle(table, chosen).test_means, dtype=float),
        epoch_s=_seconds(table, Key(chosen.search, LONG, "train-s")),
        pass_s=_seconds(table, Key(chosen.search, LONG, "x-valid-s")),
    )
    return replace(material, real=_real_curves(anchors / REAL_CURVES, name)) if anchors else material


@lru_cache(maxsize=4)
def _archs(table: CurveTable) -> tuple[Arch, ...]:
    return tuple(tuple(row) for row in table.archs.tolist())


@lru_cache(maxsize=4)
def _groups(table: CurveTable, space: Space) -> NDArray[np.int64]:
    return groups(table, space, _archs(table))


def _seconds(table: CurveTable, key: Key) -> FloatArray:
    """Return seconds per epoch, mean over epochs and trials, shape (n_archs,)."""
    return np.asarray(np.nanmean(np.asarray(table.values(key), dtype=float), axis=(1, 2)))


def real_curves_of(table: CurveTable, stamps: Collection[str]) -> Path | None:
    """Return the folder of real values with curves of the table's archs; None if there is no such folder.

    The curves are by official index, as are the rows of tables with these stamps alone.
    """
    folder = os.environ.get(ANCHORS)
    if not folder or table.header.stamp not in stamps or not (Path(folder) / REAL_CURVES).is_file():
        return None
    return Path(folder)


def _real_curves(file: Path, name: str) -> RealCurves:
    with reading(file, "mend the folder of real values"), np.load(file, allow_pickle=False) as recorded:
        place = [str(d) for d in recorded["datasets"]].index(name)
        rows = np.asarray(recorded["loss_arch_index"], dtype=np.int64)
        train = np.asarray(recorded["train_loss"][:, place], dtype=float)
        clean = "valid" in str(recorded["eval_loss_split"][place])
        valid = np.asarray(recorded["eval_loss"][:, place], dtype=float)
    return RealCurves(rows, train, valid if clean else np.full_like(valid, np.nan))
