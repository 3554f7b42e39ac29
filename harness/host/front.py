"""The front doors of the harness: how a process of it is started, and how people type it."""

import os
import shlex
import sys

from harness.host.code import ROOT

FRONT = "PMFNAS_FRONT"
"""Variable that holds how `reproduce.sh` was called, where it was."""


def own_process(*words: str) -> list[str]:
    """Return the command of another process of this harness, from any folder."""
    return [sys.executable, str(ROOT / "harness"), *words]


def typed(*words: object) -> str:
    """Return a command of the harness as it is typed where this one was, quoted for a shell."""
    front = os.environ.get(FRONT)
    return shlex.join([*([front] if front else ["python", "-m", "harness"]), *map(str, words)])
