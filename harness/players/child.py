"""A child process that answers each line it is sent with one line, within a time limit.

One selector loop serves all three pipes, so a child that floods standard error, reads nothing, or answers a byte at a
time cannot delay the harness beyond the limit. The child leads a process group of its own, which is killed with it.
"""

import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO

from pmfnas.core.errors import ContractError, InputError

KEPT_BYTES = 2**15
"""Bytes of standard error that are kept of its beginning, and again of its end."""
GRACE_S = 5.0
"""How long a child may take to exit once it was told to."""
_PIECE = 2**16
_NOTHING = memoryview(b"")

_NAMES_ERROR = re.compile(
    r"(?:uncaught |fatal |caused by: |exception in thread \S+ |terminate called |thread '.*' panicked|panic: )"
    r"|(?:[\w.:$]*(?:error|exception|exit|interrupt)\b[^;{(]{0,40}:)|error\b(?! *[=(])",
    re.IGNORECASE,
)
"""The beginning of a line in which a language names an error that ends a program."""
_SPEAKS_OF_ERROR = re.compile(
    r"(?:error|exception|fatal|panic|abort|segmentation fault|not found|no such|cannot|can't|denied|undefined)",
    re.IGNORECASE,
)
_SOURCE = re.compile(r"(?:throw|raise|panic!?|File|at)\b")
"""The beginning of a line that quotes a source or a stack."""


class Kept:
    """The beginning and the end of a stream of bytes of any length."""

    def __init__(self, *, size: int = KEPT_BYTES) -> None:
        self._size = size
        self._head = bytearray()
        self._tail = bytearray()
        self._n_dropped = 0

    def add(self, piece: bytes) -> None:
        """Append bytes of the stream."""
        room = self._size - len(self._head)
        self._head += piece[:room]
        self._tail += piece[max(room, 0) :]
        surplus = len(self._tail) - self._size
        if surplus > 0:
            del self._tail[:surplus]
            self._n_dropped += surplus

    def content(self) -> bytes:
        """Return the beginning and the end, with a line between them that counts the bytes left out."""
        gap = f"\n... {self._n_dropped} bytes left out ...\n".encode() if self._n_dropped else b""
        return bytes(self._head) + gap + bytes(self._tail)

    def telling_line(self) -> str:
        """Return the first line that names an error, else the last that holds anything; at most 200 characters."""
        lines = [line.strip() for line in self.content().decode("utf-8", "replace").splitlines() if line.strip()]
        naming = [line for line in lines if _NAMES_ERROR.match(line)]
        speaking = [line for line in lines if _SPEAKS_OF_ERROR.search(line) and not _SOURCE.match(line)]
        told = (naming or speaking or lines[-1:] or [""])[0]
        return "".join(letter if letter.isprintable() else "?" for letter in told)[:200]


