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
