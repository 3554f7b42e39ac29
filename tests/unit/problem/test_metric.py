"""What a metric's values become, and the way back."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmfnas.core.errors import InputError
from pmfnas.core.metric import Metric, as_metric

METRICS = [
    (Metric("valid_acc"), 0.0, 1.0),
    (Metric("error", goal="minimise"), 0.0, 1.0),
    (Metric("acc", unit="percent"), 0.0, 100.0),
    (Metric("loss", goal="minimise", unit="positive", around=250.0), 1e-2, 1e6),
    (Metric("speed", unit="positive", around=3.0), 1e-3, 1e4),
    (Metric("reward", unit="real", around=-200.0, spread=100.0), -1500.0, 1500.0),
    (Metric("energy", goal="minimise", unit="real", around=0.0, spread=1.0), -15.0, 15.0),
]


@pytest.mark.parametrize(("metric", "low", "high"), METRICS, ids=lambda m: getattr(m, "name", ""))
@settings(max_examples=50, deadline=None, derandomize=True)
@given(data=st.data())
def test_scores_are_percent_rank_by_the_goal_and_lead_back(metric, low, high, data):
    a, b = data.draw(st.floats(low, high)), data.draw(st.floats(low, high))
    assert 0.0 <= metric.score(a) <= 100.0
    assert metric.value(metric.score(a)) == pytest.approx(a, rel=1e-6, abs=1e-6)
    better, worse = (max(a, b), min(a, b)) if metric.goal == "maximise" else (min(a, b), max(a, b))
    assert metric.score(better) >= metric.score(worse)
    assert math.isnan(metric.score(math.nan))


def test_the_first_loss_is_what_others_are_measured_against():
    loss = Metric("mse", goal="minimise", unit="positive")
    settled = loss.settled(4e5)
    assert settled.score(4e5) == pytest.approx(50.0)
    assert settled.settled(1.0) == settled
    odds = settled.score(2e5) / (100.0 - settled.score(2e5))
    assert odds == pytest.approx(2.0)  # half the loss, twice the odds
    assert Metric("acc").settled(0.3) == Metric("acc")


def test_the_unit_shows_where_it_has_one():
    assert Metric("acc", unit="percent").written(93.456) == "93.46 %"
    assert Metric("loss", unit="positive").written(0.0123456) == "0.01235"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: as_metric("rmse"), r"metric is 'rmse', of which it is not known whether larger is better; write"),
        (lambda: as_metric(3), "metric is 3, of which"),
        (lambda: Metric("reward", unit="real"), "needs a usual value and how far"),
        (lambda: Metric("x", goal="max"), "goal is 'max', but must be one of: maximise, minimise"),
        (lambda: Metric("x", unit="pct"), "unit is 'pct', but must be one of"),
        (lambda: Metric("a b"), "must be a plain word"),
        (lambda: Metric("train_loss"), "must be a plain word such as valid_acc"),
        (lambda: Metric("x", unit="positive", around=0.0), "has around 0.0, but it must be a positive"),
        (
            lambda: Metric("acc").check("acc", 93.1),
            r'acc is 93.1, .*at most 1; .* metric=Metric\("acc", unit="percent"\)',
        ),
        (lambda: Metric("acc").check("acc", -0.1), "acc is -0.1, but a metric with the unit fraction is at least 0"),
        (lambda: Metric("a", unit="percent").check("a", 101.0), "at least 0 and at most 100"),
        (lambda: Metric("l", unit="positive").check("l", -1.0), "l is -1, but a metric with the unit positive"),
    ],
)
def test_what_cannot_be_a_metric_is_said_in_one_line(wrong, message):
    with pytest.raises(InputError, match=message):
        wrong()
