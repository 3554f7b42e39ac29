"""Ends a search when the process that started it ends, even if that process is killed without warning.

The starting process puts its id into the environment. The search ends as after SIGTERM, so `--resume` can continue it.
"""

import os
from collections.abc import Mapping

from pmfnas.core.errors import InputError
from pmfnas.processes import end_with

PARENT = "PMFNAS_PARENT"
"""Environment variable: id of the process with which a search ends."""


def with_parent(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a child process that must end with this process."""
    return {**environment, PARENT: str(os.getpid())}


def end_with_parent(*, poll_s: float = 1.0) -> None:
    """End this process when the process named in the environment ends; do nothing if none is named.

    Raises:
        InputError: the variable is not a process id.
    """
    named = os.environ.get(PARENT)
    if named is None:
        return
    if not named.isascii() or not named.isdigit():
        raise InputError(f"{PARENT} is {named!r}, but must be the number of the process that started this; unset it")
    end_with(int(named), poll_s=poll_s)
