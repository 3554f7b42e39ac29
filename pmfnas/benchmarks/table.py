"""The curve table: every measured value of a tabular benchmark as memory-mapped columns.

    TABLE/
        table.json                      what it is and holds; written last, so its existence means complete
        archs.npy                       (n_archs, n_positions) uint8, row -> arch
        cifar100/200/present.npy        (n_archs, n_trials) bool, which trials were measured
        cifar100/200/x-valid-acc.npy    (n_archs, n_trials, n_epochs), one per (data set, schedule, metric)

A column holds only the epochs at which its metric was measured (`epochs` in `table.json`); what was not measured
is absent, not filled. A quantity that does not depend on the epoch (seconds per epoch, latency) has `epochs: []`
and a last axis of length 1. Opening reads `table.json` alone; values are read when they are asked for.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from pmfnas.benchmarks.processes import is_running
from pmfnas.core.errors import DataError, InputError, UnavailableError
from pmfnas.core.types import Arch, FloatArray, arch_numbers, describe_epochs

FORMAT = 1
HEADER = "table.json"
STAMPS = ("OFFICIAL", "ANCHORED", "REAL-FINALS", "SURROGATE", "TRAINED", "SYNTHETIC")
TEST = "test"
"""Score by test accuracy, mean over trials."""
HELD_OUT = "held-out trials"
"""Score by the final validation of the trials that a run cannot see, mean over them: for data without test accuracy."""
SCORES = (TEST, HELD_OUT)


@dataclass(frozen=True, slots=True)
class Key:
    """Names a column: data set, schedule and metric, all in official spelling (`x-valid-acc`, `train-loss`)."""

    dataset: str
    schedule: str
    metric: str

    def __str__(self) -> str:
        return f"{self.dataset}/{self.schedule}/{self.metric}"


@dataclass(frozen=True, slots=True)
class Header:
    """What a table is, apart from its columns."""

    stamp: str
    """OFFICIAL, ANCHORED, REAL-FINALS, SURROGATE, TRAINED or (tests) SYNTHETIC."""
    space: str
    """Name of the space whose archs the rows are."""
    cardinalities: tuple[int, ...]
    version: str
    """Version of whatever made the table; part of the fingerprint."""
    source: str
    """SHA-256 (or an equally strong name) of what it was made from; part of the fingerprint."""
    schedules: Mapping[str, int]
    """Epochs of each schedule."""
    score: str = TEST
    """By what finished runs are judged, one of `SCORES`; no part of the fingerprint, as it follows from the stamp."""

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that name the data: equal if and only if made from the same source by the same version."""
        text = json.dumps([FORMAT, self.stamp, self.space, self.version, self.source])
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class _Column:
    """An entry of `columns` in the header file."""

    epochs: tuple[int, ...]
    dtype: str
    shape: tuple[int, ...]
    sha256: str


