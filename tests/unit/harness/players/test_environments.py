"""Environments are made once, whole or not at all. The Python here is a shell script that plays venv and pip."""

import os
import stat

import pytest

from harness.players import environments as peer_environments
from harness.players.environments import INTERPRETER, MARK, AbsentError, Environment, existing, last_lines, make

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-in for Python is a shell script")

STAND_IN = """#!/bin/sh
echo "$@" >> "{log}"
case "$*" in
  "-c "*) echo {version} ;;
  "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  *requirement*) if grep -q broken "{pins}"; then
      echo "Collecting broken"; echo "ERROR: No matching distribution"; exit 1
    fi ;;
  *--help) if grep -q unimportable "{pins}"; then echo "ModuleNotFoundError: no module"; exit 1; fi ;;
esac
"""


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Return a function that writes the pins and returns the environment, and the log of what was run."""
    scripts = tmp_path / "scripts"
    (scripts / "requirements").mkdir(parents=True)
    pins, log, python = scripts / "requirements" / "toy.txt", tmp_path / "log", tmp_path / "python"
    monkeypatch.setattr(peer_environments, "SCRIPTS", scripts)
    monkeypatch.setenv("PMFNAS_PEERS", str(tmp_path / "cache"))
    monkeypatch.setenv(INTERPRETER, str(python))

    def write(text, version="3.11"):
        pins.write_text(text)
        python.write_text(STAND_IN.format(log=log, pins=pins, version=version))
        python.chmod(python.stat().st_mode | stat.S_IXUSR)
        return Environment("toy", "toy_peer.py")

    return write, log


def folders(tmp_path):
    cache = tmp_path / "cache"
    return sorted(path.name for path in cache.iterdir()) if cache.exists() else []


def test_it_is_made_once_and_found_again(world, tmp_path):
    write, log = world
    toy = write("toy==1\n")
    assert existing(toy) is None
    python = make(toy)
    assert (python.parents[1] / MARK).exists()
    ran = log.read_text()
    assert "--no-deps" in ran
    assert "toy_peer.py --help" in ran
    assert make(toy) == python == existing(toy)
    assert log.read_text() == ran
    assert len(folders(tmp_path)) == 1


def test_other_pins_are_another_environment(world):
    write, _ = world
    first = make(write("toy==1\n"))
    assert make(write("toy==2\n")) != first


@pytest.mark.parametrize(
    ("pins", "said"),
    [
        ("broken==1\n", "pip failed: Collecting broken / ERROR: No matching distribution"),
        ("unimportable==1\n", "toy_peer.py failed: ModuleNotFoundError: no module"),
    ],
)
def test_what_cannot_be_made_says_why_and_leaves_nothing(world, tmp_path, pins, said):
    write, _ = world
    with pytest.raises(AbsentError, match=said):
        make(write(pins))
    assert folders(tmp_path) == []


def test_one_without_its_mark_is_made_again(world):
    write, log = world
    toy = write("toy==1\n")
    python = make(toy)
    (python.parents[1] / MARK).unlink()
    (python.parents[1] / "half").write_text("of another attempt")
    assert existing(toy) is None
    assert make(toy) == python
    assert not (python.parents[1] / "half").exists()
    assert log.read_text().count("-m venv") == 2


@pytest.mark.parametrize(("version", "said"), [("3.9", "must name a Python 3.11 or 3.12"), ("", "must name a Python")])
def test_another_python_is_refused(world, version, said):
    write, _ = world
    with pytest.raises(AbsentError, match=said):
        make(write("toy==1\n", version))


def test_a_python_that_is_not_there_is_refused(world, monkeypatch):
    write, _ = world
    toy = write("toy==1\n")
    monkeypatch.setenv(INTERPRETER, "/no/such/python")
    with pytest.raises(AbsentError, match="PMFNAS_PEERS_PYTHON is '/no/such/python'"):
        make(toy)


def test_a_cache_that_cannot_be_written_is_said(world, tmp_path, monkeypatch):
    write, _ = world
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PMFNAS_PEERS", str(tmp_path / "file"))
    with pytest.raises(AbsentError, match="cannot be written"):
        make(write("toy==1\n"))


def test_last_lines_have_no_folders_of_this_machine():
    text = "\n".join(["begin", *(f"line {i}" for i in range(20)), "File '/home/somebody/lib/x.py', line 3"])
    said = last_lines(text)
    assert said.endswith("line 19 / File 'x.py', line 3")
    assert "begin" not in said
