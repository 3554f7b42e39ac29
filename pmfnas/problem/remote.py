"""Trainings on other machines, through any executor with the interface of `concurrent.futures`, such as Dask's.

    search --submit--> executor --runs there--> trained() --starts there--> worker process

The function `trained` starts a worker process on the machine that it runs on. So a training that crashes or hangs
costs that training only, and the end of the budget ends it there too. Checkpoints go to the search's folder. Where
other machines do not share it, a training starts at its first epoch.
"""

import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from pmfnas.problem.handle import Task
from pmfnas.problem.process import Inbox, Message, WorkerProcess


class Future(Protocol):
    """What an executor returns: a future of `concurrent.futures`, or one like it."""

    def cancel(self) -> Any:
        """Do not start, if that is still possible."""
        ...

    def result(self) -> Any:
        """Return what the function returned; raise what it raised."""
        ...

    def add_done_callback(self, function: Callable[[Any], Any]) -> Any:
        """Call a function with this future when it is done."""
        ...


class Submits(Protocol):
    """An executor, as far as a search needs one."""

    def submit(self, function: Callable[..., Any], /, *args: Any) -> Future:
        """Run the function somewhere; return its future."""
        ...


def trained(function: bytes, task: Task, log: str, silence_s: float, most_s: float) -> list[Message]:
    """Return the messages of a training in a worker process on this machine; the last one says how it ended.

    Args:
        function: the pickled training function, space and metric.
        task: what to train.
        log: path of the file that takes what is printed.
        silence_s: longest time from one message to the next.
        most_s: longest time in all.
    """
    inbox: Inbox = SimpleQueue()
    messages: list[Message] = []
    worker = WorkerProcess(function, inbox, Path(log), {})
    end_s = time.monotonic() + most_s
    worker.send(task)
    try:
        while not messages or messages[-1]["kind"] not in ("end", "gone", "broken"):
            left_s = end_s - time.monotonic()
            try:
                messages.append(inbox.get(timeout=max(0.0, min(left_s, silence_s)))[1])
            except Empty:
                why = "the budget has ended" if left_s <= silence_s else f"hung: no report for {silence_s:.0f} s"
                messages.append(failed(task, why))
        if messages[-1]["kind"] == "gone":
            messages[-1] = failed(task, worker.why_gone())
        return messages
    finally:
        worker.kill()


def failed(task: Task, why: str) -> Message:
    """Return the message that a training failed."""
    return {"kind": "end", "number": task.number, "status": "failed", "why": why, "setup_s": 0.0}


class RemoteWorker:
    """A worker of a search whose trainings run in an executor. It is like a `WorkerProcess`."""

    def __init__(
        self,
        executor: Submits,
        function: bytes,
        inbox: "SimpleQueue[tuple[Any, Message]]",
        log: Path,
        *,
        silence_s: float,
        left_s: Callable[[], float],
    ) -> None:
        """Keep what every training needs.

        Args:
            executor: runs the trainings.
            function: the pickled training function, space and metric.
            inbox: takes the messages.
            log: takes what is printed.
            silence_s: longest time from one message to the next.
            left_s: returns the seconds until the budget ends.
        """
        self._executor, self._function, self._inbox, self._log = executor, function, inbox, log
        self._silence_s, self._left_s = silence_s, left_s
        self._future: Future | None = None
        self.is_gone = False

    def send(self, task: Task) -> None:
        """Ask for a task."""
        log = str(self._log.absolute())
        try:
            future = self._executor.submit(trained, self._function, task, log, self._silence_s, self._left_s())
        except Exception as error:  # executors raise what they like
            self._inbox.put((self, failed(task, _lost(error))))
            return
        self._future = future
        future.add_done_callback(lambda done: self._hear(task, done))

    def kill(self) -> None:
        """Hear no more of the task; it is not started if it was not yet."""
        self.is_gone = True
        if self._future is not None:
            self._future.cancel()

    def why_gone(self) -> str:
        """Return how it ended."""
        return "the worker was lost"

    def _hear(self, task: Task, done: Future) -> None:
        """Put what came of a task into the inbox; whatever the executor raises fails that task."""
        if self.is_gone:
            return
        try:
            messages = done.result()
        except BaseException as error:  # a future that was cancelled raises no Exception
            messages = [failed(task, _lost(error))]
        for message in messages:
            self._inbox.put((self, message))


def _lost(error: BaseException) -> str:
    return f"the worker was lost ({' '.join(f'{type(error).__name__}: {error}'.split())[:300]})"
