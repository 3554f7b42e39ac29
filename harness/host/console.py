"""Standard output and standard error that never fail, so that an output problem never ends the work.

A reader that goes away (`... | head`), a full disk behind `>`, a terminal that lacks a glyph: files are still written
whole, and the exit code is that of the work.
"""

import codecs
import errno
import io
import os
import select
import sys
import unicodedata
from types import MappingProxyType
from typing import Any, TextIO

PLAIN = "pmfnas.plain"
"""Name of the error handler that replaces glyphs that a terminal lacks by ASCII."""

_GLYPHS = MappingProxyType(
    {
        "\N{PLUS-MINUS SIGN}": "+-",
        "\N{MINUS SIGN}": "-",
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{MULTIPLICATION SIGN}": "x",
        "\N{MIDDLE DOT}": "*",
        "\N{LESS-THAN OR EQUAL TO}": "<=",
        "\N{GREATER-THAN OR EQUAL TO}": ">=",
        "\N{ALMOST EQUAL TO}": "~",
        "\N{RIGHTWARDS ARROW}": "->",
        "\N{GREEK SMALL LETTER TAU}": "tau",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    }
)


class LastingStream(io.RawIOBase):
    """Writes bytes to a file descriptor; after the first failure, which is kept, they are dropped."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self.failure: OSError | None = None

    def writable(self) -> bool:
        """Whether it can be written: always."""
        return True

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether a terminal is behind it."""
        return os.isatty(self._descriptor)

    def write(self, piece: Any) -> int:
        """Write a piece, and return how much of it is dealt with."""
        while self.failure is None:
            try:
                return os.write(self._descriptor, piece)
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except OSError as error:
                self.failure = error
        return len(piece)


def prepare() -> None:
    """Put lasting streams in the place of standard output and standard error, once per process."""
    if sys.stdout is not None and sys.stdout.errors == PLAIN:
        return
    codecs.register_error(PLAIN, plain)
    sys.stdout, sys.stderr = lasting(sys.stdout), lasting(sys.stderr)


def lasting(stream: TextIO | None) -> TextIO:
    """Return a stream that writes where `stream` does and never fails; for a closed one, a stream into nothing."""
    if stream is None:
        return io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    stream.flush()
    buffered = io.BufferedWriter(LastingStream(stream.fileno()))
    is_direct = stream.isatty() or stream is sys.stderr
    return io.TextIOWrapper(buffered, encoding=stream.encoding, errors=PLAIN, line_buffering=is_direct)


def finish(code: int) -> int:
    """Flush the output and return the exit code: `code`, or 1 if only the output could not be written.

    A reader that had enough, `... | head`, is no failure.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    failure = getattr(getattr(getattr(sys.stdout, "buffer", None), "raw", None), "failure", None)
    if failure is None or failure.errno == errno.EPIPE:
        return code
    print(f"error: standard output cannot be written ({failure.strerror}); files are complete", file=sys.stderr)
    return code or 1


def plain(error: UnicodeError) -> tuple[str, int]:
    """Return ASCII for glyphs that cannot be encoded, and where they end: an error handler of `codecs`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_ascii, error.object[error.start : error.end])), error.end


def _ascii(glyph: str) -> str:
    near = unicodedata.normalize("NFKD", glyph).encode("ascii", "ignore").decode()
    return _GLYPHS.get(glyph) or near or "?"
