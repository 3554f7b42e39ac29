"""A worker process as the search sees it: started, given tasks, heard, and killed with all that it has started.

The process is a program of its own (`pmfnas.problem.worker`), not a copy of this one. So a script needs no
`if __name__ == "__main__"`, a notebook works, and neither threads nor a GPU of this process are inherited.
Four threads serve it: they write to it, and listen to its messages, to what it prints, and for its end.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any, TypeAlias

from pmfnas.problem.handle import Task

_START = "import sys; sys.path[:] = {path!r}; from pmfnas.problem.worker import main; main()"
_MOST_PRINTED = 1 << 20
"""Bytes of a worker's output that are kept; what comes after is read, so that nothing blocks, and forgotten."""
_TAIL = 400

Message: TypeAlias = Mapping[str, Any]
Inbox: TypeAlias = "SimpleQueue[tuple[Any, Message]]"
"""Messages, each with the worker that sent it."""


class WorkerProcess:
    """One worker process."""

    def __init__(self, function: bytes, inbox: Inbox, log: Path, environment: Mapping[str, str]) -> None:
        """Start the process.

        Args:
            function: the pickled training function, space and metric.
            inbox: takes the messages; the last one has the kind `gone`.
            log: takes what is printed.
            environment: variables of its own.
        """
        path = [str(Path(entry).absolute()) for entry in sys.path]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START.format(path=path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
            start_new_session=True,  # Ctrl-C reaches the search alone, and what the worker starts can be killed
        )
        self._inbox, self._log = inbox, log
        self._outbox: SimpleQueue[bytes] = SimpleQueue()
        self._tail: deque[bytes] = deque(maxlen=20)
        self.is_gone = False
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._input: IO[bytes] = self._process.stdin
        self._readers = [
            threading.Thread(target=self._hear, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._drain, args=(self._process.stderr,), daemon=True),
        ]
        others = [threading.Thread(target=target, daemon=True) for target in (self._write, self._await_end)]
        for thread in (*self._readers, *others):
            thread.start()
        self._outbox.put(f"{len(function)}\n".encode() + function)

    def send(self, task: Task) -> None:
        """Ask for a task. A process that is gone says so in the inbox."""
        self._outbox.put(json.dumps(asdict(task)).encode() + b"\n")

    def kill(self) -> None:
        """Kill the process and all that it has started; what it still says is not heard."""
        self.is_gone = True
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(OSError):
            self._process.kill()
        self._process.wait()
        self._outbox.put(b"")

    def why_gone(self) -> str:
        """Return how the process ended, for the record."""
        code = self._process.poll()
        printed = b"".join(self._tail).decode("utf-8", "replace").strip()[-_TAIL:]
        last = f"; it printed last: {' '.join(printed.split())}" if printed else ""
        if code is not None and code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
            memory = ", which is what the system does when memory runs out" if -code == signal.SIGKILL else ""
            return f"the worker process was ended by {name}{memory}{last}"
        return f"the worker process ended with code {code}{last}"

    # ------------------------------------------------------------------------------------------------ inside

    def _write(self) -> None:
        with suppress(OSError):  # it is gone, which `_await_end` tells
            while content := self._outbox.get():
                self._input.write(content)
                self._input.flush()
        with suppress(OSError):
            self._input.close()

    def _hear(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                with suppress(ValueError):  # the last line of a process that was killed
                    self._inbox.put((self, json.loads(line)))

    def _drain(self, stream: IO[bytes]) -> None:
        kept = 0
        with stream:
            while chunk := os.read(stream.fileno(), 1 << 16):
                self._tail.append(chunk[-_TAIL:])
                if kept < _MOST_PRINTED:
                    kept += len(chunk)
                    more = b"\n[more was printed, and is not kept]\n" if kept >= _MOST_PRINTED else b""
                    with suppress(OSError), self._log.open("ab") as log:  # a full disk, or a folder of another machine
                        log.write(chunk + more)

    def _await_end(self) -> None:
        self._process.wait()
        for thread in self._readers:
            thread.join(timeout=1.0)  # longer where a process that it started holds the pipes
        self._inbox.put((self, {"kind": "gone"}))
