"""Searchers that come from the command line: a class in a file, or a command that speaks the process protocol.

Both are small values that any process can make the searcher of: the file is loaded where it is needed, by its path, and
what it must contain is named by a hash, so that a file that was changed is never taken for the one that ran before.
"""

import os
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from harness.players.class_file import NAME, FromFile, Wanted, at_home, class_in_file, is_file, named, source_of
from harness.players.ours import settings_of
from harness.players.process import Command, Limits, ProcessSearcher
from pmfnas.core.errors import ContractError, InputError, shown
from pmfnas.core.ports import Searcher, SearcherFactory
from pmfnas.loop.runner import Setting, make_searcher

SEARCHER = Wanted(
    flag="--searcher",
    looks="must look like my_search.py:MySearcher",
    methods=("ask", "tell", "recommend"),
    arguments=("space", "fidelities", "budget_s", "n_workers"),
    page="docs/tutorials/own-searcher.md",
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_SHELLS = ("sh", "bash", "dash", "ksh", "zsh")
_FIRST_LINE = 1000


def from_file(text: str) -> tuple[str, FromFile]:
    """Return the name and the factory of the searcher `[NAME=]PATH.py:CLASS`; see `class_in_file`."""
    return class_in_file(text, SEARCHER)


def from_command(text: str, limits: Limits) -> tuple[str, Command]:
    """Return the name and the factory of `[NAME=][VARIABLE=VALUE ...]PROGRAM ...`, looked for but not started.

    No shell reads it: of a shell it has quotes, variables that are set before the program, and `~` at the beginning of
    a word.

    Raises:
        InputError: quotes that do not close, a program that is not found or cannot be started, or line ends that keep
            the script from running.
    """
    try:
        words = [at_home(word) for word in shlex.split(text)]
    except ValueError as error:
        raise InputError(f"--command is {shown(text)}, which cannot be read ({error}); close its quotes") from None
    given, words = _without_name(words)
    n_set = next((i for i, word in enumerate(words) if not _VARIABLE.match(word)), len(words))
    variables, line = [_at_home_value(word) for word in words[:n_set]], words[n_set:]
    _check_program(text, line)
    scripts = [word for word in line[1:] if is_file(word)] or [line[0]]
    return given or Path(scripts[0]).stem, Command((*(("env", *variables) if variables else ()), *line), limits)


def _without_name(words: list[str]) -> tuple[str, list[str]]:
    """Return the name before the command and the words of the command.

    `A=B ...` sets a variable where B is no program, but the first word that sets none is one; else A is the name.
    """
    name, rest = named(words[0]) if words else ("", "")
    program = next((word for word in words if not _VARIABLE.match(word)), "")
    is_variable = _VARIABLE.match(words[0] if words else "") and not _VARIABLE.match(rest)
    if not name or (is_variable and not shutil.which(at_home(rest)) and shutil.which(program)):
        return "", words
    return name, [at_home(rest), *words[1:]]


def _at_home_value(variable: str) -> str:
    name, _, value = variable.partition("=")
    return f"{name}={at_home(value)}"


def _check_program(text: str, line: Sequence[str]) -> None:
    """Raise `InputError` unless the first of the words can be started."""
    program = line[0] if line else ""
    if shutil.which(program) is None:
        why = f"no program {shown(program)} is found; give its path"
        if os.path.isdir(program):  # noqa: PTH112
            why = f"{program!r} is a folder; give the path of a program"
        elif is_file(program):
            why = f"{program!r} is not executable; say chmod +x, or start it by its interpreter"
        how = "no shell reads it: for $VARIABLES, pipes and && write sh -c '...'"
        raise InputError(f"--command is {shown(text)}, but {why}; {how}")
    by_shell = Path(program).name in _SHELLS
    scripts = [word for word in line[1:] if is_file(word)][:1] if by_shell else [str(shutil.which(program))]
    for script in scripts:
        _check_line_ends(script, by_shell=by_shell)


def _check_line_ends(script: str, *, by_shell: bool) -> None:
    """Raise `InputError` where the line ends of a script keep the system, or a shell, from running it."""
    with Path(script).open("rb") as stream:
        first = stream.readline(_FIRST_LINE)
    if first.endswith(b"\r\n") and (by_shell or first.startswith(b"#!")):
        raise InputError(
            f"--command starts {script!r}, whose lines end with CRLF, as on Windows, so that it cannot run; "
            f"mend them: sed -i 's/\\r$//' {shlex.quote(script)}"
        )


def guests(
    files: Sequence[str], commands: Sequence[str], limits: Limits, *, taken: Sequence[str]
) -> Mapping[str, SearcherFactory]:
    """Return the searchers given on the command line by name; raise `InputError` for a name that is not free."""
    made: dict[str, SearcherFactory] = {}
    given: list[tuple[str, SearcherFactory]] = [from_file(text) for text in files]
    given += [from_command(text, limits) for text in commands]
    for name, factory in given:
        if not NAME.fullmatch(name):
            raise InputError(f"searcher name is {name!r}, but must be letters, digits and _.-; put NAME= before it")
        if name in made or name in taken:
            raise InputError(f"two searchers are called {name!r}; put another NAME= before one of them")
        made[name] = factory
    return MappingProxyType(made)


def try_out(name: str, factory: SearcherFactory, setting: Setting, *, rng: np.random.Generator) -> str:
    """Make one searcher and end it; return name and version of a process, empty for a class.

    Raises:
        InputError: it cannot be made, or does not start.
    """
    try:
        searcher = make_searcher(factory, setting, rng=rng)
    except ContractError as error:
        raise InputError(f"searcher {name} cannot be made: {error}") from error
    if not isinstance(searcher, ProcessSearcher):
        return ""
    failure = searcher.broken
    searcher.close("tried out")
    if failure:
        raise InputError(f"searcher {name} does not start: {failure}")
    return f"{searcher.about.name or 'a process'} {searcher.about.version}".rstrip()


# ------------------------------------------------------------------------------------------------------ identity


def identity(factory: SearcherFactory) -> str:
    """Return name and hash of a searcher from the command line, for a folder's claim; empty for one of ours."""
    match factory:
        case FromFile():
            return factory.identity
        case Command():
            files = [Path(word) for word in factory.words if is_file(word)]
            return f"{written(factory)} {source_of(files)}"
        case _:
            return ""


def written(command: Command) -> str:
    """Return the command without the folders of its files."""
    return shlex.join(Path(word).name if "/" in word else word for word in command.words)


def settings_of_run(factory: SearcherFactory, searcher: Searcher | None) -> dict[str, Any]:
    """Return the settings of a run for its record; of a searcher from outside, its source and place too."""
    match factory:
        case FromFile():
            return {**settings_of(factory.func), "source": identity(factory), "runs": "in process"}
        case Command():
            own = {"source": identity(factory), "runs": "in its own process"}
            if not isinstance(searcher, ProcessSearcher):
                return own
            about = searcher.about
            return {**about.settings, "name": about.name, "version": about.version, **own}
        case _:
            return settings_of(factory)
