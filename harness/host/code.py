"""The code of this checkout as twelve hex digits, so that a folder of results knows which code made it."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The folder of the checkout."""


def code_hash(patterns: Sequence[str]) -> str:
    """Return twelve hex digits of the content of files; names and places of the files do not matter.

    Args:
        patterns: files as globs from the checkout's folder, such as `pmfnas/core/*.py`; each finds at least one.
    """
    digests: set[bytes] = set()
    for pattern in patterns:
        files = sorted(ROOT.glob(pattern))
        assert files, f"This is a bug: no file is called {pattern}."
        digests.update(hashlib.sha256(file.read_bytes()).digest() for file in files)
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()[:12]
