"""The ways to start the harness: the command of a new process, and the command that people type."""

import os
import shlex
import sys

from harness.host.code import ROOT

FRONT = "PMFNAS_FRONT"
"""Environment variable with the command by which `reproduce.sh` was called, if it was."""


def own_process(*words: str) -> list[str]:
    """Return the command of another process of this harness, from any folder."""
    return [sys.executable, str(ROOT / "harness"), *words]


def typed(*words: object) -> str:
    """Return a command of the harness as the user would type it, quoted for a shell; see `FRONT`."""
    front = os.environ.get(FRONT)
    return shlex.join([*([front] if front else ["python", "-m", "harness"]), *map(str, words)])
