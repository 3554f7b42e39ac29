"""What a kind of torture is given, and child processes: with limits, killed at a moment, and what is left of them.

Every child leads a session of its own, so that all its descendants can be found by that session on Linux.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from harness.experiment.data import ANCHORS, CACHE
from harness.host.code import ROOT

_HIDDEN = (ANCHORS, "PMFNAS_DEBUG", "PMFNAS_FRONT", "PYTHONUNBUFFERED")
_GONE_WITHIN_S = 20.0
_T = TypeVar("_T")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class Place:
    """Where children work: a scratch folder, and the cache with the surrogate's tables."""

    scratch: Path
    cache: Path
    started: "list[subprocess.Popen[bytes]]" = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    """Set when nothing more may be started."""

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the variables of a child: no data but the surrogate's, and this checkout's packages first."""
        kept = {name: value for name, value in os.environ.items() if name not in _HIDDEN}
        added = {CACHE: str(self.cache), "TORCH_HOME": str(self.scratch / "no-official-files")}
        return {**kept, "PYTHONPATH": str(ROOT), **added, **(extra or {})}

    def start(
        self, command: Sequence[str | Path], log: Path, extra: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start a command in the scratch folder; what it says is appended to `log`."""
        if self.ended.is_set():
            raise InterruptedError("the torture was interrupted")
        with log.open("ab") as stream:
            process = subprocess.Popen(
                [str(word) for word in command],
                cwd=self.scratch,
                env=self.environment(extra),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        self.started.append(process)
        if self.ended.is_set():  # meanwhile
            kill(process)
        return process

    def run(
        self, command: Sequence[str | Path], log: Path, extra: Mapping[str, str] | None = None, *, limit_s: float = 300
    ) -> int:
        """Run a command to its end, and return its exit code; it is killed after `limit_s`."""
        process = self.start(command, log, extra)
        try:
            return process.wait(timeout=limit_s)
        except subprocess.TimeoutExpired:
            kill(process)
            return process.wait()

    def in_pairs(self, work: Callable[[_T], _R], items: Iterable[_T]) -> list[_R]:
        """Return what `work` makes of the items, in their order, two at a time; an interruption kills all children."""
        with ThreadPoolExecutor(2) as pool:
            try:
                return list(pool.map(work, items))
            except BaseException:
                self.ended.set()
                pool.shutdown(wait=False, cancel_futures=True)
                for process in self.started:
                    if process.poll() is None:
                        kill(process)
                raise


@dataclass(frozen=True, slots=True)
class Trial:
    """What a kind of torture is given."""

    place: Place
    until_s: float
    """When it must end, by `time.monotonic`."""
    smoke: bool
    rng: np.random.Generator

    def tries(self, n: int, smoke: int) -> int:
        """Return the number of tries: `n`, or `smoke` for a quick look."""
        return smoke if self.smoke else n

    def part(self, share: float, seconds: float) -> "Trial":
        """Return the trial of one part of works in pairs, which starts now.

        Args:
            share: of the part in all works.
            seconds: how long all of them may take.
        """
        return replace(self, until_s=min(self.until_s, time.monotonic() + 2 * share * seconds))

    @property
    def left_s(self) -> float:
        """Seconds left."""
        return self.until_s - time.monotonic()


def harness(*words: str | Path) -> list[str]:
    """Return the command of a verb."""
    return [sys.executable, str(ROOT / "harness"), *map(str, words)]


def limited(command: Sequence[str | Path], *, memory_mb: int = 0, file_bytes: int = 0) -> list[str]:
    """Return the command with a limit on its memory, or on the size of each file that it writes; 0 is no limit."""
    limits = [f"ulimit -v {memory_mb * 1024}"] if memory_mb else []
    limits += [f"ulimit -f {max(1, file_bytes // 512)}"] if file_bytes else []
    return ["sh", "-c", " && ".join([*limits, 'exec "$@"']), "sh", *map(str, command)]


def killed_after(process: "subprocess.Popen[bytes]", seconds: float, *, alone: bool) -> bool:
    """Return whether a child was killed after so many seconds; False if it had ended before.

    Args:
        process: the child.
        seconds: when to kill it.
        alone: kill the child and not those that it has started, which must then end by themselves.
    """
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        (process.kill if alone else lambda: kill(process))()
        process.wait()
        return True
    return False


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill a child and all of its session's group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()


def left_of(session: int, *, within_s: float = _GONE_WITHIN_S) -> list[int]:
    """Return the processes of a session that still run after at most `within_s`; none on systems without /proc."""
    until_s = time.monotonic() + within_s
    while (left := _running(session)) and time.monotonic() < until_s:
        time.sleep(0.1)
    return left


def _running(session: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, of = stat.read_text().rpartition(")")[2].split()[:4]
        except (OSError, ValueError):
            continue
        if int(of) == session and state != "Z":
            found.append(int(stat.parent.name))
    return found


def last_words(log: Path) -> str:
    """Return the last line that a child has said."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
