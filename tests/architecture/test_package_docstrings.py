"""The docstring of every package lists its files: lines of a name, or names with commas, two blanks and some words."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"^(?: {4})?([a-z0-9_]+(?:, [a-z0-9_]+)*)  +\S", re.MULTILINE)
FOLDERS = sorted(f.parent for room in ("baselines", "harness", "pmfnas") for f in (ROOT / room).rglob("__init__.py"))


def listed(folder):
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
    return sorted(name for line in LINE.findall(text) for name in line.split(", "))


def held(folder):
    files = {file.stem for file in folder.glob("*.py") if not file.stem.startswith("__")}
    return sorted(files | {file.parent.name for file in folder.glob("*/__init__.py")})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(ROOT).as_posix())
def test_every_file_is_listed_and_every_listed_file_exists(folder):
    assert listed(folder) == held(folder), f"mend the list in {folder.relative_to(ROOT)}/__init__.py"


def imports_of(part):
    """Return the parts of pmfnas that a part imports."""
    place = ROOT / "pmfnas" / part
    files = place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")]
    text = "\n".join(file.read_text() for file in files)
    return set(re.findall(r"^ *(?:from|import) pmfnas\.([a-z]+)", text, re.MULTILINE)) - {part}


def test_the_docstring_of_pmfnas_says_which_part_imports_which():
    text = ast.get_docstring(ast.parse((ROOT / "pmfnas" / "__init__.py").read_text()))
    said = dict(re.findall(r"^ *([a-z]+) -> (.+)$", re.sub(r" \([^)]*\)", "", text), re.MULTILINE))
    assert said.pop("engine") == "nothing but `core`"
    found = {part: imports_of(part) - {"core"} for part in held(ROOT / "pmfnas")}
    assert {part: set(parts.split(", ")) for part, parts in said.items()} == {p: f for p, f in found.items() if f}
