"""A checksum inside the file that it covers, so that one flipped bit anywhere in the file is found when it is opened.

A content is made with `SEAL` in it, as the value of its entry `seal`; `sealed` puts the SHA-256 there. A reader calls
`check_seal` before it interprets the content, and again with the entry: a file of a version without seals has none, and
a file whose seal cannot be recognised has been altered. Pickles and weights carry the seal behind their end, where
other programs do not look: `with_seal`, and `without_seal`.
"""

import hashlib
import re
from pathlib import Path

from pmfnas.core.errors import DataError

_NAME = b"pmfnas-seal:"
_DIGITS = 64
SEAL = (_NAME + b"0" * _DIGITS).decode()
"""Stands in a content until it is sealed."""
_SEAL = re.compile(_NAME + b"[0-9a-f]{%d}" % _DIGITS)


def sealed(content: bytes) -> bytes:
    """Return `content` with its checksum in the place of the first `SEAL`."""
    before, found, after = content.partition(SEAL.encode())
    assert found, "This is a bug: there is no place for a seal."
    return before + _seal(content) + after


def is_intact(content: bytes, entry: object = None) -> bool:
    """Return whether the content is as it was when it was sealed.

    Args:
        content: all bytes of the file, or of a line of it.
        entry: the entry `seal` of the content; None if it is not known or has none, so that there need be no seal.
    """
    found = _SEAL.search(content)
    if found is None:
        return entry is None
    return found[0] == _seal(content[: found.start()] + SEAL.encode() + content[found.end() :])


def check_seal(content: bytes, path: Path, remedy: str, *, entry: object = None) -> None:
    """Raise `DataError`, which names `path`, unless the content is intact."""
    if not is_intact(content, entry):
        raise DataError(f"{path} was altered: its checksum is another; {remedy}")


def with_seal(content: bytes | memoryview) -> bytes:
    """Return `content` with its seal behind it."""
    return sealed(bytes(content) + b"\n" + SEAL.encode())


def without_seal(content: bytes, path: Path, remedy: str, *, end: bytes) -> bytes:
    """Return what a seal was put behind; raise `DataError` if it is not as it was written.

    A content that ends with `end` is of a version without seals, and returned as it is.
    """
    if content.endswith(end):
        return content
    body, _, seal = content.rpartition(b"\n")
    if seal != _seal(body + b"\n" + SEAL.encode()):
        raise DataError(f"{path} was altered: its checksum is another; {remedy}")
    return body


def _seal(blank: bytes) -> bytes:
    return _NAME + hashlib.sha256(blank).hexdigest().encode()