class Child:
    """A running command. Its owner must `close` it.

    Args:
        command: program and arguments; no shell reads them.
        environment: all of its environment variables.
        max_line_bytes: longest line that it may write.

    Raises:
        ContractError: it cannot be started.
        InputError: this system has no process groups.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], *, max_line_bytes: int) -> None:
        if os.name != "posix":
            raise InputError(f"--command needs a POSIX system, but this one is {os.name}; use --searcher")
        self._max_line_bytes = max_line_bytes
        self._heard = bytearray()  # of standard output, up to the end of a line
        self.errors = Kept()
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(environment),
                start_new_session=True,
                bufsize=0,
            )
        except (OSError, ValueError) as error:
            raise ContractError(f"the command {command[0]!r} cannot be started: {error}") from None
        self._selector = selectors.DefaultSelector()
        for stream in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(stream.fileno(), False)
        for stream in (self._stdout, self._stderr):
            self._selector.register(stream, selectors.EVENT_READ)

    @property
    def pid(self) -> int:
        """Number of the process, and of its group."""
        return self._process.pid

    @property
    def _stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None, "This is a bug: the child has a pipe."
        return self._process.stdin

    @property
    def _stdout(self) -> IO[bytes]:
        assert self._process.stdout is not None, "This is a bug: the child has a pipe."
        return self._process.stdout

    @property
    def _stderr(self) -> IO[bytes]:
        assert self._process.stderr is not None, "This is a bug: the child has a pipe."
        return self._process.stderr

    def exchange(self, line: bytes, *, limit_s: float) -> bytes:
        """Return the line that the child answers to `line` with, without its end.

        Raises:
            ContractError: no answer within `limit_s`, too long a line, anything written unasked, or the child is gone.
        """
        deadline_s = time.monotonic() + limit_s
        self._serve(0.0, _NOTHING)
        if self._heard:
            raise ContractError(f"wrote {bytes(self._heard[:60])!a} without being asked")
        unsent = memoryview(line)
        while b"\n" not in self._heard:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                raise ContractError(f"did not answer within {limit_s:g} s")
            unsent = self._serve(left_s, unsent)
            self._check_length()
        answer, _, rest = bytes(self._heard).partition(b"\n")
        if rest:
            raise ContractError(f"wrote {rest[:60]!a} without being asked")
        self._heard.clear()
        return answer

    def _check_length(self) -> None:
        end = self._heard.find(b"\n")
        if (len(self._heard) if end < 0 else end) > self._max_line_bytes:
            raise ContractError(f"wrote a line of more than {self._max_line_bytes} bytes")

    def _serve(self, timeout_s: float, unsent: memoryview) -> memoryview:
        """Read and write for at most the given time; return the bytes still unsent."""
        if unsent:
            self._selector.register(self._stdin, selectors.EVENT_WRITE)
        try:
            ready = self._selector.select(timeout_s)
        finally:
            if unsent:
                self._selector.unregister(self._stdin)
        for key, _ in ready:
            if key.fileobj is self._stdin:
                unsent = self._write(unsent)
            elif key.fileobj is self._stderr:
                self._read_errors()
            else:
                self._read_answer()
        return unsent

    def _write(self, unsent: memoryview) -> memoryview:
        try:
            return unsent[os.write(self._stdin.fileno(), unsent[:_PIECE]) :]
        except BlockingIOError:
            return unsent
        except BrokenPipeError:  # it reads no more; its answer or its end may still be unread
            return _NOTHING

    def _read_answer(self) -> None:
        piece = _read(self._stdout)
        if piece == b"":
            raise ContractError(self._gone())
        self._heard += piece or b""

    def _read_errors(self) -> None:
        piece = _read(self._stderr)
        if piece == b"":
            self._selector.unregister(self._stderr)
        self.errors.add(piece or b"")

    def _gone(self) -> str:
        """Return how the child ended, with the line of standard error that names the error."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1.0)
        self._drain_errors()
        code = self._process.returncode
        if code is None:
            how = "closed its standard output"
        elif code < 0:
            how = f"was ended by signal {-code}"
        else:
            how = f"exited with code {code}"
        said = self.errors.telling_line()
        return f"the process {how} instead of answering" + (f"; it said: {said}" if said else "")

    def _drain_errors(self) -> None:
        """Read the rest of standard error without waiting; at most 64 pieces of an endless stream."""
        for _ in range(64):
            piece = _read(self._stderr)
            if not piece:
                return
            self.errors.add(piece)

    def close(self, last: bytes = b"", *, grace_s: float = GRACE_S) -> None:
        """Send `last`, wait for the child to exit, then kill its process group; the child is always reaped."""
        try:
            if last and self._process.poll() is None:
                self._write(memoryview(last))
                self._stdin.close()
                self._await_end(grace_s)
        finally:
            self._kill()

    def _await_end(self, grace_s: float) -> None:
        """Wait until the child has closed its outputs or the time is over; discard what it still writes."""
        deadline_s = time.monotonic() + grace_s
        while self._selector.get_map() and time.monotonic() < deadline_s:
            for key, _ in self._selector.select(max(0.0, deadline_s - time.monotonic())):
                if key.fileobj is self._stderr:
                    self._read_errors()
                elif _read(self._stdout) == b"":
                    self._selector.unregister(self._stdout)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=max(0.0, min(1.0, deadline_s - time.monotonic())))

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._drain_errors()
        self._selector.close()
        for stream in (self._stdin, self._stdout, self._stderr):
            stream.close()


def _read(stream: IO[bytes]) -> bytes | None:
    """Return the bytes that can be read now: empty at the end of the stream, None if there are none yet."""
    try:
        return os.read(stream.fileno(), _PIECE)
    except BlockingIOError:
        return None
