"""The examples of `pmfnas.search` in the README run as they are written, from the wheel alone."""

import re
import subprocess
import sys

import pytest

from tests.support.documents import ROOT, read

pytest.importorskip("hatchling", reason="building the wheel needs hatchling")
pytest.importorskip("sklearn", reason="the example trains a network of scikit-learn")

RUN = "import sys, runpy; sys.path.insert(0, sys.argv[1]); runpy.run_path(sys.argv[2], run_name='__main__')"
BLOCKS = [b.text for b in read(ROOT / "README.md").blocks if b.language == "python" and "pmfnas.search(" in b.text]


def test_there_is_one_of_five_lines_and_a_whole_one():
    short, whole = BLOCKS
    assert len(short.strip().splitlines()) <= 6
    assert {"run.checkpoint.load()", "run.checkpoint.save(", "run.wants_validation"} <= set(
        re.findall(r"run\.checkpoint\.\w+\(\)?|run\.wants_validation", whole)
    )


@pytest.mark.parametrize("program", BLOCKS, ids=["short", "whole"])
def test_it_runs_as_it_is_written(program, wheel, tmp_path):
    (tmp_path / "mine.py").write_text(program)
    command = [sys.executable, "-I", "-c", RUN, str(wheel), "mine.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    assert re.search(r"=.*: valid_\w+ [\d.]+ after \d+ epochs of \w+", done.stdout)
    assert len(list((tmp_path / "results").glob("*/runs/*/*/*.parquet"))) == 1
