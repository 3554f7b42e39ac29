"""Ends a process together with its parent, and locks a file so that one process works at a time."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pmfnas.core.errors import InputError

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables of the environment that hold the number of threads of linear algebra, read when numpy is loaded."""
_WATCH = "ends with its parent"
"""Name of the thread that watches the parent."""
_POLL_S = 1.0
_LOCKED_BYTE = 1 << 20
"""Offset of the locked byte, on systems that lock bytes and forbid reading them: far behind the process number."""


def end_with(parent: int, *, poll_s: float = _POLL_S) -> None:
    """End this process by SIGTERM once `parent`, the process that started it, has ended for any reason.

    A thread checks every `poll_s` seconds. A second call, and a call in `parent` itself, does nothing.
    """
    if os.name != "posix" or os.getpid() == parent:  # other systems keep the number of a parent that has ended
        return
    if all(thread.name != _WATCH for thread in threading.enumerate()):
        threading.Thread(target=_watch, args=(parent, poll_s), name=_WATCH, daemon=True).start()


def _watch(parent: int, poll_s: float) -> None:
    while os.getppid() == parent:
        time.sleep(poll_s)
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def alone(lock: Path, *, busy: str, flag: str = "--out") -> Iterator[None]:
    """Lock the file `lock` while the body runs; the file is made if it is missing.

    The operating system holds the lock and releases it when the process ends, for any reason.

    Args:
        lock: the file; its content is the number of the process that holds it.
        busy: error message if another process holds the lock; the process and the remedy are added.
        flag: the argument that names another folder.

    Raises:
        InputError: another process holds the lock, or has just removed the file.
        OSError: the file cannot be written.
    """
    with lock.open("a+", encoding="utf-8") as stream:
        stream.seek(0)
        if not _take(stream) or not lock.exists() or not os.path.samestat(os.fstat(stream.fileno()), lock.stat()):
            holder = stream.read().strip() or "unknown"
            raise InputError(f"{busy} (process {holder}); wait for it, stop it, or choose another {flag}")
        stream.truncate(0)
        stream.write(f"{os.getpid()}\n")
        stream.flush()
        yield


def _take(stream: IO[str]) -> bool:
    """Lock an open file; return whether that succeeded. Closing the file releases the lock."""
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
