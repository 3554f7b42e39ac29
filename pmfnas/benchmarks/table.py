"""The curve table: every measured value of a tabular benchmark as memory-mapped columns.

    TABLE/
        table.json                      the header; written last, so its existence means that the table is complete
        archs.npy                       (n_archs, n_positions) uint8, row -> arch
        cifar100/200/present.npy        (n_archs, n_trials) bool, True for measured trials
        cifar100/200/x-valid-acc.npy    (n_archs, n_trials, n_epochs), one per (data set, schedule, metric)

A column holds only the epochs at which its metric was measured (`epochs` in `table.json`); other epochs are absent. A
quantity that does not depend on the epoch (seconds per epoch, latency) has `epochs: []` and a last axis of length 1.
Opening reads `table.json` alone; values are read on first use.
"""

import hashlib
import math
import os
import shutil
from collections.abc import Mapping
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from pmfnas.benchmarks.header import (
    ARCHS,
    FORMAT,
    HEADER,
    REMEDY,
    STAMPS,
    Column,
    Header,
    Key,
    read_header,
    written,
)
from pmfnas.benchmarks.series import Series, Trials
from pmfnas.core.errors import DataError, InputError, UnavailableError
from pmfnas.core.types import Arch, FloatArray, arch_number, arch_numbers, describe_epochs
from pmfnas.files import check_room, flush, is_running, reading, reserve, writing

__all__ = ["FORMAT", "HEADER", "STAMPS", "CurveTable", "Header", "Key", "TableWriter"]

_NPY_HEADER_BYTES = 1 << 12


