"""Checks that every file of a folder can be read as what it is: no part of a file under the name of a whole one."""

import fcntl
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow.parquet as pq

from harness.experiment.checksums import verify_results
from pmfnas.benchmarks.table import HEADER, CurveTable
from pmfnas.core.errors import PmfnasError
from pmfnas.loop.journal import Journal


def unreadable(out: Path) -> Iterator[str]:
    """Yield what is wrong with the files of `out`, a folder or a file, which may be missing.

    Hidden files are those of a writer that was killed: no reader looks at them.
    """
    files = [out] if out.is_file() else [file for file in sorted(out.rglob("*")) if file.is_file()]
    for file in files:
        if file.name.startswith("."):
            continue
        try:
            _READERS.get(file.suffix, _anything)(file)
        except Exception as error:  # whatever a reader raises, the file is not whole
            yield f"{file.relative_to(out.parent)} is not whole ({type(error).__name__}: {error})"
    try:
        if (out / HEADER).is_file():
            CurveTable.open(out).verify()
        elif out.is_dir():
            verify_results(out)
    except PmfnasError as error:
        yield str(error)


def held_locks(out: Path) -> list[Path]:
    """Return the lock files of `out`, or of an import to it, that a process still holds."""
    locks = [*out.glob("lock"), *out.parent.glob(f".{out.name}.import/lock")] if out.suffix != ".html" else []
    return [lock for lock in locks if _is_held(lock)]


def left_over(out: Path) -> list[str]:
    """Return the hidden files that a finished command left beside `out` or in it."""
    inside = out.rglob(".*") if out.is_dir() else ()
    return sorted(file.name for file in (*inside, *out.parent.glob(f".{out.name}.*")))


def _is_held(lock: Path) -> bool:
    with lock.open("a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _anything(file: Path) -> None:
    file.read_bytes()


def _text(file: Path) -> None:
    if not file.read_text(encoding="utf-8").strip():
        raise ValueError("it is empty")


def _page(file: Path) -> None:
    if not file.read_text(encoding="utf-8").rstrip().endswith("</html>"):
        raise ValueError("it has no end")


def _picture(file: Path) -> None:
    if not file.read_bytes().endswith(b"IEND\xaeB`\x82"):
        raise ValueError("it has no end")


def _lines(file: Path) -> None:
    """Read the whole lines of a journal, on a copy: the last line may be one that was being written."""
    content = file.read_bytes()
    copy = file.with_name(".copy")
    copy.write_bytes(content[: content.rfind(b"\n") + 1])
    try:
        if file.name == "journal.jsonl":
            Journal(copy).read()
    finally:
        copy.unlink()


def _array(file: Path) -> None:
    np.load(io.BytesIO(file.read_bytes()), allow_pickle=False)


_READERS: Mapping[str, Callable[[Path], object]] = MappingProxyType(
    {
        ".csv": _text,
        ".html": _page,
        ".json": lambda file: json.loads(file.read_bytes()),
        ".jsonl": _lines,
        ".md": _text,
        ".npy": _array,
        ".parquet": pq.read_table,
        ".png": _picture,
    }
)
