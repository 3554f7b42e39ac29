"""Searchers that come from the command line: a class in a file, or a command that speaks the process protocol.

Both are small values that any process can make the searcher of: the file is loaded where it is needed, by its path, and
what it must contain is named by a hash, so that a file that was changed is never taken for the one that ran before.
"""

import ast
import hashlib
import importlib.util
import inspect
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np

from harness.players.ours import settings_of
from harness.players.process import Command, Limits, ProcessSearcher
from pmfnas.core.errors import ContractError, InputError, shown
from pmfnas.core.ports import Searcher, SearcherFactory, Space
from pmfnas.core.types import Fidelities
from pmfnas.loop.runner import Setting, make_searcher

OURS = ("pmfnas", "baselines", "harness")
_METHODS = ("ask", "tell", "recommend")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_SHELLS = ("sh", "bash", "dash", "ksh", "zsh")
_FIRST_LINE = 1000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class FromFile:
    """Makes the searchers of a class in a Python file. Implements `pmfnas.core.ports.SearcherFactory`."""

    path: Path
    attribute: str
    source: str
    """`source_of` the file when it was given."""

    def __call__(
        self, space: Space, fidelities: Fidelities, budget_s: float, n_workers: int, *, rng: np.random.Generator
    ) -> Searcher:
        """Return a fresh searcher of the class."""
        return self.factory()(space, fidelities, budget_s, n_workers, rng=rng)

    def factory(self) -> SearcherFactory:
        """Return the class, loaded once per process."""
        made: SearcherFactory = getattr(load_module(self.path, self.source), self.attribute)
        return made


# ----------------------------------------------------------------------------------------- from the command line


def from_file(text: str) -> tuple[str, FromFile]:
    """Return the name and the factory of `[NAME=]PATH.py:CLASS`; the file is loaded and looked at.

    Raises:
        InputError: no such file, it does not import, or it has no such searcher.
    """
    name, path, attribute = class_in_file("--searcher", text, "must look like my_search.py:MySearcher")
    guest = FromFile(path.resolve(), attribute, source_of([path.resolve()]))
    _check_factory(load_module(guest.path, guest.source), attribute, path)
    return name, guest


def class_in_file(flag: str, text: str, otherwise: str) -> tuple[str, Path, str]:
    """Return name, file and class of `[NAME=]PATH.py:CLASS`, the name of the class where no other is given.

    Args:
        flag: the argument's name.
        text: its value.
        otherwise: what the value must be, for the error.

    Raises:
        InputError: it reads differently, or there is no such file.
    """
    given, location = named(text)
    path_text, _, attribute = location.rpartition(":")
    path = Path(at_home(path_text))
    if not path_text or not attribute.isidentifier():
        raise InputError(f"{flag} is {shown(text)}, but {otherwise}")
    if path.suffix != ".py" or not os.path.isfile(path):  # noqa: PTH113  # a name too long for the system is no file
        raise InputError(
            f"{flag} is {shown(text)}, but {str(path.absolute())!r} is no Python file; give the path of one"
        )
    return given or attribute, path, attribute


def at_home(path: str) -> str:
    """Return a path with the home folder in the place of a `~` at its beginning; raise `InputError` without one."""
    try:
        return str(Path(path).expanduser()) if path.startswith("~") else path
    except RuntimeError:
        raise InputError(f"{shown(path)} is in a home folder, but there is none; set HOME or write the path") from None


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
    scripts = [word for word in line[1:] if _is_file(word)] or [line[0]]
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


def _is_file(word: str) -> bool:
    return os.path.isfile(word)  # noqa: PTH113  # also of a word too long for a path


def _check_program(text: str, line: Sequence[str]) -> None:
    """Raise `InputError` unless the first of the words can be started."""
    program = line[0] if line else ""
    if shutil.which(program) is None:
        why = f"no program {shown(program)} is found; give its path"
        if os.path.isdir(program):  # noqa: PTH112
            why = f"{program!r} is a folder; give the path of a program"
        elif _is_file(program):
            why = f"{program!r} is not executable; say chmod +x, or start it by its interpreter"
        how = "no shell reads it: for $VARIABLES, pipes and && write sh -c '...'"
        raise InputError(f"--command is {shown(text)}, but {why}; {how}")
    by_shell = Path(program).name in _SHELLS
    scripts = [word for word in line[1:] if _is_file(word)][:1] if by_shell else [str(shutil.which(program))]
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
        if not _NAME.fullmatch(name):
            raise InputError(f"searcher name is {name!r}, but must be letters, digits and _.-; put NAME= before it")
        if name in made or name in taken:
            raise InputError(f"two searchers are called {name!r}; put another NAME= before one of them")
        made[name] = factory
    return MappingProxyType(made)


