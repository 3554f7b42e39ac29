"""The recordings: whole, of the problems that they name, and read as a search on the problem itself would see them."""

import numpy as np
import pandas as pd
import pytest

from harness.problems import recording
from harness.problems.comparing import recording as read_once
from harness.problems.problem import NAMES, Problem
from harness.problems.recorded import RecordedProblem, Recording
from pmfnas import Choices, Metric
from pmfnas.core.types import Train


@pytest.mark.parametrize("name", NAMES)
def test_every_arch_was_trained_on_both_schedules(name):
    recorded = read_once(name)
    for schedule, n_epochs in recorded.problem.schedules.items():
        shape = (recorded.problem.space.n_archs, recording.N_TRIALS)
        trainings = recorded.trainings[schedule]
        assert trainings.valid.shape == trainings.train_loss.shape == (*shape, n_epochs)
        assert np.isfinite(trainings.valid).all()
        assert (trainings.train_s > 0).all()
        assert trainings.train_s.shape == trainings.valid_s.shape == shape


@pytest.mark.parametrize("name", NAMES)
def test_a_training_of_today_ends_as_the_recorded_one(name):
    pytest.importorskip("sklearn")
    if name == "digits_cnn":
        pytest.importorskip("torch")
    recorded = read_once(name)
    arch = recorded.problem.guessed
    number = recorded.problem.space.number(arch)
    row = recording.trained(recorded.problem, number, "short", 1)
    assert row["why"] == ""
    assert row["valid"][-1] == pytest.approx(recorded.trainings["short"].valid[number, 1, -1], rel=0.03)


def test_where_larger_is_worse():
    """Of the boosted trees, the deepest are worse than stumps, and at the largest learning rate more are worse."""
    recorded = read_once("diabetes_boosting")
    shape = recorded.problem.space.cardinalities
    finals = recorded.finals.reshape(shape)  # depth first, learning rate last
    assert finals[-1].mean() > finals[0].mean() + 2.0
    curve = recorded.trainings["long"].valid.mean(axis=1).reshape(*shape, -1)[..., -1, :].mean(axis=(0, 1, 2, 3))
    assert curve[-1] > curve.min() + 0.3


# ------------------------------------------------------------------------------------------------ a toy problem


def toy(train, **given) -> Problem:
    space = Choices(a=[1, 2, 3], b=["x", "y"])
    settings = {"metric": Metric("valid_loss", goal="minimise", unit="positive"), "schedules": {"s": 2, "l": 4}}
    return Problem("toy", train, space, **{**settings, "guess": {"a": 2, "b": "y"}, **given})


def falls(arch, run):
    for epoch in run.epochs:
        run.report(train_loss=1.0 / epoch, valid_loss=float("nan") if (arch.a, epoch) == (3, 3) else arch.a / epoch)


@pytest.fixture
def recorded(tmp_path):
    pytest.importorskip("threadpoolctl", reason="recording needs scikit-learn, which brings it")
    own = toy(falls)
    recording.write(recording.record(own, tmp_path), tmp_path / "toy.parquet")
    return Recording(own, recording.read(tmp_path / "toy.parquet"))


def test_a_recording_keeps_curves_and_failures(recorded):
    own = recorded.problem
    assert own.guessed == (1, 1)
    assert own.ordered == (True, False)
    assert recorded.final((1, 0)) == pytest.approx(0.5, rel=1e-3)
    assert recorded.best == pytest.approx(0.25, rel=1e-3)
    assert recorded.final((2, 0)) == pytest.approx(0.5, rel=1e-3), "a failed training counts as the worst that ended"


def test_segments_cost_what_the_whole_costs_but_for_set_up(recorded):
    def cost(start, stop):
        return RecordedProblem(recorded).train(Train((0, 1), "l", start, stop, tuple(range(start + 1, stop + 1))), 0)[1]

    whole, parts = cost(0, 4), [cost(0, 1), cost(1, 4)]
    assert sum(part.train_s for part in parts) == pytest.approx(whole.train_s)
    assert sum(part.valid_s for part in parts) == pytest.approx(whole.valid_s)


def test_a_training_that_failed_is_paid_until_then(recorded):
    curve, cost = RecordedProblem(recorded).train(Train((2, 0), "l", 0, 4), 0)
    _, before = RecordedProblem(recorded).train(Train((2, 0), "l", 0, 3), 0)
    assert np.isnan(curve.valid_acc).all()
    assert cost.train_s == before.train_s


def test_scores_are_larger_where_the_metric_is_smaller(recorded):
    benchmark = RecordedProblem(recorded)
    first, second = (benchmark.train(Train((a, 0), "s", 0, 2), 0)[0].last_valid_acc for a in (1, 0))
    assert first == pytest.approx(50.0), "the first value of a run is what others are measured against"
    assert second > first


def test_recording_goes_on_where_it_stopped(tmp_path):
    pytest.importorskip("threadpoolctl", reason="recording needs scikit-learn, which brings it")
    own, seen = toy(falls), []

    def counting(arch, run):
        seen.append(dict(arch))
        falls(arch, run)

    whole = recording.record(own, tmp_path)
    lines = (tmp_path / "toy.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "toy.jsonl").write_text("".join(lines[:-2]) + lines[-2][:20])
    again = recording.record(toy(counting), tmp_path)
    assert len(seen) == 3, "two trainings, and the first of them once before, to load what it needs"
    pd.testing.assert_frame_equal(whole.drop(columns=[*recording.SECONDS]), again.drop(columns=[*recording.SECONDS]))
