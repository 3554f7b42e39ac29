"""No output over an input or another output: by the same name, by another name of the same file, and behind links."""

import os

import pytest

from harness.cli.main import main
from harness.experiment import folder as folders
from harness.experiment.overwriting import check_folder, check_outputs, check_writable
from pmfnas.core.errors import InputError


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "results"
    (made / "runs").mkdir(parents=True)
    for name in ("table.md", "report.html", "runs/s0001.parquet"):
        (made / name).write_text("precious")
    return made


@pytest.mark.parametrize("name", ["table.md", "runs/s0001.parquet", "../results/table.md", "runs/../table.md"])
def test_no_file_of_a_folder_that_is_read_is_replaced(folder, name):
    with pytest.raises(InputError, match=r"--out is .*, but the command reads that as DIR .*results; choose another"):
        check_outputs({"--out": folder / name}, {"DIR": folder}, own=("*.html",))


def test_new_files_and_own_files_may_be_written_into_a_folder_that_is_read(folder, tmp_path):
    for path in (folder / "new.md", folder / "report.html", tmp_path / "other" / "table.md"):
        check_outputs({"--out": path}, {"DIR": folder}, own=("*.html",))


def test_links_are_followed(folder, tmp_path):
    (folder / "link.html").symlink_to(folder / "table.md")
    (tmp_path / "alias").symlink_to(folder, target_is_directory=True)
    os.link(folder / "table.md", tmp_path / "hard.md")
    for path, read in (
        (folder / "link.html", folder),
        (tmp_path / "alias" / "table.md", folder),
        (folder / "table.md", tmp_path / "alias"),
        (tmp_path / "hard.md", folder / "table.md"),
    ):
        with pytest.raises(InputError, match="choose another name"):
            check_outputs({"--out": path}, {"DIR": read}, own=("*.html",))


def test_outputs_differ_and_are_no_folders(folder):
    with pytest.raises(InputError, match=r"card is .*, but model goes there"):
        check_outputs({"model": folder / "m.md", "card": folder / "runs" / ".." / "m.md"}, {})
    with pytest.raises(InputError, match="but that is a folder; name a file in it"):
        check_outputs({"model": folder}, {})


def test_a_folder_that_is_filled_does_not_lie_in_one_that_is_read(folder, tmp_path):
    for out in (folder, folder / "runs" / "new", tmp_path / "elsewhere" / ".." / "results"):
        with pytest.raises(InputError, match="is read with all that it holds; choose another --out"):
            check_folder("--out", out, {"--data-dir": folder})
    check_folder("--out", tmp_path / "results-2", {"--data-dir": folder})


def test_a_folder_that_cannot_be_made_is_said_before_anything_is_done(folder):
    with pytest.raises(InputError, match=r"--to is .*, whose folder cannot be made"):
        check_writable("--to", folder / "table.md" / "model.pt2")
    check_writable("--to", folder / "models" / "new" / "model.pt2")
    assert (folder / "models" / "new").is_dir()


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "DIR", "--out", "DIR/table.md"],
        ["calibration", "DIR", "--out", "DIR/runs/s0001.parquet"],
        ["ceiling", "--in", "DIR", "--out", "DIR/table.md"],
    ],
)
def test_every_verb_with_an_output_refuses(arguments, folder, capsys):
    assert main([part.replace("DIR", str(folder)) for part in arguments]) == 2
    assert "the command reads that as" in capsys.readouterr().err
    assert {file.read_text() for file in folder.rglob("*") if file.is_file()} == {"precious"}


def test_a_reference_is_not_removed_to_be_copied_from_itself(folder, monkeypatch):
    monkeypatch.setattr(folders, "REFERENCE_DIR", folder.parent)
    for out in (folder, folder / "runs"):
        with pytest.raises(InputError, match="is read with all that it holds"):
            folders.copy_to_reference("results", out)
    assert (folder / "table.md").read_text() == "precious"
