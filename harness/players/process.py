"""A searcher in a process of its own, in any language, behind the ordinary `Searcher` port.

The runner, the ledger and the records treat it like any other searcher. A fault of the process (a crash, garbage,
silence) raises a `ContractError`, which ends its run as failed. The process is always ended and reaped (`play`).
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from harness.players import protocol
from harness.players.child import Child
from pmfnas.core.errors import ContractError, InputError, PmfnasError
from pmfnas.core.ports import Executor, Searcher, SearcherFactory, Space
from pmfnas.core.types import Arch, Decision, Fidelities, Outcome, Ticket
from pmfnas.files import write_bytes
from pmfnas.loop.runner import Finished, Setting, make_searcher, search

_T = TypeVar("_T")

N_PARSED = 10_000

HIDDEN = ("PMFNAS_", "TORCH_HOME")
"""Beginnings of the environment variables that name folders of benchmark data: not passed on."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Time limits for the answers of a process, seconds of this host."""

    start_s: float = 120.0
    answer_s: float = 60.0

    def __post_init__(self) -> None:
        for flag, value in (("--start-limit", self.start_s), ("--answer-limit", self.answer_s)):
            if not value > 0:
                raise InputError(f"{flag} is {value:g} s, but must be positive")


class ProcessSearcher:
    """Asks a child process. Implements `pmfnas.core.ports.Searcher`; must be closed after the run.

    If the process does not start properly, the first `ask` raises, so that its run ends as failed.

    Args:
        command: program and arguments.
        first: the `hello` message.
        space: converts between archs and strings.
        limits: time limits for the answers.

    Raises:
        ContractError: the command cannot be started at all.
    """

    def __init__(self, command: Sequence[str], first: protocol.Message, space: Space, limits: Limits) -> None:
        self._space = space
        self._parse = lru_cache(maxsize=N_PARSED)(space.parse)  # recommendations repeat themselves
        self._limits = limits
        self._recommended: tuple[Arch, ...] = ()
        self._broken: ContractError | None = None
        self.about = protocol.Ready(protocol.PROTOCOL)
        """Name, version and settings that the process gives; empty if it did not start."""
        self._child = Child(command, _environment(), max_line_bytes=protocol.MAX_LINE_BYTES)
        try:
            with suppress(ContractError):
                self.about = self._exchange(first, protocol.read_ready, limits.start_s)
        except BaseException:
            self.close()
            raise

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return the decision of the process."""
        question = protocol.ask(running, remaining_s, self._space)
        read = partial(protocol.read_decision, parse=self._parse)
        return self._exchange(question, read, self._limits.answer_s)

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Send an outcome, and keep the recommendation that the process answers with."""
        told = protocol.tell(ticket, outcome, self._space)
        read = partial(protocol.read_recommend, parse=self._parse)
        self._recommended = self._exchange(told, read, self._limits.answer_s)

    def recommend(self) -> Sequence[Arch]:
        """Return the recommendation that answered the last outcome."""
        return self._recommended

    @property
    def broken(self) -> str:
        """The first error of the conversation; empty if there was no error."""
        return str(self._broken or "")

    @property
    def errors(self) -> bytes:
        """The beginning and the end of the standard error of the process."""
        return self._child.errors.content()

    def close(self, why: str | None = None) -> None:
        """End the process: with `why`, it gets time to exit; otherwise it is killed at once."""
        polite = why is not None and self._broken is None
        self._child.close(protocol.encode(protocol.end(why or "")) if polite else b"")
        self._broken = self._broken or ContractError("the process was ended")

    def _exchange(self, message: protocol.Message, read: Callable[[protocol.Message], _T], limit_s: float) -> _T:
        """Return the answer as `read` gives it; after the first error every exchange raises that error again."""
        if self._broken:
            raise self._broken
        try:
            return read(protocol.decode(self._child.exchange(protocol.encode(message), limit_s=limit_s)))
        except ContractError as error:
            self._broken = ContractError(f"to {message['type']}: {error}")
            raise self._broken from None


@dataclass(frozen=True, slots=True)
class Command:
    """Makes searchers out of a command. Implements `pmfnas.core.ports.SearcherFactory`; travels to other processes."""

    words: tuple[str, ...]
    limits: Limits = Limits()

    def __call__(
        self, space: Space, fidelities: Fidelities, budget_s: float, n_workers: int, *, rng: np.random.Generator
    ) -> ProcessSearcher:
        """Start the command and return its searcher, which must be closed."""
        seed = int(rng.integers(2**31))
        first = protocol.hello(space, fidelities, budget_s, n_workers, seed=seed)
        return ProcessSearcher(self.words, first, space, self.limits)


def play(
    factory: SearcherFactory,
    executor: Executor,
    setting: Setting,
    *,
    rng: np.random.Generator,
    log: Path | None = None,
) -> tuple[Finished, Searcher | None]:
    """Return the finished run of a fresh searcher, and the searcher; None if its constructor failed.

    A process is ended after its run. A `PmfnasError` ends this run as failed; other runs are not affected.

    Args:
        factory: makes the searcher.
        executor: runs its requests.
        setting: setting of the run.
        rng: the searcher's stream.
        log: file for the standard error of a process, if it wrote any.
    """
    searcher: Searcher | None = None
    finished = failed("interrupted")
    try:
        searcher = make_searcher(factory, setting, rng=rng)
        finished = search(searcher, executor, setting)
    except PmfnasError as error:
        finished = failed(str(error))
    finally:
        if isinstance(searcher, ProcessSearcher):
            searcher.close(finished.why if finished.status == "ok" else None)
            if log is not None and searcher.errors:
                write_bytes(log, searcher.errors)
    return finished, searcher


@contextmanager
def ended(searcher: Searcher) -> Iterator[None]:
    """End the process of a searcher, if it has one, after the block."""
    try:
        yield
    finally:
        if isinstance(searcher, ProcessSearcher):
            searcher.close("the search has ended")


def failed(why: str) -> Finished:
    """Return a run that failed before it had any entry to record."""
    text = " ".join(why.split()).encode("utf-8", "backslashreplace").decode()
    return Finished((), (), 0.0, "failed", text, 0.0)


def _environment() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(HIDDEN)}
