"""Searches as processes: several at once, pairs together, finished ones kept, begun ones gone on with, none left."""

import json
import os
import time
from dataclasses import replace

import pytest

from harness.experiment.folder import locked
from harness.search.compare.running import Run, folder, log_file, run_missing, search_command, unfinished
from pmfnas.core.errors import InputError


def test_every_run_is_done_with_the_same_threads_and_none_twice(plan, fakes, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    out = tmp_path / "out"
    assert run_missing(plan, out, command=fakes) == {}
    assert {line["run"] for line in fakes.noted("end")} == {str(run) for run in plan.runs}
    assert {tuple(line["threads"]) for line in fakes.noted("begin")} == {("1", "1", "1")}
    assert unfinished(plan, out) == []
    assert run_missing(replace(plan, seeds=range(1000, 1003)), out, command=fakes) == {}
    assert len(fakes.noted("begin")) == 6


def test_searches_of_a_seed_run_together_and_never_more_than_asked_are_at_work(plan, fakes, tmp_path):
    plan = replace(plan, seeds=range(1000, 1003))
    assert [run.seed for run in plan.runs] == [1000, 1000, 1001, 1001, 1002, 1002]
    fakes.modes = dict.fromkeys(plan.runs, "meet")  # fails unless the other searcher begins with the same seed
    assert run_missing(plan, tmp_path / "out", command=fakes) == {}
    marks = [(line["time_s"], step) for event, step in (("begin", 1), ("end", -1)) for line in fakes.noted(event)]
    at_work = [sum(step for _, step in sorted(marks)[: place + 1]) for place in range(len(marks))]
    assert max(at_work) == 2


def test_one_at_a_time(plan, fakes, tmp_path):
    run_missing(replace(plan, n_jobs=1), tmp_path / "out", command=fakes)
    begun, ended = ([line["time_s"] for line in fakes.noted(event)] for event in ("begin", "end"))
    assert all(end <= begin for end, begin in zip(ended, begun[1:], strict=False))


def test_a_run_that_fails_is_named_with_its_last_line_and_the_others_go_on(plan, fakes, tmp_path, capsys):
    out, bad = tmp_path / "out", Run("random_search", 1000)
    fakes.modes[bad] = "fail"
    failures = run_missing(plan, out, command=fakes)
    assert failures == {bad: "failed with exit code 3: error: the disk is full"}
    assert len(fakes.noted("end")) == 3
    assert log_file(out, bad).read_text().splitlines() == ["a line before", "error: the disk is full"]
    assert "random_search/s1000: failed with exit code 3" in capsys.readouterr().err
    fakes.modes.clear()
    assert run_missing(plan, out, command=fakes) == {}
    assert len(fakes.noted("begin")) == 5


def test_a_run_that_ends_well_without_a_result_has_failed(plan, fakes, tmp_path):
    assert "exit code 0: it wrote nothing" in next(
        iter(run_missing(plan, tmp_path / "out", command=lambda *_: ["true"]).values())
    )


def test_interrupted_searches_end_and_the_same_call_goes_on_with_them(plan, fakes, tmp_path):
    out, first = tmp_path / "out", plan.runs[0]
    fakes.modes[first] = "hang"

    def interrupt(run):
        if run == plan.runs[1]:
            deadline_s = time.monotonic() + 20
            while not fakes.noted("at work"):
                assert time.monotonic() < deadline_s
                time.sleep(0.02)
            raise KeyboardInterrupt

    fakes.before = interrupt
    with pytest.raises(KeyboardInterrupt):
        run_missing(plan, out, command=fakes)
    (told,) = fakes.noted("told to end")
    with pytest.raises(ProcessLookupError):
        os.kill(told["pid"], 0)
    fakes.before = None
    fakes.modes.clear()
    assert run_missing(plan, out, command=fakes) == {}
    assert [line["resume"] for line in fakes.noted("begin") if line["run"] == str(first)] == [False, True]
    assert [line["resume"] for line in fakes.noted("begin") if line["run"] != str(first)] == [False] * 3


def test_the_command_of_a_search_resumes_what_has_begun(plan, tmp_path):
    run = plan.runs[0]
    own = folder(tmp_path, run)
    fresh = search_command(plan, run, own)
    assert (fresh[1].rsplit("/", 1)[-1], fresh[2]) == ("harness", "search")
    assert fresh[3:] == ["--dataset", "digits", "--searcher", "pmf_nas", "--seed", "1000", "--out", str(own)]
    own.mkdir(parents=True)
    (own / "spec.json").write_text("{}")
    assert search_command(plan, run, own) == [*fresh, "--resume"]


def test_other_settings_are_refused_and_nothing_is_started(plan, fakes, tmp_path):
    out = tmp_path / "out"
    run_missing(plan, out, command=fakes)
    other = replace(plan, claim={**plan.claim, "budget_s": 60.0}, seeds=range(1005, 1006))
    with pytest.raises(InputError, match=r"holds results with budget_s 120\.0, but this run has budget_s 60\.0"):
        run_missing(other, out, command=fakes)
    assert len(fakes.noted("begin")) == 4
    assert json.loads((out / "spec.json").read_text()) == plan.claim


def test_two_at_work_in_one_folder_are_refused(plan, fakes, tmp_path):
    out = tmp_path / "out"
    run_missing(plan, out, command=fakes)
    with locked(out), pytest.raises(InputError, match="is in use"):
        run_missing(plan, out, command=fakes)
