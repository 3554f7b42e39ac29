"""A search that another process has started ends with it, also where that process is killed and can tell nobody.

The process that starts it names itself in the environment. A second thread of the search looks every second whether
that is still the parent, and where it is not, ends the search as SIGTERM does: in order, so that `--resume` goes on.
"""

import os
import signal
import threading
import time
from collections.abc import Mapping

from pmfnas.core.errors import InputError

PARENT = "PMFNAS_PARENT"
"""Environment variable: number of the process with which a search ends."""
_POLL_S = 1.0


def with_parent(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a child that is to end with this process."""
    return {**environment, PARENT: str(os.getpid())}


def end_with_parent(*, poll_s: float = _POLL_S) -> None:
    """Watch over the process that the environment names, if it names one, for as long as this process lives.

    Raises:
        InputError: the variable holds no process number.
    """
    named = os.environ.get(PARENT)
    if named is None or os.name != "posix":  # elsewhere a process keeps the number of a parent that is gone
        return
    if not named.isascii() or not named.isdigit():
        raise InputError(f"{PARENT} is {named!r}, but must be the number of the process that started this; unset it")
    threading.Thread(target=_watch, args=(int(named), poll_s), daemon=True).start()


def _watch(parent: int, poll_s: float) -> None:
    while os.getppid() == parent:
        time.sleep(poll_s)
    os.kill(os.getpid(), signal.SIGTERM)
