"""The error for a package that is not installed. Any Python can read this file."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

OURS = ("baselines", "harness", "pmfnas")
_ROOT = Path(__file__).resolve().parents[2]


def missing(package: str) -> str:
    """Return one line: which package is not installed, for which Python, and how to start instead."""
    front, python = _ROOT / "reproduce.sh", _ROOT / ".venv" / "bin" / "python"
    return (
        f"package {package} is not installed for {sys.executable}; start with {shlex.quote(str(front))} VERB, which "
        f"makes an environment, or use the Python of yours: {shlex.quote(str(python))} -m harness VERB"
    )