class CurveTable:
    """A table opened for reading."""

    def __init__(self, path: Path, header: Header, columns: Mapping[str, _Column], notes: Mapping[str, Any]) -> None:
        self.path = path
        self.header = header
        self.notes = notes
        """What the maker of the table reports of it: fit quality, provenance. For people."""
        self._columns = columns
        self._open: dict[str, NDArray[Any]] = {}
        self._slots: dict[tuple[str, str], tuple[NDArray[np.int64], NDArray[np.int64]]] = {}

    @classmethod
    def open(cls, path: Path) -> "CurveTable":
        """Return the table in the folder `path`; raise `DataError` where there is none or it is of another version."""
        try:
            raw = json.loads((path / HEADER).read_text())
        except (FileNotFoundError, NotADirectoryError):
            raise DataError(f"{path} is not a curve table: it has no {HEADER}; make one with `data import`") from None
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise DataError(f"{path / HEADER} is damaged ({error}); make the table again") from None
        if not isinstance(raw, dict) or raw.get("format") != FORMAT:
            found = raw.get("format") if isinstance(raw, dict) else None
            raise DataError(
                f"{path} has table format {found}, but this version reads format {FORMAT}; make the table again"
            )
        try:
            header = Header(**{**raw["header"], "cardinalities": tuple(raw["header"]["cardinalities"])})
            columns = {
                k: _Column(tuple(c["epochs"]), c["dtype"], tuple(c["shape"]), c["sha256"])
                for k, c in raw["columns"].items()
            }
        except (KeyError, TypeError) as error:
            raise DataError(f"{path / HEADER} lacks or garbles {error}; make the table again") from None
        return cls(path, header, columns, raw.get("notes", {}))

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of all columns, sorted."""
        return tuple(sorted(self._columns))

    @property
    def datasets(self) -> tuple[str, ...]:
        """Official names of the data sets that have columns, sorted."""
        return tuple(sorted({key.split("/")[0] for key in self._columns if "/" in key}))

    def epochs(self, key: Key) -> tuple[int, ...]:
        """Return the epochs at which `key` was measured: () where it was not, or does not depend on the epoch."""
        column = self._columns.get(str(key))
        return column.epochs if column else ()

    def has(self, key: Key) -> bool:
        """Whether the table has this column."""
        return str(key) in self._columns

    def values(self, key: Key) -> NDArray[Any]:
        """Return the whole column, memory-mapped, shape (n_archs, n_trials, n_epochs)."""
        return self._array(str(key))

    def present(self, dataset: str, schedule: str) -> NDArray[np.bool_]:
        """Return which trials were measured, shape (n_archs, n_trials)."""
        return self._array(f"{dataset}/{schedule}/present")

    def at(self, key: Key, epoch: int) -> NDArray[Any]:
        """Return the values of one epoch, shape (n_archs, n_trials); NaN where a trial is missing."""
        place = self._place(key, epoch)
        return self.values(key)[:, :, place]

    def read(self, key: Key, row: int, trial: int, epochs: range | tuple[int, ...]) -> FloatArray:
        """Return the values of one arch's trial at `epochs`, shape (len(epochs),).

        Args:
            key: the column.
            row: row of the arch.
            trial: number of the trial among those that exist, from 0.
            epochs: epochs from 1; all must have been measured.
        """
        if not len(epochs):
            return np.empty(0)
        places: slice | list[int]
        if isinstance(epochs, range) and self._place(key, epochs[-1]) - self._place(key, epochs[0]) == len(epochs) - 1:
            places = slice(self._place(key, epochs[0]), self._place(key, epochs[-1]) + 1)
        else:
            places = [self._place(key, epoch) for epoch in epochs]
        slot = self.slot(key.dataset, key.schedule, row, trial)
        return self.values(key)[row, slot, places].astype(np.float64)

    def constant(self, key: Key, row: int, trial: int) -> float:
        """Return the value of a column that does not depend on the epoch (latency, parameters, most seconds)."""
        if self.epochs(key):
            raise UnavailableError(f"{key} depends on the epoch, so it has no one value; read it at epochs")
        return float(self.values(key)[row, self.slot(key.dataset, key.schedule, row, trial), 0])

    def seconds(self, key: Key, row: int, trial: int, epochs: range | tuple[int, ...]) -> float:
        """Return the seconds of `epochs` together, whether or not those of an epoch are always the same."""
        if self.epochs(key):
            return float(self.read(key, row, trial, epochs).sum())
        return self.constant(key, row, trial) * len(epochs)

    def slot(self, dataset: str, schedule: str, row: int, trial: int) -> int:
        """Return the place of the `trial`-th existing trial on the trial axis."""
        n_trials = self.n_trials(dataset, schedule, row)
        if not 0 <= trial < n_trials:
            raise UnavailableError(f"trial {trial} of row {row}, {dataset}/{schedule}: {n_trials} trials exist")
        return int(self._trials(dataset, schedule)[0][row, trial])

    def n_trials(self, dataset: str, schedule: str, row: int) -> int:
        """Return how many trials of an arch were measured."""
        return int(self._trials(dataset, schedule)[1][row])

    def _trials(self, dataset: str, schedule: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the slots of each arch, those that exist first, (n_archs, n_slots), and how many exist."""
        if (dataset, schedule) not in self._slots:
            present = self.present(dataset, schedule)
            self._slots[dataset, schedule] = np.argsort(~present, axis=1, kind="stable"), present.sum(axis=1)
        return self._slots[dataset, schedule]

    @cached_property
    def archs(self) -> NDArray[np.uint8]:
        """The arch of each row, shape (n_archs, n_positions)."""
        return np.asarray(self._array("archs"))

    def row(self, arch: Arch) -> int:
        """Return the row of `arch`; raise `UnavailableError` where the table does not hold it."""
        try:
            row = int(self._row_of_number[arch_numbers([arch], self.header.cardinalities)[0]])
        except ValueError:
            row = -1
        if row < 0:
            raise UnavailableError(f"arch {arch} is not in the table {self.path.name} ({self.header.space})")
        return row

    @cached_property
    def _row_of_number(self) -> NDArray[np.int32]:
        rows = np.full(int(np.prod(self.header.cardinalities)), -1, dtype=np.int32)
        rows[arch_numbers(self.archs, self.header.cardinalities)] = np.arange(len(self.archs), dtype=np.int32)
        return rows

    def _place(self, key: Key, epoch: int) -> int:
        """Return where `epoch` stands on the epoch axis of `key`."""
        if str(key) not in self._columns:
            near = [k for k in self.keys if k.startswith(f"{key.dataset}/{key.schedule}/")]
            raise UnavailableError(
                f"{key} was never measured; measured: {', '.join(near) or 'nothing of this schedule'}"
            )
        epochs = self._columns[str(key)].epochs
        place = epoch - epochs[0] if epochs else -1
        if 0 <= place < len(epochs) and epochs[place] == epoch:
            return place
        if epoch in epochs:
            return epochs.index(epoch)
        raise UnavailableError(
            f"{key} at epoch {epoch} was never measured; it exists at {describe_epochs(frozenset(epochs))}"
        )

    def _array(self, name: str) -> NDArray[Any]:
        if name not in self._open:
            if name not in self._columns:
                raise UnavailableError(
                    f"{name} is not in the table {self.path.name}; it has {len(self._columns)} columns"
                )
            column, file = self._columns[name], self.path / f"{name}.npy"
            try:
                array = np.load(file, mmap_mode="r", allow_pickle=False)
            except (OSError, ValueError, EOFError) as error:
                raise DataError(f"{file} is missing or truncated ({error}); make the table again") from None
            if array.shape != column.shape or array.dtype.str != column.dtype:
                raise DataError(
                    f"{file} holds {array.dtype.str}{array.shape}, but {HEADER} says {column.dtype}{column.shape}"
                )
            self._open[name] = array.view(np.ndarray)  # still mapped; the subclass makes every index slow
        return self._open[name]

    def verify(self) -> int:
        """Return the number of columns, all with the checksum of the header; raise `DataError` naming one without."""
        for name, column in self._columns.items():
            if _sha256(self.path / f"{name}.npy") != column.sha256:
                raise DataError(f"{self.path / name}.npy was altered: its checksum is not the one in {HEADER}")
        return len(self._columns)


