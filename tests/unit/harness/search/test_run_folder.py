"""The folder of a search belongs to it: no other search, code, data or process writes to it."""

import json

import pytest

from pmfnas.core.errors import InputError

pytest.importorskip("torch", reason="torch is not installed: no training here (extra train)")

from harness.experiment.folder import locked
from harness.search.folder import read_result
from harness.search.run import open_search
from tests.support.training_runs import interrupted, searched, spec_of
from tests.support.verbs import refused


def test_a_folder_of_another_search_is_left_alone(mine, tmp_path):
    out = tmp_path / "out"
    searched(spec_of(mine), out)
    before = sorted((p, p.stat().st_mtime_ns) for p in out.rglob("*"))
    for changes, message in (
        ({}, "add --resume to go on"),
        ({"seed": 1}, "holds results with seed 0, but this run has seed 1"),
        ({"split_seed": 1}, "with split_seed 0"),
        ({"width": 1}, "with width 2, but this run has width 1"),
    ):
        with pytest.raises(InputError, match=message):
            searched(spec_of(mine, **changes), out, resume=bool(changes))
    assert sorted((p, p.stat().st_mtime_ns) for p in out.rglob("*")) == before


def test_a_search_killed_before_its_result_was_written_is_concluded_again(mine, tmp_path):
    spec, out = spec_of(mine), tmp_path / "out"
    first = searched(spec, out)
    (out / "result.json").unlink()
    again = searched(spec, out, resume=True)
    assert again["epochs"] == first["epochs"]
    assert read_result(out) == again


def test_other_data_or_other_code_do_not_go_on(mine, tmp_path, monkeypatch):
    spec, out = spec_of(mine), tmp_path / "out"
    interrupted(monkeypatch, 3, spec, out)
    claim = json.loads((out / "spec.json").read_text())
    for name in ("fingerprint", "code", "torch"):
        (out / "spec.json").write_text(json.dumps({**claim, name: "other"}))
        with pytest.raises(InputError, match=f"holds results with {name} other"):
            searched(spec, out, resume=True)
    (out / "spec.json").write_text(json.dumps(claim))
    assert searched(spec, out, resume=True)["epochs"] == 3


def test_a_foreign_folder_is_left_alone(mine, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("precious")
    with pytest.raises(InputError, match="is not a folder of results"):
        searched(spec_of(mine), tmp_path / "thesis")
    assert [p.name for p in (tmp_path / "thesis").iterdir()] == ["chapter.txt"]


def test_a_folder_that_another_process_holds_is_left_to_it(capsys, mine, tmp_path):
    out = tmp_path / "out"
    open_search(spec_of(mine), out, resume=False)
    with locked(out):
        arguments = ["search", "--dataset", "mine", "--data-dir", str(mine), "--resume", "--out", str(out)]
        assert "is in use by a search at work" in refused(capsys, arguments)
        assert "has not ended" in refused(capsys, ["export", str(out), "--to", str(tmp_path / "m.pt"), "--retrain"])


def test_resuming_where_nothing_is_says_so(capsys, tmp_path):
    arguments = ["search", "--dataset", "digits", "--out", str(tmp_path / "out"), "--resume"]
    assert "is not a folder of results" in refused(capsys, arguments)


def test_exporting_before_the_end_says_so(capsys, mine, tmp_path, monkeypatch):
    out = tmp_path / "out"
    interrupted(monkeypatch, 1, spec_of(mine), out)
    assert "has not ended" in refused(capsys, ["export", str(out), "--to", str(tmp_path / "model.pt")])
    assert "is not a folder of results" in refused(capsys, ["export", str(tmp_path), "--to", str(tmp_path / "m.pt")])