class CurveTable:
    """A table opened for reading."""

    def __init__(self, path: Path, header: Header, columns: Mapping[str, Column], notes: Mapping[str, Any]) -> None:
        self.path = path
        self.header = header
        self.notes = notes
        """Report of the table's maker for people: fit quality and provenance."""
        self._columns = columns
        self._open: dict[str, NDArray[Any]] = {}
        self._rows: dict[Arch, int] = {}  # of the archs that were asked for
        self._trials: dict[tuple[str, str], Trials] = {}

    @classmethod
    def open(cls, path: Path) -> "CurveTable":
        """Return the table in the folder `path`. Raises `DataError` if it is missing or of another format."""
        header, columns, notes = read_header(path)
        return cls(path, header, columns, notes)

    @property
    def stamp(self) -> str:
        """The data stamp with its completeness: `OFFICIAL`, or for a part `OFFICIAL 5 of 15,625 archs`."""
        if self.is_whole:
            return self.header.described
        return f"{self.header.described} {self.n_known:,} of {self.header.n_archs:,} archs"

    @property
    def is_whole(self) -> bool:
        """True if every arch of the space is known. In a part, regrets and hits are relative to the part's archs."""
        return self.n_known == self.header.n_archs

    @cached_property
    def n_known(self) -> int:
        """Number of archs with at least one trial of every data set and schedule in the table."""
        groups = [self._array(name) for name in self._columns if name.endswith("/present")]
        known = np.ones(len(self.archs), dtype=np.bool_)
        for present in groups:
            known &= present.any(axis=1)
        return int(known.sum()) if groups else 0

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of all columns, sorted."""
        return tuple(sorted(self._columns))

    @property
    def datasets(self) -> tuple[str, ...]:
        """Official names of the data sets that have columns, sorted."""
        return tuple(sorted({key.split("/")[0] for key in self._columns if "/" in key}))

    def epochs(self, key: Key) -> tuple[int, ...]:
        """Return the epochs at which `key` was measured; () if it was not, or if it does not depend on the epoch."""
        column = self._columns.get(str(key))
        return column.epochs if column else ()

    def has(self, key: Key) -> bool:
        """Return True if the table has this column."""
        return str(key) in self._columns

    def values(self, key: Key) -> NDArray[Any]:
        """Return the whole column, memory-mapped, shape (n_archs, n_trials, n_epochs).

        Raises:
            UnavailableError: the table has no such column.
            DataError: its file is missing, damaged, or not of the shape in the header.
        """
        return self._array(str(key))

    def present(self, dataset: str, schedule: str) -> NDArray[np.bool_]:
        """Return True for each measured trial, shape (n_archs, n_trials)."""
        return self._array(f"{dataset}/{schedule}/present")

    def at(self, key: Key, epoch: int) -> NDArray[Any]:
        """Return the values of one epoch, shape (n_archs, n_trials); NaN for missing trials."""
        if epoch not in self.epochs(key):
            raise self._unmeasured(key, epoch)
        return self.values(key)[:, :, self.epochs(key).index(epoch)]

    def read(self, key: Key, row: int, trial: int, epochs: range | tuple[int, ...]) -> FloatArray:
        """Return the values of one arch's trial at `epochs`, shape (len(epochs),).

        Args:
            key: the column.
            row: row of the arch.
            trial: number of the trial among the measured ones, from 0.
            epochs: epochs, counted from 1.

        Raises:
            UnavailableError: the trial or one of the epochs was not measured.
        """
        return self.series(key).read(row, self.slot(key.dataset, key.schedule, row, trial), epochs)

    def series(self, key: Key) -> Series:
        """Return the column `key` for many short reads; only a read of a column that was never measured is refused."""
        values = self.values(key) if self.has(key) else None
        return Series(values, self.epochs(key), partial(self._unmeasured, key))

    def constant(self, key: Key, row: int, trial: int) -> float:
        """Return the value of a column that does not depend on the epoch, such as latency or most seconds."""
        if self.epochs(key):
            raise UnavailableError(f"{key} depends on the epoch, so it has no single value; read it at epochs")
        return float(self.values(key)[row, self.slot(key.dataset, key.schedule, row, trial), 0])

    def seconds(self, key: Key, row: int, trial: int, epochs: range | tuple[int, ...]) -> float:
        """Return the total seconds of `epochs`, for columns with seconds per epoch or one value for all epochs."""
        return self.series(key).total(row, self.slot(key.dataset, key.schedule, row, trial), epochs)

    def slot(self, dataset: str, schedule: str, row: int, trial: int) -> int:
        """Return the index of the `trial`-th measured trial on the trial axis."""
        return self.trials(dataset, schedule).slot(row, trial)

    def n_trials(self, dataset: str, schedule: str, row: int) -> int:
        """Return the number of measured trials of an arch."""
        return self.trials(dataset, schedule).number(row)

    def trials(self, dataset: str, schedule: str) -> Trials:
        """Return the measured trials of every arch."""
        if (dataset, schedule) not in self._trials:
            present = self.present(dataset, schedule)
            self._trials[dataset, schedule] = Trials(present, f"{dataset}/{schedule}")
        return self._trials[dataset, schedule]

    @cached_property
    def archs(self) -> NDArray[np.uint8]:
        """The arch of each row, shape (n_archs, n_positions)."""
        archs, cardinalities = np.asarray(self._array(ARCHS)), self.header.cardinalities
        legal = bool((archs < np.array(cardinalities)).all())
        if not legal or len(np.unique(arch_numbers(archs, cardinalities))) != len(archs):
            raise DataError(f"{self.path / ARCHS}.npy must hold distinct archs of {self.header.space}; {REMEDY}")
        return archs

    def row(self, arch: Arch) -> int:
        """Return the row of `arch`. Raises `UnavailableError` if the table does not hold it."""
        row = self._rows.get(arch)
        if row is None:
            row = self._rows[arch] = self._find_row(arch)
        return row

    def _find_row(self, arch: Arch) -> int:
        try:
            number = arch_number(arch, self.header.cardinalities)
            row = self._rows_of_own.get(number, -1) if self.header.own else int(self._row_of_number[number])
        except ValueError:
            row = -1
        if row < 0:
            raise UnavailableError(f"arch {arch} is not in the table {self.path.name} ({self.header.space})")
        return row

    @cached_property
    def _rows_of_own(self) -> dict[int, int]:
        numbers = arch_numbers(self.archs, self.header.cardinalities)
        return {number: row for row, number in enumerate(numbers.tolist())}

    @cached_property
    def _row_of_number(self) -> NDArray[np.int32]:
        rows = np.full(int(np.prod(self.header.cardinalities)), -1, dtype=np.int32)
        rows[arch_numbers(self.archs, self.header.cardinalities)] = np.arange(len(self.archs), dtype=np.int32)
        return rows

    def _unmeasured(self, key: Key, epoch: int) -> UnavailableError:
        """Return the error for an epoch at which `key` was not measured."""
        if not self.has(key):
            near = [k for k in self.keys if k.startswith(f"{key.dataset}/{key.schedule}/")]
            measured = ", ".join(near) or "no metric of this schedule"
            return UnavailableError(f"{key} was never measured; measured: {measured}")
        exists = describe_epochs(frozenset(self.epochs(key)))
        return UnavailableError(f"{key} at epoch {epoch} was never measured; it exists at {exists}")

    def _array(self, name: str) -> NDArray[Any]:
        if name not in self._open:
            if name not in self._columns:
                raise UnavailableError(
                    f"{name} is not in the table {self.path.name}; it has {len(self._columns)} columns"
                )
            column, file = self._columns[name], self.path / f"{name}.npy"
            most = math.prod(column.shape) * np.dtype(column.dtype).itemsize + _NPY_HEADER_BYTES
            with reading(file, REMEDY):
                if file.stat().st_size > most:  # numpy would read a header of any length
                    raise ValueError(f"it has {file.stat().st_size:,} bytes, but at most {most:,} belong there")
                array = np.load(file, mmap_mode="r", allow_pickle=False)
            if array.shape != column.shape or array.dtype.str != column.dtype:
                raise DataError(
                    f"{file} holds {array.dtype.str}{array.shape}, but {HEADER} says {column.dtype}{column.shape}"
                )
            self._open[name] = array.view(np.ndarray)  # still mapped; indexing the memmap subclass is slow
        return self._open[name]

    def verify(self) -> int:
        """Return the number of columns. Raises `DataError` for the first whose checksum differs from the header's."""
        for name, column in self._columns.items():
            if _sha256(self.path / f"{name}.npy") != column.sha256:
                raise DataError(f"{self.path / name}.npy was altered: its checksum is not the one in {HEADER}")
        return len(self._columns)


