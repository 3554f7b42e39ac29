"""The progress of long work: a bar on a terminal; anywhere else a line after 5 s, then every half minute.

A separate thread writes both to standard error, so that work without steps shows signs of life too.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from types import TracebackType
from typing import TextIO, TypeVar

from tqdm import tqdm

LINE_EVERY_S = 30.0
FIRST_LINE_S = 5.0
_BAR_EVERY_S = 1.0
_T = TypeVar("_T")


class Progress:
    """Shows how many of `total` units are done, inside a `with` block.

    Args:
        label: name of the work.
        total: number of units of the whole work.
        unit: name of the counted unit, in the singular.
        done: number of units that were done before.
        leave: keep the full bar on the terminal at the end.
        shown: False for silence.
        stream: stream to write to; standard error by default.
        every_s: seconds between two lines if the stream is not a terminal; the first comes after `FIRST_LINE_S`.
    """

    def __init__(
        self,
        label: str,
        total: int,
        *,
        unit: str,
        done: int = 0,
        leave: bool = False,
        shown: bool = True,
        stream: TextIO | None = None,
        every_s: float = LINE_EVERY_S,
    ) -> None:
        self._label, self._total, self._unit = label, total, unit
        self._done = self._done_before = done
        self._leave, self._stream, self._every_s = leave, stream or sys.stderr, every_s
        self._shown = shown and self._stream is not None
        self._is_terminal = self._shown and self._stream.isatty()
        self._begin_s = time.monotonic()
        self._ended = Event()
        self._thread = Thread(target=self._keep_showing, daemon=True)
        self._bar: tqdm[None] | None = None

    def __enter__(self) -> "Progress":
        """Start to show progress."""
        self._begin_s = time.monotonic()
        if self._is_terminal:
            self._bar = tqdm(
                total=self._total,
                initial=self._done,
                desc=self._label,
                unit=self._unit,
                leave=self._leave,
                file=self._stream,
                dynamic_ncols=True,
            )
        if self._shown:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop showing progress."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._bar is not None:
            self._bar.close()

    def step(self, n: int = 1) -> None:
        """Count `n` more units as done."""
        self._done += n
        if self._bar is not None:
            self._bar.update(n)

    def say(self, line: str) -> None:
        """Write a separate line, above the bar if there is one."""
        if self._bar is not None:
            self._bar.write(line, file=self._stream)
        elif self._stream is not None:
            print(line, file=self._stream, flush=True)

    def line(self) -> str:
        """Return the progress of the work as one line."""
        spent_s, new = time.monotonic() - self._begin_s, self._done - self._done_before
        left = f", about {_written(spent_s / new * (self._total - self._done))} left" if new else ""
        plural = self._unit if self._total == 1 else f"{self._unit}s"
        return f"{self._label}: {self._done} of {self._total} {plural} after {_written(spent_s)}{left}"

    def _keep_showing(self) -> None:
        every_s = _BAR_EVERY_S if self._bar is not None else self._every_s
        wait_s = min(FIRST_LINE_S, every_s)
        while not self._ended.wait(wait_s):
            wait_s = every_s
            if self._bar is not None:
                self._bar.refresh()
            else:
                print(self.line(), file=self._stream, flush=True)


def tracked(items: Iterable[_T], label: str, *, total: int, unit: str, shown: bool = True) -> Iterator[_T]:
    """Yield the `total` items, and show how many of them the consumer has finished with."""
    with Progress(label, total, unit=unit, shown=shown) as progress:
        for item in items:
            yield item
            progress.step()


@contextmanager
def heartbeat(
    silent_s: Callable[[], float], speak: Callable[[], None], *, every_s: float = LINE_EVERY_S
) -> Iterator[None]:
    """Add signs of life to work that writes its own lines, after long silence.

    Args:
        silent_s: returns the seconds since the work last said anything; `speak` ends the silence.
        speak: writes that the work goes on; called by a separate thread.
        every_s: the longest silence, seconds.
    """
    ended = Event()

    def keep_speaking() -> None:
        while not ended.wait(max(every_s / 100, every_s - silent_s())):
            if silent_s() >= every_s:
                speak()

    thread = Thread(target=keep_speaking, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _written(seconds: float) -> str:
    """Return a duration for people: `45 s`, `12 min`, `1 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
