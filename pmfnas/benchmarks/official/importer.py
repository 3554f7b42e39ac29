"""Import of the official files into a curve table.

The archs are converted in shards, in parallel, into `.NAME.import/` beside the target; then the shards are
streamed into the table's memory-mapped columns. The names of shards contain the source's fingerprint. So an import
that was killed goes on from the finished shards, and an import whose source has changed starts anew. One process at a
time works on a target; `lock` in that folder holds its number.
"""

import hashlib
import math
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed, parallel_config
from numpy.typing import NDArray

from pmfnas.benchmarks.official.detect import Source, detect
from pmfnas.benchmarks.official.fingerprint import fingerprint
from pmfnas.benchmarks.official.layout import OfficialSpace, space_of
from pmfnas.benchmarks.official.reader import SingleFile, arch_files, read_arch, read_meta
from pmfnas.benchmarks.official.records import Group, read_record
from pmfnas.benchmarks.official.shards import (
    GroupLayout,
    PackedArch,
    ShardInfo,
    join_layouts,
    read_columns,
    read_info,
    write_shard,
)
from pmfnas.benchmarks.table import CurveTable, Header, Key, TableWriter
from pmfnas.core.errors import DataError, InputError
from pmfnas.core.types import FloatArray
from pmfnas.files import check_room, writing
from pmfnas.processes import alone, end_with
from pmfnas.progress import Progress, tracked

VERSION = "official-1"
SHARD_ARCHS = 64
_LOCK = "lock"


def import_official(path: Path, out: Path, *, n_jobs: int = 1, progress: bool = False) -> CurveTable:
    """Return the curve table made from the official files at `path`.

    Every arch of the official list becomes a row, in official order; an arch without a file has no trials. The
    trial axis of a (data set, schedule) is the sorted list of its seeds, kept in `notes["seeds"]`.

    Args:
        path: a path at which `detect` finds exactly one source.
        out: folder to write, must not exist. Needs about 1.3 GB (topology space) or 0.9 GB (size space), twice that
            while the import runs.
        n_jobs: processes, as joblib counts them. One process reads a single file.
        progress: whether to show progress and the time left on standard error.

    Raises:
        InputError: `out` exists or is being made by another process, or `path` holds several sources.
        InputError: the disk is full or cannot be written; raised after the first shard if the table would not fit.
        DataError: a file is missing, truncated, altered, mixed up or has a hole; no files are left behind.
    """
    source, folder = _only_source(path), out.with_name(f".{out.name}.import")
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with alone(folder / _LOCK, busy=f"{out} is being made by another import"):
        try:
            _import(source, out, folder, n_jobs, progress)
        except InputError:
            # Of another file, the remedy of a `DataError`, no shard can be used; and on a full disk they take the room.
            shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)
    return CurveTable.open(out)


def _import(source: Source, out: Path, folder: Path, n_jobs: int, progress: bool) -> None:
    """Write the table `out`, by way of shards in `folder`."""
    if out.exists():
        raise InputError(f"{out} exists already and is not overwritten; remove it or choose another --out")
    digest = fingerprint(source, n_jobs=n_jobs, progress=progress)
    shards = _Shards(folder, out, _token(digest))
    shards.drop_others()
    convert = _convert_archive if source.kind == "archive" else _convert_single
    texts = convert(source, shards, n_jobs, progress)
    _assemble(source, digest, texts, shards.finished(), out, progress)


def _only_source(path: Path) -> Source:
    sources = detect(path)
    if len(sources) > 1:
        found = ", ".join(str(source.path) for source in sources)
        raise InputError(f"{path} holds {len(sources)} official sources ({found}); name the one to import")
    return sources[0]


