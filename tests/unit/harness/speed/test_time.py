"""How the time of the verb `speed` is shared, and what is said where it does not suffice."""

import math
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness.experiment.specs import TABLE2
from harness.speed import events, growth, measuring, page, searching
from harness.speed.figure import Figure
from harness.speed.parts import Plan

PLAN = Plan("table", "work")
PEER = "syne-tune-0.13-mobster"


def test_a_part_gets_its_share_of_the_time_left(monkeypatch):
    given = {}

    def part(name):
        return lambda plan: given.update({name: plan.left_s}) or []

    monkeypatch.setattr(measuring, "_parts", lambda: {name: part(name) for name in measuring.PARTS})
    plan = replace(PLAN, until=time.monotonic() + 1000.0)
    assert [name for name, _ in measuring.measured(plan, ("pmf_nas", "queries"))] == ["queries", "pmf_nas"]
    share = measuring.SHARES["queries"] / (measuring.SHARES["queries"] + measuring.SHARES["pmf_nas"])
    assert given["queries"] == pytest.approx(1000 * share, abs=5)
    assert given["pmf_nas"] == pytest.approx(1000, abs=5)


@pytest.mark.parametrize(("left_s", "n", "found_s"), [(math.inf, 4, 21.0), (60.0, 3, 21.0), (12.0, 1, 30.0)])
def test_an_experiment_is_scaled_up_from_as_many_seeds_as_the_time_allows(monkeypatch, left_s, n, found_s):
    asked = []

    def timed(plan, experiment, *, outputs_too):
        asked.append(experiment.n_seeds)
        return 2 + 4.0 * experiment.n_seeds, 10.0  # CPU seconds of two processes, seconds of the clock

    monkeypatch.setattr(events, "_timed", timed)
    seconds, note = events._scaled(replace(PLAN, until=time.monotonic() + left_s), TABLE2, 4, 10)
    assert asked == [1, n][: 2 if n > 1 else 1]
    assert seconds == pytest.approx(found_s)
    assert f"{n} seed" in note


@pytest.mark.parametrize(("stopped", "seconds", "ratio"), [(True, 30.0, 60.0), (True, 10.0, None), (False, 10.0, 20.0)])
def test_a_package_that_was_stopped_is_judged_only_if_it_took_long_enough(monkeypatch, stopped, seconds, ratio):
    found = {"seconds": seconds, "evaluations": 7, "stopped": stopped}
    monkeypatch.setattr(searching, "existing", lambda environment: Path(sys.executable))
    monkeypatch.setattr(searching, "in_process", lambda *each: found)
    figure = searching._beside(PLAN, PEER, 0.5, 50.0)
    assert figure.ratio == ratio
    assert ("was stopped after" in figure.note) == stopped


def test_a_curve_ends_where_a_size_takes_too_long(monkeypatch):
    answers = iter([{"seconds": 1.0, "memory_mb": 9.0}, {"seconds": 10.0, "memory_mb": 9.0}, "took more than 5 s"])
    monkeypatch.setattr(growth, "in_process", lambda *each: next(answers))
    time_of, _ = growth.seeds(PLAN)
    assert (time_of.value, time_of.note.split(";")[0]) == (pytest.approx(1 / math.log10(3)), "10 to 30")


def test_the_page_names_what_was_not_measured(tmp_path):
    slow = Figure("loop", "`table2`", None, "", note="took more than 5 s")
    alone = Figure("pmf_nas", "a run", 1.0, "s of CPU", peer=PEER, note="no environment of the peer")
    page.write({"table2": [slow], "pmf_nas": [alone]}, "SYNTHETIC", tmp_path)
    assert f"Not installed or not reached in time: `table2`, {PEER}." in page.page(tmp_path)
