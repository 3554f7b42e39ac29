"""Where the seconds went, against a record whose seconds can be worked out on paper (`tests.support.explained`)."""

from dataclasses import replace

import pytest

from harness.report.results import read_results
from harness.report.sections.spending import spending_section, spent_hours
from tests.support.explained import HEADER, STAGED, kept
from tests.support.fakes import ByHand, Scripted, play
from tests.support.frames import some_runs
from tests.support.reported import folder_of

# 31 s for 3 epochs, 91 s for the nine after them, and what is left of 400 s for the full training.
BY_HAND = {
    ("explore", "12@3"): (93.0, 3),
    ("region", "12@3"): (31.0, 1),
    ("region", "12@12"): (182.0, 2),
    ("refine", "200@200"): (94.0, 1),
}


def spent(folder):
    frame = spent_hours(read_results(folder))
    assert set(frame["dataset"]) == {"cifar100"}
    assert set(frame["searcher"]) == {"pmf_nas"}
    return {(row["stage"], row["fidelity"]): (3600 * row["hours"], row["requests"]) for row in frame.to_dict("records")}


def test_hours_by_stage_and_fidelity_are_those_of_the_record(tmp_path):
    found = spent(folder_of(tmp_path, some_runs(4)))
    assert found == {name: (pytest.approx(seconds), n) for name, (seconds, n) in BY_HAND.items()}


def test_hours_are_means_over_the_runs_with_a_record(tmp_path):
    folder = folder_of(tmp_path, some_runs(4))
    finished = play(Scripted(STAGED[:1]), budget_s=400.0, n_workers=1, accounting="resume", benchmark=ByHand())
    kept(finished, folder, replace(HEADER, searcher="pmf_nas", seed=2))
    assert spent(folder)["explore", "12@3"] == (pytest.approx((93 + 31) / 2), 2)
    assert spent(folder)["region", "12@12"] == (pytest.approx(182 / 2), 1)


def test_under_restart_repeated_epochs_are_paid_again(tmp_path):
    runs = some_runs(4).assign(accounting="restart")
    found = spent(folder_of(tmp_path, runs))
    assert found["region", "12@12"][0] == pytest.approx(182 + 2 * 30)  # the three epochs before, without validation
    assert found["explore", "12@3"][0] == pytest.approx(93.0)


def test_idle_and_unused_hours_make_up_the_budget(tmp_path):
    runs = some_runs(4).assign(gpu_hours_resume=1.75)
    section = spending_section(read_results(folder_of(tmp_path, runs)), ["asha", "pmf_nas"])
    (sheet,) = section.folded[0].sheets
    assert sheet.titles == ("searcher", "12@3", "12@12", "200@200", "idle", "not used")
    # two workers for an hour, 1.75 h of the clock, 1.5 h of them busy; the seconds by fidelity are of the one record
    assert sheet.rows == (("pmf_nas", "0.03", "0.05", "0.03", "0.25", "0.25"),)
    assert section.warnings == ("31 runs have no record here and are left out of this section.",)
