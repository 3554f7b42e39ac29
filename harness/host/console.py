"""Standard output and standard error that never fail, so that an output problem never ends the work.

Examples are a reader that closes the pipe (`... | head`), a full disk behind `>`, and a terminal that lacks a glyph.
Files are still written completely, and the exit code is that of the work.
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
"""Name of the error handler that writes ASCII in place of glyphs that a terminal lacks."""

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
    """Writes bytes to a file descriptor. It stores the first failure and drops all bytes after it."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self.failure: OSError | None = None

    def writable(self) -> bool:
        """Return True: the stream can always be written."""
        return True

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Return whether the descriptor is a terminal."""
        return os.isatty(self._descriptor)

    def write(self, piece: Any) -> int:
        """Write a piece, and return the number of bytes written or dropped."""
        while self.failure is None:
            try:
                return os.write(self._descriptor, piece)
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except OSError as error:
                self.failure = error
        return len(piece)


def prepare() -> None:
    """Replace standard output and standard error by lasting streams, once per process."""
    if sys.stdout is not None and sys.stdout.errors == PLAIN:
        return
    codecs.register_error(PLAIN, plain)
    sys.stdout, sys.stderr = lasting(sys.stdout), lasting(sys.stderr)


def lasting(stream: TextIO | None) -> TextIO:
    """Return a stream that writes where `stream` does and never fails; for a closed one, a stream that drops all."""
    if stream is None:
        return io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    stream.flush()
    buffered = io.BufferedWriter(LastingStream(stream.fileno()))
    is_direct = stream.isatty() or stream is sys.stderr
    return io.TextIOWrapper(buffered, encoding=stream.encoding, errors=PLAIN, line_buffering=is_direct)


def finish(code: int) -> int:
    """Flush the output and return the exit code: `code`, or 1 if only the output could not be written.

    A reader that closes the pipe early (`... | head`) does not count as a failure.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    failure = getattr(getattr(getattr(sys.stdout, "buffer", None), "raw", None), "failure", None)
    if failure is None or failure.errno == errno.EPIPE:
        return code
    print(f"error: standard output cannot be written ({failure.strerror}); files are complete", file=sys.stderr)
    return code or 1


def plain(error: UnicodeError) -> tuple[str, int]:
    """Return ASCII for glyphs that cannot be encoded, and the position after them: an error handler of `codecs`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_ascii, error.object[error.start : error.end])), error.end


def _ascii(glyph: str) -> str:
    near = unicodedata.normalize("NFKD", glyph).encode("ascii", "ignore").decode()
    return _GLYPHS.get(glyph) or near or "?"


def visible(text: str) -> str:
    """Return `text` with control characters, and those that turn the direction of writing, as their numbers."""
    return "".join(f"U+{ord(char):04X}" if _is_hidden(char) else char for char in text)


def _is_hidden(char: str) -> bool:
    turns = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return char in turns or (unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t")
