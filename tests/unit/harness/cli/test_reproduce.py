"""The script `reproduce.sh`: called from any folder, through links, with spaces in every path."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.main import VERBS

ROOT = Path(__file__).parents[4]
MADE_FROM = ("pyproject.toml", "constraints.txt", "requirements-core.txt")
"""The files that .venv is made from."""
RECORDER = """#!/bin/sh
echo "in $(pwd)"
for word in "$@"; do echo "word $word"; done
echo "front $PMFNAS_FRONT"
"""


@pytest.fixture
def checkout(tmp_path):
    """A checkout whose environment is ready, and whose Python only says how it was called."""
    root = tmp_path / "my check out"
    (root / ".venv" / "bin").mkdir(parents=True)
    for name in ("reproduce.sh", *MADE_FROM):
        shutil.copy(ROOT / name, root)
    python = root / ".venv" / "bin" / "python"
    python.write_text(RECORDER)
    python.chmod(0o755)
    files = b"".join((root / name).read_bytes() for name in MADE_FROM)
    mark = subprocess.run(["cksum"], input=files, capture_output=True, check=True).stdout.decode().strip()
    (root / ".venv" / "stamp").write_text(mark + "\n")
    (root / ".venv" / "has-train").touch()
    return root


def called(script, *words, cwd, **variables):
    environment = {**os.environ, "PMFNAS_EXTRAS": "", **variables}
    return subprocess.run(
        [script, *words], cwd=cwd, capture_output=True, text=True, check=False, env=environment, timeout=60
    )


def test_the_folder_of_the_caller_stays_and_words_are_passed_whole(checkout, tmp_path):
    (tmp_path / "elsewhere" / "my photos").mkdir(parents=True)
    done = called(checkout / "reproduce.sh", "search", "--data-dir", "my photos", cwd=tmp_path / "elsewhere")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"in {tmp_path / 'elsewhere'}",
        f"word {checkout / 'harness'}",
        "word search",
        "word --data-dir",
        "word my photos",
        f"front {checkout / 'reproduce.sh'}",
    ]


def test_a_link_to_a_link_leads_to_the_checkout(checkout, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "first").symlink_to("../my check out/reproduce.sh")
    (tmp_path / "bin" / "second").symlink_to("first")
    done = called(tmp_path / "bin" / "second", "table2", "--smoke", cwd=tmp_path)
    assert done.stdout.splitlines()[1:4] == [f"word {checkout / 'harness'}", "word table2", "word --smoke"]


def test_a_python_with_a_space_in_its_name_makes_the_environment(checkout, tmp_path):
    maker = tmp_path / "my python"
    maker.write_text(f'#!/bin/sh\n[ "$2" = venv ] || exit 0\nmkdir -p "$3/bin"\ncp "{checkout}/kept" "$3/bin/python"\n')
    maker.chmod(0o755)
    shutil.copy(checkout / ".venv" / "bin" / "python", checkout / "kept")
    (checkout / ".venv" / "stamp").write_text("old")
    done = called(checkout / "reproduce.sh", "data", "info", cwd=tmp_path, PYTHON=str(maker))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-4:-1] == [f"word {checkout / 'harness'}", "word data", "word info"]


def test_a_python_that_cannot_be_used_is_named(checkout, tmp_path):
    (checkout / ".venv" / "stamp").write_text("old")
    done = called(checkout / "reproduce.sh", "data", "info", cwd=tmp_path, PYTHON="/no/such python")
    assert done.returncode == 2
    assert done.stderr == (
        "error: PYTHON is '/no/such python', but must be a Python >= 3.11; name another, or leave it out\n"
    )


@pytest.fixture
def bare(checkout):
    """A checkout without an environment, with its code."""
    shutil.rmtree(checkout / ".venv")
    for name in ("harness", "pmfnas", "baselines"):
        (checkout / name).symlink_to(ROOT / name)
    return checkout


def test_a_wrong_verb_is_refused_before_an_environment_is_made(bare, tmp_path):
    done = called(bare / "reproduce.sh", "tabel2", cwd=tmp_path, PYTHON=sys.executable)
    assert done.returncode == 2
    assert done.stderr.startswith("error: verb is 'tabel2' (did you mean 'table2'?), but must be one of: table2, ")
    assert not (bare / ".venv").exists()


@pytest.mark.parametrize("words", [["--data-dir", "photos"], ["--data-dir=photos"]])
def test_missing_images_are_refused_before_an_extra_is_installed(checkout, tmp_path, words):
    (checkout / ".venv" / "has-train").unlink()
    done = called(checkout / "reproduce.sh", "search", "--dataset", "mine", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert (done.stdout, done.stderr) == ("", "error: --data-dir is 'photos', but no such path exists\n")


def test_help_and_version_need_no_environment(bare, tmp_path):
    help_of = called(bare / "reproduce.sh", "compare", "--help", cwd=tmp_path, PYTHON=sys.executable)
    assert help_of.returncode == 0, help_of.stderr
    assert help_of.stdout.startswith("usage: ")
    assert "reproduce.sh' compare --searcher my_search.py:MySearch" in help_of.stdout
    version = called(bare / "reproduce.sh", "--version", cwd=tmp_path, PYTHON=sys.executable)
    assert version.stdout.startswith("pmfnas ")
    assert not (bare / ".venv").exists()


def test_alone_it_shows_what_people_come_for_and_then_every_verb(bare, tmp_path):
    done = called(bare / "reproduce.sh", cwd=tmp_path, PYTHON=sys.executable)
    assert done.returncode == 0, done.stderr
    first, _, rest = done.stdout.partition("All verbs")
    assert [line.split()[0] for line in first.partition("come for:\n")[2].splitlines()[:5]] == [
        *("compare", "table2", "search", "regress", "explain")
    ]
    assert all(re.search(rf"^    {verb}\b", rest, re.MULTILINE) for verb in VERBS)


def test_docs_builds_the_site_and_a_warning_is_an_error(checkout, tmp_path):
    (checkout / ".venv" / "has-docs").touch()
    done = called(checkout / "reproduce.sh", "docs", "--builder=html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    words = [line.removeprefix("word ") for line in done.stdout.splitlines() if line.startswith("word ")]
    assert words[:2] == ["-m", "sphinx"]
    assert "--fail-on-warning" in words
    assert words[-3:] == ["--builder=html", ".", "results/site"]
    assert done.stdout.splitlines()[-1] == f"the documentation is in {checkout}/results/site/index.html"
    assert "docs" in called(checkout / "reproduce.sh", cwd=tmp_path).stdout.partition("All verbs")[0]


def test_the_harness_runs_from_any_folder_by_its_own(tmp_path):
    (tmp_path / "statistics.py").write_text("raise RuntimeError('a file of the caller is no module of ours')\n")
    (tmp_path / "my searcher.py").write_text("class X: pass\n")
    command = [sys.executable, ROOT / "harness", "check-searcher", "my searcher.py:X"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    lacks = "error: X in my searcher.py lacks ask, tell, recommend; docs/tutorials/own-searcher.md shows them\n"
    assert done.stderr == lacks


def test_without_the_packages_one_line_says_where_they_are(tmp_path):
    command = [sys.executable, "-I", "-S", ROOT / "harness", "data", "info"]  # -S: no installed packages
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: package ")
    assert f"is not installed for {sys.executable}; start with " in line
    assert "reproduce.sh VERB" in line


def test_printed_commands_are_quoted_and_use_the_front_door_of_the_caller(monkeypatch):
    from harness.host.front import typed

    monkeypatch.delenv("PMFNAS_FRONT", raising=False)
    assert typed("export", Path("my results"), "--to", "model.pt") == (
        "python -m harness export 'my results' --to model.pt"
    )
    monkeypatch.setenv("PMFNAS_FRONT", "../my check out/reproduce.sh")
    assert typed("compare", "--searcher", "a.py:A") == "'../my check out/reproduce.sh' compare --searcher a.py:A"


VENV_MAKER = """#!/bin/sh
# Stands in for a Python: `-m venv DIR` makes a DIR whose python notes what pip is asked for, and lacks one package.
if [ "$2" = venv ]; then
  mkdir -p "$3/bin"
  cp "$0" "$3/bin/python"
