"""Official files as a stream of (arch index, schedules) pairs; this module does not interpret the records."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pmfnas.benchmarks.official.stream import RecordStream, open_bz2, open_torch
from pmfnas.benchmarks.unpickle import load_bz2
from pmfnas.core.errors import DataError

META = "meta.pickle.pbz2"

_ARCH_FILE = re.compile(r"(\d{6}|\d{1,5})\.pickle\.pbz2")
_META_LIMIT_BYTES = 1 << 26  # the real ones: 2 MB
_ARCH_LIMIT_BYTES = 1 << 26  # the real ones: 0.4 MB
_SCHEDULES_OF_PTH = {"less": "12", "full": "200"}


def read_meta(folder: Path) -> list[str]:
    """Return the strings of all archs, in official order."""
    return meta_archs(load_bz2(folder / META, _META_LIMIT_BYTES), folder / META)


def meta_archs(content: Any, file: Path) -> list[str]:
    """Return `meta_archs` of the dictionary `content` of `file`, checked."""
    archs = content.get("meta_archs") if isinstance(content, dict) else None
    if not isinstance(archs, list) or not archs or not all(isinstance(text, str) for text in archs):
        raise DataError(f"{file} has no list `meta_archs`, so it is not an official file; fetch it again")
    if len(set(archs)) != len(archs) or content.get("total_archs", len(archs)) != len(archs):
        raise DataError(f"{file} has a list `meta_archs` with gaps or repetitions; fetch it again")
    return archs


def arch_files(folder: Path) -> dict[int, Path]:
    """Return the file of each arch in an archive folder; `000011` goes before `11`, as in the official package."""
    files: dict[int, str] = {}
    with os.scandir(folder) as entries:
        for name in (entry.name for entry in entries):
            number = _number(name)
            if number is not None and len(name) > len(files.get(number, "")):
                files[number] = name
    return {number: folder / files[number] for number in sorted(files)}


def has_arch_files(folder: Path) -> bool:
    """Return whether a folder holds a file of an arch; stops at the first one."""
    with os.scandir(folder) as entries:
        return any(_number(entry.name) is not None for entry in entries)


def _number(name: str) -> int | None:
    """Return the index of the arch whose file is called `name`; None for another file."""
    named = _ARCH_FILE.fullmatch(name)
    if named is None or (len(named[1]) < 6 and named[1] != str(int(named[1]))):
        return None
    return int(named[1])


def read_arch(file: Path) -> Mapping[str, Any]:
    """Return the schedules of one file of an archive folder."""
    return _schedules(load_bz2(file, _ARCH_LIMIT_BYTES), str(file))


class SingleFile:
    """Iterates over (arch index, schedules) of a single-file benchmark; `archs` is known after the last one.

    The schedules of an arch are emptied when the next arch is requested.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.archs: list[str] = []

    def __iter__(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        indices: list[int] = []
        with (open_torch if self.path.suffix == ".pth" else open_bz2)(self.path) as stream:
            records = RecordStream(stream)
            for record in records:
                named = {_SCHEDULES_OF_PTH.get(name, name): results for name, results in record.items()}
                schedules = _schedules(named, f"{self.path}, arch number {len(indices)}")
                indices.append(_index(schedules, self.path))
                yield indices[-1], schedules
        self.archs = meta_archs(records.value, self.path)
        if list(records.value.get("arch2infos", ())) != indices or not indices:
            raise DataError(f"{self.path} files archs under other numbers than their records say; fetch it again")


def _schedules(content: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(content, dict) or not content or not all(isinstance(part, dict) for part in content.values()):
        raise DataError(f"{name} holds no schedules with results, so it is not an official record; fetch it again")
    return content


def _index(schedules: Mapping[str, Any], path: Path) -> int:
    """Return the arch index that is stored in the records."""
    index = next(iter(schedules.values())).get("arch_index")
    if not isinstance(index, int):
        raise DataError(f"{path} has a record without an arch index; fetch it again")
    return index
