"""Looks real processes up."""

import time
from collections.abc import Iterable
from pathlib import Path


def is_running(pid: int) -> bool:
    """Return whether a process is at work; one that ended and was not waited for is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found.append(int(stat.parent.name))
    return found


def left_running(pids: Iterable[int], *, within_s: float) -> list[int]:
    """Return which processes still run; wait for their end, but no longer than `within_s`."""
    until_s = time.monotonic() + within_s
    while (left := [pid for pid in pids if is_running(pid)]) and time.monotonic() < until_s:
        time.sleep(0.05)
    return left
