"""A folder of results has one owner: claims, sources, what may become one, and files that people read."""

import json

import pytest

from harness.experiment import folder
from harness.experiment.folder import SPEC, check_claim, check_free, claim, json_text, manifest, read_claim
from pmfnas.core.errors import DataError, InputError

MINE = {"experiment": "table2", "budget_s": 3600.0, "excluded": None}
ONE, OTHER = {"Mine": "mine.py:Mine 0123"}, {"Mine": "mine.py:Mine 4567"}


def test_a_claim_is_made_once_and_kept(tmp_path):
    out = tmp_path / "a" / "out"
    assert not check_claim(out, MINE)
    assert not out.exists()
    claim(out, MINE)
    claim(out, MINE)
    assert check_claim(out, MINE)
    assert read_claim(out) == MINE


@pytest.mark.parametrize("change", [claim, check_claim])
def test_another_claim_is_refused_and_nothing_is_written(tmp_path, change):
    claim(tmp_path, MINE)
    before = (tmp_path / SPEC).read_bytes()
    said = r"with budget_s 3600\.0, but this run has budget_s 60\.0; choose another --out, such as --out .*-2, or"
    with pytest.raises(InputError, match=said):
        change(tmp_path, {**MINE, "budget_s": 60.0})
    assert (tmp_path / SPEC).read_bytes() == before


def test_sources_are_added_and_never_exchanged(tmp_path):
    claim(tmp_path, MINE)
    claim(tmp_path, MINE, ONE, flag="--searcher")
    claim(tmp_path, MINE, {"Theirs": "node a.js 89ab"}, flag="--searcher")
    assert read_claim(tmp_path)["sources"] == {**ONE, "Theirs": "node a.js 89ab"}
    said = "holds results of Mine from mine.py:Mine 0123, but it is mine.py:Mine 4567 now; .* --searcher NAME="
    for change in (claim, check_claim):
        with pytest.raises(InputError, match=said):
            change(tmp_path, MINE, OTHER, flag="--searcher")
    assert read_claim(tmp_path)["sources"]["Mine"] == ONE["Mine"]


def test_sources_under_their_old_name_are_read(tmp_path):
    (tmp_path / SPEC).write_text(json.dumps({**MINE, "entrants": ONE}))
    assert read_claim(tmp_path)["sources"] == ONE
    with pytest.raises(InputError, match="holds results of Mine"):
        check_claim(tmp_path, MINE, OTHER)


def test_a_folder_of_something_else_is_no_folder_of_results(tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="is not a folder of results; choose another --out"):
        claim(tmp_path, MINE)
    with pytest.raises(InputError, match=r"is not a folder of results: it has no spec\.json"):
        read_claim(tmp_path)
    check_free(tmp_path, own={"thesis.txt"})
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_damaged_claim_is_named(tmp_path):
    (tmp_path / SPEC).write_text("{")
    with pytest.raises(DataError, match=r"spec\.json is damaged .*; remove the folder or choose another"):
        read_claim(tmp_path)


def test_a_file_for_people_has_a_line_for_each_entry_of_an_entry():
    entries = {"seeds": [0, 9], "none": {}, "searchers": {"asha": {"eta": None, "ladder": [1, 2]}, "b": 1}}
    text = json_text(entries)
    assert json.loads(text) == entries
    assert text.splitlines()[1:5] == [
        ' "seeds": [0, 9],',
        ' "none": {},',
        ' "searchers": {',
        '  "asha": {"eta": null, "ladder": [1, 2]},',
    ]


def test_a_manifest_is_claim_content_and_versions(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "git", lambda *arguments: "abc" if arguments[0] == "rev-parse" else "")
    claim(tmp_path, MINE)
    made = manifest(tmp_path, {"runs": 4}, ("numpy", "no-such-package"))
    assert list(made) == [*MINE, "runs", "commit", "modified", "python", "machine", "packages"]
    assert (made["runs"], made["commit"], made["modified"]) == (4, "abc", False)
    assert made["packages"]["no-such-package"] == "not installed"
