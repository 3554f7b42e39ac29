"""How processes of one machine heed each other: one that ends with the one that started it, one that works alone."""

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

_WATCH = "ends with its parent"
"""Name of the thread that watches."""
_POLL_S = 1.0
_LOCKED_BYTE = 1 << 20
"""Where a system that locks bytes, and forbids reading them, locks one: far behind the process number."""


def end_with(parent: int, *, poll_s: float = _POLL_S) -> None:
    """End this process by SIGTERM once `parent`, the process that started it, is gone, however that ended.

    A thread looks every `poll_s` seconds. A second call, and a call in `parent` itself, does nothing.
    """
    if os.name != "posix" or os.getpid() == parent:  # elsewhere a process keeps the number of a parent that is gone
        return
    if all(thread.name != _WATCH for thread in threading.enumerate()):
        threading.Thread(target=_watch, args=(parent, poll_s), name=_WATCH, daemon=True).start()


def _watch(parent: int, poll_s: float) -> None:
    while os.getppid() == parent:
        time.sleep(poll_s)
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def alone(lock: Path, *, busy: str) -> Iterator[None]:
    """Hold the file `lock` while the body runs; it is made where it is missing.

    The lock is the operating system's: it is gone with its process, however that ends.

    Args:
        lock: the file; its content is the number of the process that holds it.
        busy: what to say where another process holds it; the process and the remedy are added.

    Raises:
        InputError: another process holds it, or has removed it just now.
        OSError: it cannot be written.
    """
    with lock.open("a+", encoding="utf-8") as stream:
        stream.seek(0)
        if not _take(stream) or not lock.exists() or not os.path.samestat(os.fstat(stream.fileno()), lock.stat()):
            holder = stream.read().strip() or "unknown"
            raise InputError(f"{busy} (process {holder}); wait for it, stop it, or choose another --out")
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
