"""A file that one process at a time can hold. The lock is the system's: it goes with its process, however that ends."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pmfnas.core.errors import InputError
from pmfnas.files import writing

_LOCKED_BYTE = 1 << 20
"""Where a system that locks bytes, and forbids reading them, locks one: far behind the process number."""


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold the file at `path` while the body runs; raise `InputError` where another process holds it.

    Args:
        path: the file; it is made, and holds the number of its process.
        what: what is held, for the error: `--out results/mine`.
    """
    with writing(path):
        opened = path.open("a+", encoding="utf-8")
    with opened as stream:
        stream.seek(0)
        if not _take(stream):
            holder = stream.read().strip() or "unknown"
            raise InputError(
                f"{what} is in use by a search at work (process {holder}); wait for it, stop it, or choose another"
            )
        stream.truncate(0)
        stream.write(f"{os.getpid()}\n")
        stream.flush()
        yield


def _take(stream: IO[str]) -> bool:
    """Lock an open file; return whether that succeeded. It is released when the file is closed."""
    try:
        if sys.platform == "win32":
            import msvcrt

            stream.seek(_LOCKED_BYTE)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
            stream.seek(0)
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
