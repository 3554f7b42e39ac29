"""Watches every epoch of training: segments that hang are recorded as failed, and the search goes on without them.

A call into a driver that never returns cannot be ended from within its process. So a second thread counts the seconds
of every epoch. If an epoch takes far longer than all before, the thread calls `bark`, which records the segments as
failed and restarts the process; the search then goes on from the journal.

    limit = max(floor, factor x longest measured seconds per candidate and epoch x candidates in training)

Seconds in which the whole process was stopped (SIGSTOP, a suspended machine) do not count.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from harness.host.units import counted


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an epoch may take."""

    factor: float = 30.0
    """Times the longest seconds measured: archs differ by a factor of six, and packing by as much."""
    floor_s: float = 300.0
    """No epoch is given less: a shared disk or a device that others use can stall."""
    first_s: float = 3600.0
    """For an epoch before any was measured."""


PATIENCE = Patience()


class Watchdog:
    """A second thread that counts the seconds of an epoch."""

    def __init__(
        self,
        bark: Callable[[str], None],
        patience: Patience = PATIENCE,
        *,
        poll_s: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is watched yet.

        Args:
            bark: is told the reason, in the watching thread, while the epoch hangs; it does not return where it
                replaces the process.
            patience: how long an epoch may take.
            poll_s: seconds between two looks.
            clock: seconds, rising; not that of the run, which may stand still in a test.
        """
        self._bark, self._patience, self._poll_s, self._clock = bark, patience, poll_s, clock
        self._each_s = 0.0
        self._barking = threading.Lock()

    def learn(self, each_s: float) -> None:
        """Take note of the seconds that one candidate's share of an epoch took."""
        self._each_s = max(self._each_s, each_s)

    def limit_s(self, n_candidates: int) -> float:
        """Return the seconds after which an epoch of so many candidates counts as hung."""
        if not self._each_s:
            return self._patience.first_s
        return max(self._patience.floor_s, self._patience.factor * self._each_s * n_candidates)

    @contextmanager
    def watching(self, n_candidates: int) -> Iterator[None]:
        """Watch the body, one epoch of so many candidates; its duration is learnt if it ends well."""
        done, begin_s = threading.Event(), self._clock()
        watcher = threading.Thread(target=self._watch, args=(done, n_candidates), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            with self._barking:  # if the process is being replaced, this thread waits here
                done.set()
            watcher.join()
        self.learn((self._clock() - begin_s) / max(1, n_candidates))

    def _watch(self, done: threading.Event, n_candidates: int) -> None:
        limit_s, waited_s, before_s = self.limit_s(n_candidates), 0.0, self._clock()
        while not done.wait(self._poll_s):
            now_s = self._clock()
            waited_s += min(now_s - before_s, 2 * self._poll_s)  # the rest of a longer gap the process was stopped
            before_s = now_s
            if waited_s > limit_s:
                break
        else:
            return
        with self._barking:
            if not done.is_set():
                self._bark(self._reason(limit_s, n_candidates))

    def _reason(self, limit_s: float, n_candidates: int) -> str:
        epoch = f"hung: an epoch of {counted(n_candidates, 'candidate')} took over {limit_s:,.0f} s"
        if not self._each_s:
            return f"{epoch}, the most for a first one"
        return f"{epoch}; the slowest so far took {self._each_s:,.3g} s per candidate"


def start_anew() -> None:
    """Replace this process, in which a call hangs, by one that goes on; it keeps its number."""
    command = [sys.executable, *sys.orig_argv[1:], *(() if "--resume" in sys.orig_argv else ("--resume",))]
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execv(command[0], command)
    except OSError as error:
        print(f"error: {command[0]} cannot be started ({error}); go on with --resume", file=sys.stderr, flush=True)
        os._exit(1)
