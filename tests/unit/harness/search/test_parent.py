"""A search ends with the process that started it: real processes, killed without a word."""

import os
import signal
import subprocess
import sys
import time

import pytest

from harness.search.parent import PARENT, end_with_parent, with_parent
from pmfnas.core.errors import InputError

CHILD = """
import signal, sys, time
from pathlib import Path
from harness.search.parent import end_with_parent

def end(number, frame):
    Path(sys.argv[1]).write_text("told to end")
    sys.exit(130)

signal.signal(signal.SIGTERM, end)
end_with_parent(poll_s=0.05)
print("at work", flush=True)
time.sleep(60)
"""
PARENT_OF_IT = """
import os, subprocess, sys, time
from harness.search.parent import with_parent

command = [sys.executable, "-c", sys.argv[1], sys.argv[2]]
child = subprocess.Popen(command, env=with_parent(os.environ), start_new_session=True)
time.sleep(60)
"""


def test_a_child_whose_parent_is_killed_ends_in_order(tmp_path):
    note = tmp_path / "note"
    command = [sys.executable, "-c", PARENT_OF_IT, CHILD, str(note)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout.readline() == "at work\n"
        assert not note.exists()
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        deadline_s = time.monotonic() + 20
        while not note.exists() or not note.read_text():
            assert time.monotonic() < deadline_s, "the child goes on without its parent"
            time.sleep(0.02)
    assert note.read_text() == "told to end"


def test_a_child_names_its_parent_and_a_process_of_its_own_watches_none(monkeypatch):
    assert with_parent({"A": "b"}) == {"A": "b", PARENT: str(os.getpid())}
    monkeypatch.delenv(PARENT, raising=False)
    monkeypatch.setattr("threading.Thread", None)  # starting one fails
    end_with_parent()


def test_a_number_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv(PARENT, "init")
    with pytest.raises(InputError, match="PMFNAS_PARENT is 'init', but must be the number"):
        end_with_parent()
