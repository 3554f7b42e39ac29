"""The code of a folder of results, as digits."""

import shutil

import pytest

from harness.experiment.batch import RUN_CODE
from harness.host import code
from harness.host.code import ROOT, code_hash
from harness.predictors.candidates import STUDY_CODE


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    for name in ("pmfnas", "baselines", "harness"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.npz", "__pycache__"))
    monkeypatch.setattr(code, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "decides",
    [
        *("pmfnas/benchmarks/tabular.py", "pmfnas/benchmarks/table.py", "harness/experiment/exclusions.py"),
        *("harness/players/process.py", "pmfnas/loop/referee.py", "baselines/asha.py"),
    ],
)
def test_a_file_that_decides_a_run_is_part_of_it(checkout, decides):
    before = code_hash(RUN_CODE)
    (checkout / decides).write_text((checkout / decides).read_text() + "# another line\n")
    assert code_hash(RUN_CODE) != before


def test_the_place_of_a_file_is_not(checkout):
    before = code_hash(["baselines/*.py", "harness/show/*.py"])
    (checkout / "baselines" / "asha.py").rename(checkout / "harness" / "show" / "halving.py")
    assert code_hash(["baselines/*.py", "harness/show/*.py"]) == before


def test_outputs_are_not(checkout):
    before = code_hash(RUN_CODE), code_hash(STUDY_CODE)
    for file in (*(checkout / "harness" / "show").glob("*.py"), checkout / "harness" / "predictors" / "tables.py"):
        file.write_text("")
    assert (code_hash(RUN_CODE), code_hash(STUDY_CODE)) == before


def test_a_pattern_that_finds_nothing_is_a_bug():
    with pytest.raises(AssertionError, match=r"no file is called pmfnas/nothing/\*\.py"):
        code_hash(["pmfnas/nothing/*.py"])