class TableWriter:
    """Fills a new table in a hidden sibling folder and moves the folder into place when all is written.

    >>> with TableWriter(out, header, archs) as writer:
    ...     writer.add(Key("cifar100", "12", "train-acc"), values, epochs=range(1, 13))
    ...     writer.notes["tau"] = 0.93

    An exception inside the block leaves no table at `out`. An existing table is never overwritten. With `n_bytes`, the
    total size of the columns, a disk with too little room is an error before the first column is written.
    """

    def __init__(self, out: Path, header: Header, archs: ArrayLike, *, n_bytes: int = 0) -> None:
        if header.stamp not in STAMPS:
            raise InputError(f"stamp is {header.stamp!r}, but must be one of {', '.join(STAMPS)}")
        if out.exists():
            raise InputError(f"{out} exists already and is not overwritten; remove it or choose another --out")
        self.out = out
        self.header = header
        self.notes: dict[str, Any] = {}
        self._work = out.with_name(f".{out.name}.writing-{os.getpid()}")
        self._columns: dict[str, Column] = {}
        self._filling: dict[str, tuple[NDArray[Any], tuple[int, ...]]] = {}
        rows = np.asarray(archs, dtype=np.uint8)
        check_room(out, n_bytes)
        with writing(out):
            _remove_abandoned(out)
            self._work.mkdir(parents=True)
        try:
            self._save(ARCHS, rows, ())
        except BaseException:  # `__exit__` is not called if the constructor fails
            shutil.rmtree(self._work, ignore_errors=True)
            raise

    def add(self, key: Key, values: ArrayLike, epochs: range | tuple[int, ...] = ()) -> None:
        """Write a whole column, shape (n_archs, n_trials, max(1, len(epochs)))."""
        self._save(str(key), np.asarray(values), tuple(epochs))

    def add_present(self, dataset: str, schedule: str, present: ArrayLike) -> None:
        """Write the column of measured trials, shape (n_archs, n_trials)."""
        self._save(f"{dataset}/{schedule}/present", np.asarray(present, dtype=np.bool_), ())

    def allocate(
        self, key: Key, shape: tuple[int, ...], dtype: DTypeLike, epochs: range | tuple[int, ...] = ()
    ) -> NDArray[Any]:
        """Return a writable memory-mapped column to be filled before the block ends.

        Disk space is reserved here. So a full disk is an error here; without it, a write to the mapped column would
        kill the process.
        """
        file, kind = self._file(str(key)), np.dtype(dtype)
        with writing(self.out, kind.itemsize * int(np.prod(shape))):
            array = np.lib.format.open_memmap(file, mode="w+", dtype=kind, shape=shape)
            with file.open("r+b") as stream:
                reserve(stream, array.nbytes, start=array.offset)
        self._filling[str(key)] = (array, tuple(epochs))
        return array

    def _file(self, name: str) -> Path:
        file = self._work / f"{name}.npy"
        with writing(self.out):
            file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def _save(self, name: str, array: NDArray[Any], epochs: tuple[int, ...]) -> None:
        file = self._file(name)
        with writing(self.out, array.nbytes), file.open("wb") as stream:
            reserve(stream, array.nbytes + _NPY_HEADER_BYTES)
            np.save(stream, array, allow_pickle=False)
            stream.truncate()
            flush(stream)
        self._columns[name] = Column(epochs, array.dtype.str, array.shape, _sha256(file))

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
            shutil.rmtree(self._work, ignore_errors=True)  # it is gone already if it became the table

    def _finish(self) -> None:
        for name, (array, epochs) in self._filling.items():
            with writing(self.out, array.nbytes):
                array.flush()  # type: ignore[attr-defined]
            self._columns[name] = Column(epochs, array.dtype.str, array.shape, _sha256(self._file(name)))
        content = written(self.header, self._columns, self.notes)
        with writing(self.out, len(content)):
            with (self._work / HEADER).open("wb") as stream:
                stream.write(content)
                flush(stream)
            self._work.rename(self.out)


def _remove_abandoned(out: Path) -> None:
    """Remove working folders of killed writers of `out`."""
    marker = f".{out.name}.writing-"
    for folder in out.parent.iterdir() if out.parent.is_dir() else ():
        owner = folder.name.removeprefix(marker)
        if folder.name.startswith(marker) and owner.isdecimal() and not is_running(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _sha256(path: Path) -> str:
    with reading(path, REMEDY), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