def _token(digest: str) -> str:
    """Return the name of the shards of this source, this version and this shard size."""
    return hashlib.sha256(f"{VERSION} {SHARD_ARCHS} {digest}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Shards:
    """The finished shards of one source."""

    folder: Path
    out: Path
    """Path of the table to make."""
    token: str

    def drop_others(self) -> None:
        """Remove the files of killed writers and of other sources from the folder."""
        with writing(self.folder):
            for path in self.folder.iterdir():
                if path.name != _LOCK and not path.name.startswith(self.token):
                    path.unlink()

    def path(self, number: int) -> Path:
        return self.folder / f"{self.token}-{number:05d}.npz"

    def finished(self) -> list[Path]:
        return sorted(self.folder.glob(f"{self.token}-*.npz"))

    def check_room(self, n_files: int, n_archs: int) -> None:
        """Raise `InputError` if the shards of `n_files` archs and a table of `n_archs` will not fit on the disk.

        The bytes per arch are estimated from the finished shards.
        """
        sizes = [path.stat().st_size for path in self.finished()]
        n_left = max(0, n_files - len(sizes) * SHARD_ARCHS)
        if n_left:
            per_arch = sum(sizes) / (len(sizes) * SHARD_ARCHS)
            check_room(self.out, int(per_arch * (n_left + n_archs)))


# ------------------------------------------------------------------------------------------------- conversion


def _convert_archive(source: Source, shards: _Shards, n_jobs: int, progress: bool) -> list[str]:
    """Convert the missing shards of an archive folder; return the strings of all archs."""
    texts, files = read_meta(source.path), list(arch_files(source.path).items())
    if files[-1][0] >= len(texts):
        raise DataError(f"{files[-1][1]} is of an arch beyond the {len(texts)} of the meta file; files were mixed up")
    tasks = [
        (shards.path(number), [(index, texts[index], file) for index, file in files[start : start + SHARD_ARCHS]])
        for number, start in enumerate(range(0, len(files), SHARD_ARCHS))
    ]
    pending = [task for task in tasks if not task[0].exists()]
    done = len(files) - sum(len(part) for _, part in pending)
    calls = (delayed(_convert_files)(*task) for task in pending)
    with parallel_config(backend="loky", initializer=end_with, initargs=(os.getpid(),)):
        finished = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(calls)
    with Progress("converting", len(files), unit="arch", done=done, shown=progress) as bar:
        for number, n_archs in enumerate(finished):
            if number == 0:
                shards.check_room(len(files), len(texts))
            bar.step(n_archs)
    return texts


def _convert_files(shard: Path, part: Sequence[tuple[int, str, Path]]) -> int:
    """Write one shard from files of single archs; return their number."""
    space = space_of(part[0][1])
    write_shard(
        shard,
        [
            PackedArch(index, text, str(file), read_record(read_arch(file), index, text, space, str(file)))
            for index, text, file in part
        ],
    )
    return len(part)


def _convert_single(source: Source, shards: _Shards, n_jobs: int, progress: bool) -> list[str]:
    """Convert the missing shards of a single file; return the strings of all archs."""
    del n_jobs
    file, part, number = SingleFile(source.path), list[PackedArch](), 0
    n_archs = math.prod(source.space.cardinalities)
    for number, (index, schedules) in enumerate(
        tracked(file, "converting", total=n_archs, unit="arch", shown=progress)
    ):
        if number % SHARD_ARCHS == 0 and part:
            write_shard(shards.path(number // SHARD_ARCHS - 1), part)
            part.clear()
            shards.check_room(n_archs, n_archs)
        if not shards.path(number // SHARD_ARCHS).exists():
            part.append(_pack(index, schedules, source))
    if part:
        write_shard(shards.path(number // SHARD_ARCHS), part)
    return file.archs


def _pack(index: int, schedules: Mapping[str, Any], source: Source) -> PackedArch:
    name = f"{source.path} (arch {index})"
    text = next(iter(schedules.values())).get("arch_str")
    return PackedArch(index, str(text), name, read_record(schedules, index, text, source.space, name))


# --------------------------------------------------------------------------------------------------- assembly


def _assemble(
    source: Source, digest: str, texts: Sequence[str], shards: Sequence[Path], out: Path, progress: bool
) -> None:
    """Join the shards into the table `out`."""
    infos = {path: read_info(path) for path in shards}
    rows = _check_archs(infos.values(), texts, source)
    layouts = join_layouts(infos.values())
    n_bytes = len(texts) * sum(_bytes_per_arch(layout) for layout in layouts.values())
    with TableWriter(out, _header(source, digest, layouts), _encode(texts, source), n_bytes=n_bytes) as writer:
        columns = _allocate(writer, layouts, len(texts), rows)
        present = {
            group: np.zeros((len(texts), len(layout.seeds)), dtype=np.bool_) for group, layout in layouts.items()
        }
        for path, info in tracked(infos.items(), "joining", total=len(infos), unit="shard", shown=progress):
            _copy_shard(path, info, layouts, columns, present)
        for group, of_group in present.items():
            writer.add_present(*group, of_group)
        writer.notes["seeds"] = {"/".join(group): list(layout.seeds) for group, layout in layouts.items()}
        writer.notes["source"] = source.path.name
        writer.notes["n_archs_measured"] = len(rows)


def _bytes_per_arch(layout: GroupLayout) -> int:
    return 8 * len(layout.seeds) * sum(max(1, len(epochs)) for epochs in layout.epochs.values())


def _check_archs(infos: Iterable[ShardInfo], texts: Sequence[str], source: Source) -> NDArray[np.int64]:
    """Return the rows that have trials; raise `DataError` if a record belongs to another arch than its index says."""
    rows = []
    for info in infos:
        for index, text in zip(info.indices, info.texts, strict=True):
            if not 0 <= index < len(texts) or texts[index] != text:
                raise DataError(
                    f"{source.path} files {text} under {index}, which the meta list does not; fetch it again"
                )
            rows.append(index)
    return np.sort(np.array(rows, dtype=np.int64))


def _encode(texts: Sequence[str], source: Source) -> NDArray[np.uint8]:
    """Return the archs of the official strings, shape (n_archs, n_positions)."""
    try:
        return np.array([source.space.parse(text) for text in texts], dtype=np.uint8)
    except ValueError as error:
        raise DataError(f"{source.path} should hold archs of {source.space.name}, but {error}") from None


def _header(source: Source, digest: str, layouts: Mapping[Group, GroupLayout]) -> Header:
    space: OfficialSpace = source.space
    found = {schedule for _, schedule in layouts}
    return Header(
        stamp="OFFICIAL",
        space=space.name,
        cardinalities=space.cardinalities,
        version=VERSION,
        source=digest,
        schedules={name: epochs for name, epochs in space.schedules.items() if name in found},
    )


_Columns = dict[tuple[Group, str], NDArray[np.float64]]


def _allocate(
    writer: TableWriter, layouts: Mapping[Group, GroupLayout], n_archs: int, rows: NDArray[np.int64]
) -> _Columns:
    """Return the columns of all groups, NaN where no shard has an arch."""
    rest = np.setdiff1d(np.arange(n_archs), rows)
    columns: _Columns = {}
    for group, layout in layouts.items():
        for metric, epochs in layout.epochs.items():
            shape = (n_archs, len(layout.seeds), max(1, len(epochs)))
            column = writer.allocate(Key(*group, metric), shape, np.float64, epochs)
            column[rest] = np.nan
            columns[group, metric] = column
    return columns


def _copy_shard(
    path: Path,
    info: ShardInfo,
    layouts: Mapping[Group, GroupLayout],
    columns: _Columns,
    present: Mapping[Group, NDArray[np.bool_]],
) -> None:
    """Write the values of one shard to their places; trials that an arch lacks become NaN."""
    rows = np.array(info.indices)
    for (group, metric), values in read_columns(path, info.groups).items():
        column = columns[group, metric]
        slots = np.array([layouts[group].seeds.index(seed) for seed in info.groups[group].seeds])
        block: FloatArray = np.full((len(rows), *column.shape[1:]), np.nan)
        block[:, slots] = values
        column[rows] = block
        if metric == "train-acc":
            present[group][np.ix_(rows, slots)] = np.isfinite(values[..., -1])
    for group in layouts.keys() - info.groups.keys():
        for metric in layouts[group].epochs:
            columns[group, metric][rows] = np.nan