def named(text: str) -> tuple[str, str]:
    """Return the name that stands before `=`, empty if none does, and the rest."""
    name, equals, rest = text.strip().partition("=")
    return (name, rest) if equals and _NAME.fullmatch(name) else ("", text.strip())


def try_out(name: str, factory: SearcherFactory, setting: Setting, *, rng: np.random.Generator) -> str:
    """Make one searcher and end it; return what a process says of itself, empty for a class.

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


# --------------------------------------------------------------------------------------------------- the class


def load_module(path: Path, source: str) -> ModuleType:
    """Return the loaded file; its folder is searched for what it imports, after everything else."""
    name = f"searcher_{source}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    sys.modules[name] = module  # dataclasses and pickles look their module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise InputError(f"{path.name} does not import: {_described(error, path)}") from error
    return module


def _described(error: BaseException, path: Path) -> str:
    """Return what went wrong, and in which line of the file."""
    lines = (
        [frame.lineno for frame in inspect.getinnerframes(error.__traceback__) if frame.filename == str(path)]
        if (error.__traceback__)
        else []
    )
    where = f" (line {lines[-1]})" if lines else ""
    return " ".join(f"{type(error).__name__}: {error}{where}".split())


def _check_factory(module: ModuleType, attribute: str, path: Path) -> None:
    """Raise `InputError` unless the module's attribute can make searchers."""
    factory = getattr(module, attribute, None)
    if not callable(factory):
        classes = [name for name, value in vars(module).items() if inspect.isclass(value) and not _missing(value)]
        has = f"it has: {', '.join(classes)}" if classes else "no class of it has ask, tell and recommend"
        raise InputError(f"{path.name} has no class {attribute}; {has}")
    if inspect.isclass(factory) and _missing(factory):
        raise InputError(
            f"{attribute} in {path.name} lacks {', '.join(_missing(factory))}; "
            "docs/tutorials/own-searcher.md shows them"
        )
    try:
        inspect.signature(factory).bind(None, None, 0.0, 1, rng=None)
    except TypeError as error:
        raise InputError(
            f"{attribute} in {path.name} cannot be made ({error}); "
            "its constructor must take (space, fidelities, budget_s, n_workers, *, rng)"
        ) from None


def _missing(factory: type) -> list[str]:
    return [name for name in _METHODS if not callable(getattr(factory, name, None))]


# ------------------------------------------------------------------------------------------------------ identity


def source_of(files: Sequence[Path]) -> str:
    """Return twelve hex digits that name the content of files and of the Python files beside them that they import."""
    digest = hashlib.sha256()
    for path in files:
        for file in _with_imports(path):
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _with_imports(path: Path) -> list[Path]:
    """Return the file, then what it imports of its own folder, and so on; none twice."""
    found, queue = [path], [path]
    while queue:
        for name in _imports(queue.pop()):
            parts = name.split(".")
            for n in range(1, len(parts) + 1):
                stem = path.parent.joinpath(*parts[:n])
                beside = [file for file in (stem.with_suffix(".py"), stem / "__init__.py") if file.is_file()]
                new = [file for file in beside if file not in found and parts[0] not in OURS]
                found += new
                queue += new
    return found


def _imports(path: Path) -> Iterator[str]:
    """Yield the modules that a Python file may import; none of a file in another language or with a fault."""
    if path.suffix != ".py":
        return
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def identity(factory: SearcherFactory) -> str:
    """Return what names a searcher from the command line in a folder of results; empty for one of ours."""
    match factory:
        case FromFile():
            return f"{factory.path.name}:{factory.attribute} {factory.source}"
        case Command():
            files = [Path(word) for word in factory.words if _is_file(word)]
            return f"{written(factory)} {source_of(files)}"
        case _:
            return ""


def written(command: Command) -> str:
    """Return the command without the folders of its files."""
    return shlex.join(Path(word).name if "/" in word else word for word in command.words)


def check_unchanged(factory: SearcherFactory) -> None:
    """Raise `InputError` where the file of a searcher is no longer what was given."""
    if isinstance(factory, FromFile) and source_of([factory.path]) != factory.source:
        raise InputError(f"{factory.path.name} was changed while its runs were made; choose another --out")


def settings_of_run(factory: SearcherFactory, searcher: Searcher | None) -> dict[str, Any]:
    """Return the settings of a run for its record; of a searcher from outside also what it is and where it ran."""
    match factory:
        case FromFile():
            return {**settings_of(factory.factory()), "source": identity(factory), "runs": "in process"}
        case Command():
            own = {"source": identity(factory), "runs": "in its own process"}
            if not isinstance(searcher, ProcessSearcher):
                return own
            about = searcher.about
            return {**about.settings, "name": about.name, "version": about.version, **own}
        case _:
            return settings_of(factory)
