"""A search that another process has started ends with it, also where that process is killed and can tell nobody.

The process that starts it names itself in the environment. The search ends as by SIGTERM: in order, so that
`--resume` goes on.
"""

import os
from collections.abc import Mapping

from pmfnas.core.errors import InputError
from pmfnas.processes import end_with

PARENT = "PMFNAS_PARENT"
"""Environment variable: number of the process with which a search ends."""


def with_parent(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a child that is to end with this process."""
    return {**environment, PARENT: str(os.getpid())}


def end_with_parent(*, poll_s: float = 1.0) -> None:
    """Watch over the process that the environment names, if it names one, for as long as this process lives.

    Raises:
        InputError: the variable holds no process number.
    """
    named = os.environ.get(PARENT)
    if named is None:
        return
    if not named.isascii() or not named.isdigit():
        raise InputError(f"{PARENT} is {named!r}, but must be the number of the process that started this; unset it")
    end_with(int(named), poll_s=poll_s)
