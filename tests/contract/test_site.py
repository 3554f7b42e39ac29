"""The site of the documents and docstrings builds without a warning, so its links lead somewhere."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.documents import ROOT

NEEDED = ("furo", "myst_parser", "sphinx")


def test_the_site_builds(tmp_path: Path) -> None:
    lacks = [package for package in NEEDED if find_spec(package) is None]
    if lacks:
        pytest.skip(f"not installed: {', '.join(lacks)}; ./reproduce.sh docs installs them")
    options = ["--quiet", "--fail-on-warning", "--keep-going", "--conf-dir", "docs", "."]
    command = [sys.executable, "-m", "sphinx", *options, str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 'href="docs/index.html"' in (tmp_path / "site" / "index.html").read_text()
    shown = (tmp_path / "site" / "docs" / "reference" / "api" / "core.html").read_text()
    assert all(f"pmfnas.core.{name}" in shown for name in ("ports.Searcher", "types.Train", "predictors.Prediction"))
