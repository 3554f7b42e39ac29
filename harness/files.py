"""Files are written whole or not at all: to a hidden sibling, flushed to the disk, renamed last."""

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from pmfnas.benchmarks.processes import is_running
from pmfnas.core.errors import InputError


def write_text(path: Path, text: str) -> None:
    """Write `text` (UTF-8, line ends as given) to `path`; see `write_bytes`."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, making its folder; a reader sees the old file or the new one, never a part.

    An existing file is replaced. The name survives a power cut too: the folder is flushed after the rename.

    Raises:
        InputError: the path cannot be written; nothing is left behind.
    """
    work = path.with_name(f".{path.name}.writing-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(work, content)
        work.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); choose a path that can") from None
    finally:
        with suppress(OSError):  # it is gone after the rename, and where it could not be made
            work.unlink()


def remove_abandoned(folder: Path, name: str = "*") -> None:
    """Remove what writers that were killed have left anywhere under `folder`, for files called `name` (a pattern)."""
    for work in list(folder.rglob(f".{name}.writing-*")):
        owner = re.fullmatch(r"\..+\.writing-(\d+)-[0-9a-f]{8}", work.name)
        if owner and not is_running(int(owner[1])):
            with suppress(OSError):
                work.unlink()


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _flush_folder(folder: Path) -> None:
    if os.name != "posix":  # folders cannot be opened elsewhere, and renames are journalled there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
