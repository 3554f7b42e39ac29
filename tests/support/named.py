"""Which names that a document writes as code are not in the tree: files, modules and what they hold, tests."""

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from tests.support.documents import ROOT

ROOMS = ("baselines", "docs", "harness", "pmfnas", "tests")


def missing_names(text: str) -> Iterator[str]:
    """Yield the paths of the tree, Python files and dotted names within a piece of code that do not exist."""
    for path in re.findall(r"(?<![\w/.])(?:\w+/)+[\w.-]*", text):
        if re.search(r"[A-Z]{4}", path):  # stands for a name
            continue
        is_ours = path.split("/")[0] in ROOMS or path.startswith("results/reference/")
        if is_ours and not (ROOT / path).exists():
            yield path
    for name in re.findall(r"(?<![\w/.-])\w+\.py\b(?!:)", text):
        if name not in files() and name not in OF_THE_READER:
            yield name
    for name in re.findall(r"(?<![\w/.-])(?:pmfnas|harness|baselines)(?:\.\w+)+", text):
        if not name.endswith(".py") and not _is_there(name):
            yield name


OF_THE_READER = ("classify.py", "my_search.py", "mine.py", "my.py", "NAME_peer.py")


@cache
def files() -> frozenset[str]:
    """Return the names of all Python files of the tree."""
    return frozenset(path.name for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def _is_there(name: str) -> bool:
    """Return whether a dotted name is a module, or a name within one and what hangs on it."""
    parts = name.split(".")
    for n in range(len(parts), 0, -1):
        try:
            found = find_spec(".".join(parts[:n]))
        except ModuleNotFoundError:
            continue
        if found:
            return _holds(import_module(".".join(parts[:n])), parts[n:])
    return False


def _holds(value: object, names: list[str]) -> bool:
    for name in names:
        if not hasattr(value, name):
            return False
        value = getattr(value, name)
    return True


def missing_tests(text: str) -> Iterator[str]:
    """Yield the tests within a piece of code that do not exist: `test_file::test_name`, `::test_name`, `test_name`."""
    for file, name in re.findall(r"(?:\b(test_\w+)|(?<=`)|^)(?:\.py)?::(test_\w+)", text):
        if name not in tests() or (file and file not in tests()[name]):
            yield f"{file}::{name}"
    for name in re.findall(r"(?<![\w:/])test(?:_\w+?){5,}(?![\w.:/])", text):  # shorter ones are columns
        if name not in tests() and f"{name}.py" not in files():
            yield name


@cache
def tests() -> dict[str, frozenset[str]]:
    """Return the names of all tests, each with the files that hold it."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        for name in re.findall(r"^def (test_\w+)\(", path.read_text(), re.MULTILINE):
            found.setdefault(name, set()).add(path.stem)
    return {name: frozenset(paths) for name, paths in found.items()}
