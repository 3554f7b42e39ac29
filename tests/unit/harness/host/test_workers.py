"""Work in processes: results in order, progress by units, what was done before, and processes that die."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.host.workers import work_off
from pmfnas.core.errors import InputError
from tests.support.processes import children, is_running, left_running

CRASH = "a worker was killed; the same command goes on"


def squared(x: int) -> int:
    time.sleep(0.02 * (3 - x))  # the first ends last
    return x * x


def lost(x: int) -> None:
    if x == 1:
        os.kill(os.getpid(), signal.SIGKILL)


def failing(x: int) -> None:
    raise ValueError(f"no {x}")


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_results_are_in_the_order_of_the_arguments(n_jobs, capsys):
    found = work_off(squared, [(x,) for x in range(4)], label="work", unit="run", n_jobs=n_jobs, crash=CRASH)
    assert found == [0, 1, 4, 9]
    assert "finished before" not in capsys.readouterr().err


def test_what_was_done_before_is_said_in_units(capsys):
    sizes = [3, 2]
    work_off(squared, [(1,), (2,)], label="work", unit="run", n_jobs=1, crash=CRASH, sizes=sizes, done=5)
    assert "5 of 10 runs were finished before; going on" in capsys.readouterr().err


def test_no_work_is_none():
    assert work_off(squared, [], label="work", unit="run", n_jobs=1, crash=CRASH, done=2) == []


def test_the_error_of_a_call_passes():
    with pytest.raises(ValueError, match="no 7"):
        work_off(failing, [(7,)], label="work", unit="run", n_jobs=1, crash=CRASH)


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_a_process_that_is_killed_is_named_with_the_remedy():
    with pytest.raises(InputError, match=CRASH):
        work_off(lost, [(x,) for x in range(3)], label="work", unit="run", n_jobs=2, crash=CRASH)


WORKING = """
import os, time
from harness.host.workers import work_off

pids = work_off(os.getpid, [()] * 20, label="work", unit="run", n_jobs=2, crash="")
print(*set(pids), flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
def test_processes_end_when_the_one_that_started_them_is_killed():
    command = [sys.executable, "-c", WORKING]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as starter:
        pids = [int(word) for word in starter.stdout.readline().split()]
        assert pids
        assert all(is_running(pid) for pid in pids)
        starter.kill()
    assert left_running(pids, within_s=10) == []


WAITING = """
import os, time
from harness.host.workers import work_off

class Slow:
    def __reduce__(self):  # while it is sent, the processes are ready and wait
        time.sleep(60)
        return str, ()

work_off(str, [(Slow(),)] * 2, label="work", unit="run", n_jobs=2, crash="")
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
def test_processes_that_wait_for_their_first_work_end_as_well():
    command = [sys.executable, "-c", WAITING]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as starter:
        until_s = time.monotonic() + 60
        while len(children(starter.pid)) < 3 and time.monotonic() < until_s:  # two and their tracker of resources
            time.sleep(0.05)
        time.sleep(1.5)
        pids = children(starter.pid)
        starter.kill()
    assert len(pids) >= 3
    assert left_running(pids, within_s=10) == []