class TableWriter:
    """Fills a new table in a hidden sibling folder and moves it into place when all is written.

    >>> with TableWriter(out, header, archs) as writer:
    ...     writer.add(Key("cifar100", "12", "train-acc"), values, epochs=range(1, 13))
    ...     writer.notes["tau"] = 0.93

    An exception inside the block leaves nothing at `out`. An existing table is never overwritten.
    """

    def __init__(self, out: Path, header: Header, archs: ArrayLike) -> None:
        if header.stamp not in STAMPS:
            raise InputError(f"stamp is {header.stamp!r}, but must be one of {', '.join(STAMPS)}")
        if header.score not in SCORES:
            raise InputError(f"score is {header.score!r}, but must be one of {', '.join(SCORES)}")
        if out.exists():
            raise InputError(f"{out} exists already and is not overwritten; remove it or choose another --out")
        self.out = out
        self.header = header
        self.notes: dict[str, Any] = {}
        self._work = out.with_name(f".{out.name}.writing-{os.getpid()}")
        self._columns: dict[str, _Column] = {}
        self._filling: dict[str, tuple[NDArray[Any], tuple[int, ...]]] = {}
        rows = np.asarray(archs, dtype=np.uint8)
        _remove_abandoned(out)
        self._work.mkdir(parents=True)
        self._save("archs", rows, ())

    def add(self, key: Key, values: ArrayLike, epochs: range | tuple[int, ...] = ()) -> None:
        """Write a whole column, shape (n_archs, n_trials, max(1, len(epochs)))."""
        self._save(str(key), np.asarray(values), tuple(epochs))

    def add_present(self, dataset: str, schedule: str, present: ArrayLike) -> None:
        """Write which trials exist, shape (n_archs, n_trials)."""
        self._save(f"{dataset}/{schedule}/present", np.asarray(present, dtype=np.bool_), ())

    def allocate(
        self, key: Key, shape: tuple[int, ...], dtype: DTypeLike, epochs: range | tuple[int, ...] = ()
    ) -> NDArray[Any]:
        """Return a writable memory-mapped column to be filled before the block ends."""
        file = self._file(str(key))
        array = np.lib.format.open_memmap(file, mode="w+", dtype=np.dtype(dtype), shape=shape)
        self._filling[str(key)] = (array, tuple(epochs))
        return array

    def _file(self, name: str) -> Path:
        file = self._work / f"{name}.npy"
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def _save(self, name: str, array: NDArray[Any], epochs: tuple[int, ...]) -> None:
        file = self._file(name)
        with file.open("wb") as stream:
            np.save(stream, array, allow_pickle=False)
            stream.flush()
            os.fsync(stream.fileno())
        self._columns[name] = _Column(epochs, array.dtype.str, array.shape, _sha256(file))

    def __enter__(self) -> "TableWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del error, trace
        try:
            if kind is None:
                self._finish()
        finally:
            shutil.rmtree(self._work, ignore_errors=True)  # gone already where it became the table

    def _finish(self) -> None:
        for name, (array, epochs) in self._filling.items():
            array.flush()  # type: ignore[attr-defined]
            self._columns[name] = _Column(epochs, array.dtype.str, array.shape, _sha256(self._file(name)))
        content = {
            "format": FORMAT,
            "fingerprint": self.header.fingerprint,
            "header": asdict(self.header),
            "columns": {name: asdict(column) for name, column in sorted(self._columns.items())},
            "notes": self.notes,
        }
        with (self._work / HEADER).open("w") as stream:
            json.dump(content, stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        self._work.rename(self.out)


def _remove_abandoned(out: Path) -> None:
    """Remove what a writer of `out` that was killed has left."""
    marker = f".{out.name}.writing-"
    for folder in out.parent.iterdir() if out.parent.is_dir() else ():
        owner = folder.name.removeprefix(marker)
        if folder.name.startswith(marker) and owner.isdecimal() and not is_running(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); make the table again") from None