elif [ "$2" = pip ]; then
  for word in "$@"; do last="$word"; done
  echo "$last" >> asked
  if [ "$last" = "$LACKS" ]; then echo "ERROR: No matching distribution found" >&2; exit 1; fi
fi
"""


@pytest.mark.parametrize(
    ("lacks", "asked", "said"), [("", [".[real]"], 0), (".[real]", [".[real]", "."], 1)], ids=["there", "not there"]
)
def test_real_final_values_are_installed_with_the_environment_or_missed_in_one_line(
    checkout, tmp_path, lacks, asked, said
):
    shutil.rmtree(checkout / ".venv")
    maker = tmp_path / "python"
    maker.write_text(VENV_MAKER)
    maker.chmod(0o755)
    done = called(checkout / "reproduce.sh", "table2", cwd=tmp_path, PYTHON=str(maker), LACKS=lacks)
    assert done.returncode == 0, done.stderr
    assert (checkout / "asked").read_text().split() == ["requirements-core.txt", *asked]
    lines = [line for line in done.stderr.splitlines() if "real final values" in line]
    assert len(lines) == said
    assert "ERROR" not in done.stderr
    assert (checkout / ".venv" / "stamp").is_file()


def test_where_nothing_can_be_installed_pip_says_why(checkout, tmp_path):
    shutil.rmtree(checkout / ".venv")
    maker = tmp_path / "python"
    maker.write_text(VENV_MAKER.replace('"$last" = "$LACKS"', "1 = 1"))
    maker.chmod(0o755)
    done = called(checkout / "reproduce.sh", "table2", cwd=tmp_path, PYTHON=str(maker))
    assert done.returncode == 1
    assert "ERROR: No matching distribution found" in done.stderr
    assert not (checkout / ".venv" / "stamp").exists()
