"""Segments that hang: who notices, what is written, and that the search goes on without them."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from harness.search.watchdog import Patience, Watchdog
from pmfnas.training.recipe import Recipe

SOON = Patience(factor=10.0, floor_s=0.05, first_s=0.05)


def dog(bark=lambda reason: None, patience=SOON, poll_s=0.005):
    return Watchdog(bark, patience, poll_s=poll_s)


def test_the_limit_follows_the_longest_share_measured():
    watchdog = dog(patience=Patience(factor=30.0, floor_s=300.0, first_s=3600.0))
    assert watchdog.limit_s(4) == 3600.0
    watchdog.learn(2.0)
    watchdog.learn(1.0)
    assert watchdog.limit_s(4) == 300.0
    watchdog.learn(20.0)
    assert watchdog.limit_s(4) == 30.0 * 20.0 * 4


def test_an_epoch_that_ends_in_time_is_learnt_without_an_alarm():
    heard = []
    watchdog = dog(heard.append, Patience(factor=10.0, floor_s=0.0, first_s=60.0))
    with watchdog.watching(2):
        pass
    assert heard == []
    assert 0 < watchdog.limit_s(2) < 60.0


def test_an_epoch_that_hangs_is_told_with_the_reason_while_it_hangs():
    heard, freed = [], threading.Event()

    def bark(reason):
        heard.append(reason)
        freed.set()

    with dog(bark).watching(3):
        assert freed.wait(20.0)
    assert heard == ["hung: an epoch of 3 candidates took over 0 s, the most for a first one"]


def test_an_epoch_that_fails_teaches_nothing_and_ends_the_watch():
    watchdog = dog()
    with pytest.raises(ZeroDivisionError), watchdog.watching(1):
        raise ZeroDivisionError
    assert watchdog.limit_s(1) == SOON.first_s
    assert not any("_watch" in thread.name for thread in threading.enumerate())


def test_seconds_in_which_the_process_was_stopped_do_not_count():
    readings = iter([0.0, 0.0, *range(1000, 10**6, 1000)])  # a gap of 1000 s at every look counts as 0.01 s
    heard, looks = [], []

    def clock():
        looks.append(1)
        return float(next(readings))

    watchdog = Watchdog(heard.append, Patience(first_s=0.5), poll_s=0.005, clock=clock)
    with watchdog.watching(1):
        while len(looks) < 12 and not heard:
            threading.Event().wait(0.001)
    assert heard == []


# ------------------------------------------------------------------------------------------- behind the whole search

torch = pytest.importorskip("torch", reason="torch is not installed: no training here (extra train)")

from harness.search.device import DeviceExecutor  # noqa: E402
from harness.search.result import conclude  # noqa: E402
from harness.search.run import open_search, run_search  # noqa: E402
from harness.search.spec import SearchSpec  # noqa: E402
from pmfnas.core.types import Failed, Ticket, Train  # noqa: E402
from pmfnas.loop.executor import paired_trials  # noqa: E402
from pmfnas.loop.journal import Journal  # noqa: E402
from pmfnas.training import session as session_module  # noqa: E402
from tests.support.training_runs import ticking, tiny_benchmark, tiny_images  # noqa: E402

A, B, C = (3, 3, 1, 3, 1, 3), (2, 0, 4, 1, 3, 2), (1, 4, 0, 3, 2, 1)


def test_only_those_of_the_pack_that_hangs_fail_and_pay_their_share(tmp_path, monkeypatch):
    clock = ticking()
    benchmark = tiny_benchmark(tmp_path, width=2, clock=clock)
    device = DeviceExecutor(benchmark, paired_trials(benchmark, 0), width=3, clock=clock)
    device.submit([Ticket(i, Train(arch, "4", 0, 2)) for i, arch in enumerate((A, B, C))])
    seen = []

    def hangs(group):
        del group
        seen.append(device.hung("hung: a reason"))
        raise KeyboardInterrupt

    monkeypatch.setattr(benchmark.session, "_epoch", hangs)
    with pytest.raises(KeyboardInterrupt):
        device.next_event(1e9)
    ((first, second),) = seen  # the pack of two; the third waits for its turn
    assert [event.ticket.number for event in (first, second)] == [0, 1]
    assert all(event.outcome == Failed("hung: a reason", first.outcome.cost) for event in (first, second))
    assert first.outcome.cost.train_s > 0
    assert 2 * first.outcome.cost.total_s <= first.time_s


def test_a_search_whose_segment_hangs_goes_on_without_it_and_says_so(tmp_path, monkeypatch):
    images = tiny_images(90, 5)
    np.savez(tmp_path / "mine.npz", images=images.pixels, labels=images.labels)
    recipe = Recipe(channels=(4, 4, 8), cells_per_stage=1, batch_size=32)
    spec = SearchSpec(
        "mine", tmp_path / "mine.npz", schedules=(1, 3), budget_s=700.0, searcher="asha", device="cpu", recipe=recipe
    )
    out, real, calls, freed = tmp_path / "out", session_module.train_epoch, [], threading.Event()

    def hangs(*arguments):
        calls.append(1)
        if len(calls) == 4:
            assert freed.wait(60.0)
            raise KeyboardInterrupt  # the process would be gone
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(session_module, "train_epoch", hangs)
        opened = open_search(spec, out, resume=False)
        patience = Patience(factor=0.0, floor_s=3.0, first_s=60.0)
        with pytest.raises(KeyboardInterrupt):
            run_search(opened, clock=ticking(5.0), start_anew=freed.set, patience=patience)
    *_, last = Journal(out / "journal.jsonl").read()
    assert isinstance(last.outcome, Failed)
    assert last.outcome.reason.startswith("hung: an epoch of 1 candidate took over 3 s; the slowest so far took")
    assert last.outcome.cost.train_s > 0
    result = conclude(run_search(open_search(spec, out, resume=True), clock=ticking(5.0)), out)
    assert result["tickets"]["failed"] == 1
    assert result["epochs"] == 3
    assert "the process starts anew" in (out / "log.txt").read_text()


@pytest.mark.skipif(os.name != "posix", reason="a process is replaced in place on POSIX only")
def test_a_process_starts_anew_with_its_own_command_and_resume(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import os, sys, threading\n"
        "from harness.search.watchdog import start_anew\n"
        "print(os.getpid(), *sys.argv[1:])\n"
        "if '--resume' not in sys.argv:\n"
        "    threading.Thread(target=start_anew).start()\n"
        "    threading.Event().wait()\n"
    )
    root = str(Path(__file__).parents[4])
    command = [sys.executable, str(script), "search", "--smoke"]
    run = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": root}, capture_output=True, text=True, check=True, timeout=120
    )
    before, after = run.stdout.splitlines()
    assert before.endswith(" search --smoke")
    assert after == f"{before} --resume"
