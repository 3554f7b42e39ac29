"""A search with real training that is killed, and goes on: the processes a user starts, SIGKILL and SIGTERM."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: no training here (extra train)")

ROOT = Path(__file__).parents[2]
BUDGET_S = 12


@pytest.fixture
def command(tmp_path):
    rng = np.random.default_rng(3)
    labels = np.arange(300) % 3
    pixels = 60 * labels[:, None, None] + rng.integers(0, 90, size=(300, 8, 8))
    np.savez(tmp_path / "mine.npz", images=pixels.astype(np.uint8), labels=labels)
    data = ["--dataset", "mine", "--data-dir", str(tmp_path / "mine.npz")]
    settings = ["--schedules", "1,2", "--budget", f"{BUDGET_S}s", "--searcher", "asha", "--device", "cpu"]
    return [sys.executable, "-m", "harness", "search", "--smoke", *data, *settings, "--out", str(tmp_path / "out")]


def lines(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def ended_by(command, number, after_lines):
    """Start the search, send the signal `number` once its journal has so many lines, and return the exit code."""
    journal = Path(command[-1]) / "journal.jsonl"
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    until = time.monotonic() + 120
    while lines(journal) < after_lines and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(process.pid, number)
    _, error = process.communicate(timeout=60)
    return process.returncode, error.decode()


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_a_search_that_was_killed_and_stopped_goes_on_to_its_end(command):
    out = Path(command[-1])
    code, _ = ended_by(command, signal.SIGKILL, after_lines=2)
    assert code == -signal.SIGKILL
    code, error = ended_by(command, signal.SIGTERM, after_lines=4)  # a smoke search goes on by itself
    assert code == 130
    assert "go on with the same command and --resume" in error
    before = (out / "journal.jsonl").read_bytes()
    run = subprocess.run([*command, "--resume"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stderr
    assert (out / "journal.jsonl").read_bytes().startswith(before[: before.rfind(b"\n") + 1])
    result = json.loads((out / "result.json").read_text())
    assert result["epochs"] in (1, 2)  # on a busy machine the last training may not end in time
    assert result["gpu_hours"] * 3600 <= BUDGET_S + 1e-6
    assert result["arch"] in run.stdout
