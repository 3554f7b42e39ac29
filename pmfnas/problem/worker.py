"""The program of a worker process: it calls the training function, one task after the other.

    stdin     first the function, pickled, after its length; then one task per line, as JSON
    stdout    one message per line, as JSON: `ready`, `report`, `note`, `end`

What the training function prints goes to standard error, and what it reads is empty, so that it cannot disturb the
messages. The process ends when its search does: its standard input ends then, and with it all that it started.
"""

import gc
import inspect
import io
import json
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO

from pmfnas.core.errors import InputError
from pmfnas.problem.handle import Diverged, Run, Task

_MOST_TEXT = 500


def main() -> None:
    """Train what standard input asks for, until it ends."""
    commands, answers = _take_streams()
    send = _Sender(answers)
    try:
        size = int(commands.readline())
        train, space, metric = pickle.loads(commands.read(size))
    except BaseException as error:  # the user's modules are imported here, and may do anything
        traceback.print_exc()
        send({"kind": "broken", "why": said(error)})
        return
    gc.freeze()  # what was imported stays, so that the collections between trainings are quick
    send({"kind": "ready"})
    tasks: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(commands, tasks), daemon=True).start()
    while True:
        task = _task(json.loads(tasks.get()))
        _work(train, space.named(task.arch), Run(task, metric, send), send)


class _Sender:
    """Writes messages; forked processes are silent."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._pid, self._lock = stream, os.getpid(), threading.Lock()

    def __call__(self, message: Mapping[str, Any]) -> None:
        if os.getpid() != self._pid:
            return
        with self._lock:
            self._stream.write(json.dumps(message).encode() + b"\n")
            self._stream.flush()


def _take_streams() -> tuple[BinaryIO, BinaryIO]:
    """Return standard input and output; in their place are an empty input, and standard error."""
    commands, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdin = io.TextIOWrapper(os.fdopen(0, "rb", closefd=False))
    sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), line_buffering=True)
    return commands, answers


def _listen(commands: BinaryIO, tasks: "SimpleQueue[bytes]") -> None:
    """Hand on tasks; where no more can come, end this process and all that it has started."""
    for line in commands:
        tasks.put(line)
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _task(plain: Mapping[str, Any]) -> Task:
    return Task(**{**plain, "arch": tuple(plain["arch"]), "validate_at": tuple(plain["validate_at"])})


def _work(train: Any, arch: Any, run: Run, send: _Sender) -> None:
    """Train one task, and say how it ended."""
    pid, end = os.getpid(), {"kind": "end", "number": run.task.number, "status": "ok", "why": ""}
    try:
        _call(train, arch, run)
        if not run.has_diverged:
            run.end()
    except Diverged:
        pass
    except BaseException as error:  # whatever it raises, SystemExit too, costs this candidate and no other
        traceback.print_exc()
        end |= {"status": "failed", "why": said(run.fault or error)}
    if run.has_diverged:
        end["status"] = "diverged"
    if os.getpid() != pid:
        os._exit(0)  # the training function forked, and its child came back as well
    sys.stdout.flush()
    send({**end, "setup_s": run.setup_s})
    gc.collect()


def _call(train: Any, arch: Any, run: Run) -> None:
    """Call the training function; of a generator, report what it yields."""
    made = train(arch, run)
    if not inspect.isgenerator(made):
        return
    for figures in made:
        if not isinstance(figures, Mapping):
            made.close()
            raise InputError(f"train yields {figures!r:.80}, but must yield a dict such as {{'train_loss': 0.3}}")
        run.report(**figures)


def said(error: BaseException) -> str:
    """Return an error on one line, with the last line of the user's program that it passed."""
    frames = [
        f
        for f in traceback.extract_tb(error.__traceback__)
        if f"{os.sep}pmfnas{os.sep}problem{os.sep}" not in f.filename
    ]
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    kind = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
    return " ".join(f"{kind}{error}".split())[:_MOST_TEXT] + where
