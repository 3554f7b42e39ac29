"""An experiment that is killed at any moment and started again ends with the bytes of an undisturbed one.

`PMFNAS_KILLS=20 pytest tests/reference/test_kill_and_resume.py` kills more often than the default.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.cli.main import main
from harness.experiment.batch import claim
from harness.experiment.specs import TABLE2

ROOT = Path(__file__).parents[2]
N_KILLS = int(os.environ.get("PMFNAS_KILLS", "3"))
LATEST_S = 3.5
"""After the command has said what it will do: runs take about 2 s, outputs 2 s more. A fast machine may be done before;
a moment that came too late is then halved, or it would never kill."""
N_RUNS = 12
RUN = (
    *("run", "table2", "--data", "surrogate", "--seeds", "2", "--budget", "1h", "--datasets", "cifar10,cifar100"),
    *("--searchers", "random_search,asha,pmf_nas", "--jobs", "2", "--out"),
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="process groups are killed by a signal of POSIX")


@pytest.fixture(scope="module")
def start(surrogate_table, tmp_path_factory) -> Callable[[Path], subprocess.Popen[bytes]]:
    """Starts the experiment in a process group of its own; what it says goes to a file beside OUT."""
    hidden = {"PMFNAS_ANCHORS"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment["PMFNAS_CACHE"] = str(surrogate_table.path.parent)
    environment["PYTHONUNBUFFERED"] = "1"
    environment["TORCH_HOME"] = str(tmp_path_factory.mktemp("no-official-files"))

    def begin(out: Path) -> subprocess.Popen[bytes]:
        with out.with_suffix(".log").open("ab") as log:
            command = [sys.executable, ROOT / "harness", *RUN, out]
            return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)

    return begin


@pytest.fixture(scope="module")
def undisturbed(surrogate_table, tmp_path_factory) -> Path:
    """The same experiment in this process alone."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    assert main([*RUN, str(out), "--jobs", "1"]) == 0
    return out


def killed_after(process: "subprocess.Popen[bytes]", seconds: float, log: Path, said_before: int) -> bool:
    """Return whether the process group was killed, so long after its first words, before it was done."""
    while log.stat().st_size == said_before and process.poll() is None:
        time.sleep(0.01)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def results(out: Path) -> dict[str, bytes]:
    """Return what must not depend on interruptions: the frames and every record."""
    records = {file.relative_to(out).as_posix(): file.read_bytes() for file in sorted(out.glob("runs/*/*/*.parquet"))}
    return {**{name: (out / name).read_bytes() for name in ("runs.parquet", "steps.parquet")}, **records}


def temporary(out: Path) -> list[Path]:
    return [file for file in out.rglob("*") if file.name.startswith(".") or "writing" in file.name]


def test_killed_at_random_moments_it_ends_with_the_same_bytes(start, undisturbed, tmp_path):
    out, log = tmp_path / "out", tmp_path / "out.log"
    rng = np.random.default_rng(0)
    moments_s = rng.permutation(LATEST_S * (np.arange(N_KILLS) + rng.uniform(size=N_KILLS)) / N_KILLS)  # spread evenly
    kills = 0
    while kills < N_KILLS:
        said_before = log.stat().st_size if log.exists() else 0
        process = start(out)
        if killed_after(process, float(moments_s[kills]), log, said_before):
            kills += 1
        else:
            assert process.returncode == 0, log.read_text()
            moments_s[kills] /= 2
        records = sorted(out.glob("runs/*/*/*.parquet"))
        print(f"kill {kills} of {N_KILLS}: {len(records)} of {N_RUNS} records were written")
        if len(records) == N_RUNS:  # so that there is something to run again
            for record in rng.permutation(records)[:4]:
                Path(record).unlink()
    assert start(out).wait(timeout=120) == 0, log.read_text()
    expected, found = results(undisturbed), results(out)
    assert len(expected) == N_RUNS + 2
    assert found.keys() == expected.keys()
    assert [name for name in expected if found[name] != expected[name]] == []
    assert temporary(out) == []


def test_remains_of_a_killed_write_neither_stop_the_next_command_nor_stay(surrogate_table, tmp_path):
    """Random moments seldom fall into a write, so its remains are laid by hand: of the first file, then of a record."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    out = tmp_path / "out"
    for name in ("spec.json", "runs/nb201-cifar10/asha/s0000.parquet"):
        remains = (out / name).with_name(f".{Path(name).name}.writing-{ended.pid}-0123abcd")
        remains.parent.mkdir(parents=True, exist_ok=True)
        remains.write_bytes(b"part of a fi")
        claim(out, TABLE2, surrogate_table)
        assert temporary(out) == []
    assert [file.name for file in out.rglob("*") if file.is_file()] == ["spec.json"]
