"""The verb `table` knows a writer for every kind of folder, and says what it knows of any other."""

import json

import pytest

from harness.cli.main import main
from harness.cli.table import WRITERS
from harness.compare.studies import STUDIES
from harness.experiment.specs import EXPERIMENTS

ELSEWHERE = {"compare", "peers", "search", "search-compare"}


def test_every_experiment_has_a_writer():
    assert set(WRITERS) == {*EXPERIMENTS, *STUDIES, *ELSEWHERE}


@pytest.mark.parametrize("name", ["predictors", "table3", None])
def test_a_folder_of_another_kind_is_refused(name, tmp_path, capsys):
    (tmp_path / "spec.json").write_text(json.dumps({"experiment": name}))
    assert main(["table", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert f"holds the experiment {str(name)!r}, but `table` knows no-big-cells, published" in said
    assert "run the verb that made it again" in said


@pytest.mark.parametrize("name", sorted(set(WRITERS) - {"search", "search-compare"}))
def test_a_folder_without_finished_runs_is_refused(name, tmp_path, capsys, surrogate_table, monkeypatch):
    monkeypatch.setenv("PMFNAS_CACHE", str(surrogate_table.path.parent))
    claim = {"experiment": name, "budget_s": 3600.0, "workers": 1, "accounting": "resume"}
    (tmp_path / "spec.json").write_text(json.dumps(claim))
    (tmp_path / "3h").mkdir()
    (tmp_path / "3h" / "spec.json").write_text(json.dumps(claim))
    assert main(["table", str(tmp_path), "--data", "surrogate"]) == 2
    assert "holds no finished run; run the" in capsys.readouterr().err
    assert {file.name for file in tmp_path.iterdir()} == {"spec.json", "3h"}


def test_a_folder_that_is_none_is_refused(tmp_path, capsys):
    assert main(["table", str(tmp_path)]) == 2
    assert "is not a folder of results: it has no spec.json" in capsys.readouterr().err
