"""The folder of a search has one owner at a time."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.experiment.folder import LOCK, SPEC, locked, read_claim
from harness.search.folder import claim
from pmfnas.core.errors import InputError

MINE = {"experiment": "search", "seed": 0}
ROOT = Path(__file__).parents[4]
HOLD = "import sys; from pathlib import Path; from harness.search.folder import locked\n"
HOLD += "with locked(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"


@pytest.fixture
def out(tmp_path):
    claim(tmp_path / "out", MINE, resume=False)
    return tmp_path / "out"


@pytest.fixture
def holder(out):
    """Return another process that holds the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(out)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate(timeout=60)


def test_two_processes_cannot_search_in_one_folder(out, holder):
    with (
        pytest.raises(InputError, match=rf"is in use by a search at work \(process {holder.pid}\); wait for it"),
        locked(out),
    ):
        pass
    with pytest.raises(InputError, match="add --resume"):
        claim(out, MINE, resume=False)


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_a_process_that_was_killed_holds_nothing(out, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait(timeout=60)
    with locked(out):
        assert (out / LOCK).read_text() == f"{os.getpid()}\n"


def test_a_folder_can_be_held_again_by_who_let_it_go(out):
    for _ in range(2):
        with locked(out):
            pass


def test_the_second_of_two_does_not_overwrite_a_claim(tmp_path, monkeypatch):
    out = tmp_path / "out"
    real = locked

    def slower(folder):
        (folder / SPEC).write_text('{"experiment": "search", "seed": 7}')  # the other one, in between
        return real(folder)

    monkeypatch.setattr("harness.search.folder.locked", slower)
    with pytest.raises(InputError, match="holds results with seed 7, but this run has seed 0"):
        claim(out, MINE, resume=False)
    assert read_claim(out)["seed"] == 7


def test_a_folder_with_nothing_but_a_lock_is_free(tmp_path):
    (tmp_path / LOCK).write_text("12\n")
    claim(tmp_path, MINE, resume=False)
    assert read_claim(tmp_path) == MINE


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(out):
    (out / LOCK).chmod(0o400)
    with pytest.raises(InputError, match="cannot be written"), locked(out):
        pass
