"""A class in a Python file of the user's, a searcher or a predictor: found, loaded, checked, and named by its content.

A `FromFile` is a small value from which any process can make the object. The process loads the file by its path. A
hash of the content detects a file that has changed since it was given.
"""

import ast
import hashlib
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.host.missing import OURS
from pmfnas.core.errors import InputError, shown

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Requirements on a class from the command line."""

    flag: str
    """The command-line argument that names the class."""
    looks: str
    """Form of that argument's value, for error messages."""
    methods: tuple[str, ...]
    arguments: tuple[str, ...]
    """Arguments of the constructor, without `rng`."""
    page: str
    """Page of the documents that shows such a class."""
    takes_rng: bool = True
    """Whether the constructor also takes `rng`."""

    def lacks(self, factory: object) -> list[str]:
        """Return the methods that a class does not have."""
        return [name for name in self.methods if not callable(getattr(factory, name, None))]


@dataclass(frozen=True, slots=True)
class FromFile:
    """Makes the objects of a class in a Python file: a `SearcherFactory` or a `PredictorFactory`."""

    path: Path
    attribute: str
    source: str
    """`source_of` the file at the time when it was given."""

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Return a fresh object of the class."""
        return self.func(*arguments, **keywords)

    @property
    def func(self) -> Any:
        """The class, loaded once per process; called as in `functools.partial`."""
        return getattr(load_module(self.path, self.source), self.attribute)

    @property
    def identity(self) -> str:
        """File, class and hash, for the claim of a folder of results."""
        return f"{self.path.name}:{self.attribute} {self.source}"


def check_unchanged(factory: object) -> None:
    """Raise `InputError` if the file of a factory has changed since it was given."""
    if isinstance(factory, FromFile) and source_of([factory.path]) != factory.source:
        raise InputError(f"{factory.path.name} was changed while its runs were made; choose another --out")


def class_in_file(text: str, wanted: Wanted) -> tuple[str, FromFile]:
    """Return the name and the factory of `[NAME=]PATH.py:CLASS`; the default name is that of the class.

    The file is loaded and checked.

    Raises:
        InputError: `text` has another form, there is no such file, it fails to import, or it has no such class.
    """
    given, location = named(text)
    path_text, _, attribute = location.rpartition(":")
    path = Path(at_home(path_text))
    if not path_text or not attribute.isidentifier():
        raise InputError(f"{wanted.flag} is {shown(text)}, but {wanted.looks}")
    if path.suffix != ".py" or not is_file(path):
        raise InputError(
            f"{wanted.flag} is {shown(text)}, but {str(path.absolute())!r} is no Python file; give the path of one"
        )
    found = FromFile(path.resolve(), attribute, source_of([path.resolve()]))
    _check(load_module(found.path, found.source), attribute, path, wanted)
    return given or attribute, found


def _check(module: ModuleType, attribute: str, path: Path, wanted: Wanted) -> None:
    """Raise `InputError` unless the module's attribute is a class that meets the requirements."""
    factory = getattr(module, attribute, None)
    if not callable(factory):
        classes = [name for name, value in vars(module).items() if inspect.isclass(value) and not wanted.lacks(value)]
        methods = f"{', '.join(wanted.methods[:-1])} and {wanted.methods[-1]}"
        has = f"it has: {', '.join(classes)}" if classes else f"no class of it has {methods}"
        raise InputError(f"{path.name} has no class {attribute}; {has}")
    if inspect.isclass(factory) and wanted.lacks(factory):
        raise InputError(
            f"{attribute} in {path.name} lacks {', '.join(wanted.lacks(factory))}; {wanted.page} shows them"
        )
    try:
        inspect.signature(factory).bind(*wanted.arguments, **({"rng": None} if wanted.takes_rng else {}))
    except TypeError as error:
        raise InputError(
            f"{attribute} in {path.name} cannot be made ({error}); "
            f"its constructor must take ({', '.join(wanted.arguments)}{', *, rng' if wanted.takes_rng else ''})"
        ) from None


def named(text: str) -> tuple[str, str]:
    """Return the name before `=`, which may be empty, and the rest of the text."""
    name, equals, rest = text.strip().partition("=")
    return (name, rest) if equals and NAME.fullmatch(name) else ("", text.strip())


def at_home(path: str) -> str:
    """Return a path with `~` at its beginning replaced by the home folder; raise `InputError` if that is unknown."""
    try:
        return str(Path(path).expanduser()) if path.startswith("~") else path
    except RuntimeError:
        raise InputError(f"{shown(path)} is in a home folder, but there is none; set HOME or write the path") from None


def is_file(path: str | Path) -> bool:
    """Whether `path` is a file; False for a text that is too long for a path."""
    return os.path.isfile(path)  # noqa: PTH113  a `Path` raises there


def load_module(path: Path, source: str) -> ModuleType:
    """Return the file as a loaded module; its imports are searched in its own folder last."""
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
    """Return the error, with the line of the file."""
    lines = (
        [frame.lineno for frame in inspect.getinnerframes(error.__traceback__) if frame.filename == str(path)]
        if (error.__traceback__)
        else []
    )
    where = f" (line {lines[-1]})" if lines else ""
    return " ".join(f"{type(error).__name__}: {error}{where}".split())


# ------------------------------------------------------------------------------------------------------ identity


def source_of(files: Sequence[Path]) -> str:
    """Return a hash, twelve hex digits, of files and of the Python files in their folders that they import."""
    digest = hashlib.sha256()
    for path in files:
        for file in source_files(path):
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def source_files(path: Path) -> list[Path]:
    """Return the file and all files of its folder that it imports, directly or through others, without duplicates."""
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
    """Yield the modules that a Python file may import; nothing for a file that is not valid Python."""
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
