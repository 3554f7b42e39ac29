"""In-run figures by hand, the script that no predictor influences, and simulated rates where they are known."""

import numpy as np
import pytest

from harness.experiment.batch import open_benchmark
from harness.predictors.gate.inrun.course import run_course
from harness.predictors.gate.inrun.engines import DAMAGED, WHOLE
from harness.predictors.gate.inrun.figures import Told, of_forecasts, of_panels, outcomes
from harness.predictors.gate.inrun.measures import IN_RUN
from harness.predictors.gate.inrun.script import Panel
from harness.predictors.gate.inrun.simulation import noticed
from harness.predictors.gate.measures import MEASURES
from pmfnas.core.types import Cost, Curve, Ok, Ticket, Train
from pmfnas.loop.ledger import Entry


class Known:
    """Truths of four archs, in log odds."""

    def about(self, panel):
        return np.array([0.0, 1.0, 2.0, 3.0])


def test_tau_and_spread_of_panels():
    archs = ((0,), (1,), (2,), (3,))
    exact = Panel("start", archs, (5.0, 6.0, 7.0, 8.0), (1.0,) * 4)
    swapped = Panel("start", archs, (3.0, 2.0, 4.0, 5.0), (0.5,) * 4)
    found = of_panels([swapped, Panel("pick", archs, (3.0, 2.0, 1.0, 0.0), (2.0,) * 4)], Known())
    assert found["start"]["tau"] == pytest.approx(4 / 6)  # one of six pairs is the wrong way round
    assert found["start"]["spread"] == pytest.approx(np.log(np.sqrt(0.5) / 0.5))
    assert found["pick"]["tau"] == -1.0
    assert of_panels([exact, swapped], Known())["start"]["tau"] == pytest.approx(5 / 6)


def entry(number, action, start, stop, told, interval, arch=(0,)):
    ones = np.ones(stop)
    curve = Curve(0, ones, ones, (stop,), np.ones(1), np.array([told]))
    request = Train(arch, "12", start, stop)
    reason = {"action": action, "mean": sum(interval) / 2, "low": interval[0], "high": interval[1]}
    return Entry(Ticket(number, request), "ok", 0, 0.0, 1.0, Cost(), 0.0, Ok(curve, Cost()), arch, reason)


def test_a_start_is_judged_by_the_continuation():
    entries = [
        entry(0, "start", 0, 3, 30.0, (50.0, 60.0)),
        entry(1, "continue", 3, 12, 58.0, (60.0, 70.0)),
        entry(2, "start", 0, 3, 40.0, (50.0, 60.0), arch=(1,)),
    ]
    told = outcomes(entries)
    assert told == [Told("start", 55.0, 50.0, 60.0, 58.0), Told("continue", 65.0, 60.0, 70.0, 58.0)]
    found = of_forecasts(told, ("start", "continue", "probe"))
    assert found["start"] == {"coverage_90": 100.0, "offset_pct": 3.0}
    assert found["continue"] == {"coverage_90": 0.0, "offset_pct": -7.0}
    assert np.isnan(found["probe"]["coverage_90"])


def test_a_distance_is_lost_on_either_side_of_the_ideal():
    coverage, reference = IN_RUN["coverage_90"], np.array([86.0, 90.0])
    assert coverage.losses(reference, np.array([70.0, 74.0])).mean() == 16.0
    assert coverage.losses(reference, np.array([100.0, 100.0])).mean() == 8.0
    assert coverage.losses(reference, np.array([92.0, 92.0])).mean() == 0.0


def test_levels_of_the_whole_gate_add_up_to_less_than_one_percent():
    assert sum(measure.level for of in (MEASURES, IN_RUN) for measure in of.values()) < 0.01


def test_no_predictor_influences_a_course(surrogate_table):
    benchmark = open_benchmark(surrogate_table, "cifar100")
    engines = WHOLE, DAMAGED["means shuffled among archs"]
    (one, said), (other, said_by_other) = (run_course(e, surrogate_table, benchmark, 5) for e in engines)
    assert [e.ticket.request for e in one] == [e.ticket.request for e in other]
    actions = [e.reason["action"] for e in one]
    counts = {action: actions.count(action) for action in ("start", "continue", "probe", "finish")}
    assert counts == {"start": 60, "continue": 30, "probe": 12, "finish": 12}
    assert {panel.kind for panel in said} == {"start", "continue", "probe", "finish", "pick"}
    trained = {e.ticket.request.arch for e in one}
    assert not trained & {arch for panel in said if panel.kind == "start" for arch in panel.archs}
    assert said[0].mean != said_by_other[0].mean
    assert sorted(said[0].mean) == pytest.approx(sorted(said_by_other[0].mean))


def test_rates_of_known_figures():
    rng = np.random.default_rng(0)

    def figures(tau, coverage):
        return {"course/start": {"tau": rng.normal(tau, 0.05, 21), "coverage_90": rng.normal(coverage, 2.0, 21)}}

    equal = {name: figures(0.5, 90.0) for name in ("whole", "a", "b")}
    damaged = {"blind": figures(0.2, 90.0), "narrow": figures(0.5, 60.0), "wide": figures(0.5, 100.0)}
    found = noticed(equal, damaged, 300, rng=rng)
    assert found.false_alarms <= 0.01
    assert set(found.equal.values()) == {0.0}
    assert all(share > 0.95 for share in found.damaged.values())
    assert noticed(equal, {"same": equal["a"]}, 300, rng=rng).damaged["same"] == 0.0
