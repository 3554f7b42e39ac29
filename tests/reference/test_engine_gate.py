"""The engine's own predictor is as good as its accepted reference, and every damage of `DAMAGED` is seen.

An engine whose figures with the first seed are those of the reference is the same engine; any other is judged by the
whole gate. Damages are seen here in few courses, in the measure that is made for them; in how many runs of the whole
gate they fail, `python -m harness regress --only in-run --simulate 2000` measures.
"""

from pathlib import Path

import numpy as np
import pytest

from harness.cli.main import main
from harness.predictors.gate import asking
from harness.predictors.gate.inrun import simulation
from harness.predictors.gate.inrun.engines import DAMAGED, EQUAL, WHOLE
from harness.predictors.gate.inrun.measures import IN_RUN
from harness.predictors.gate.inrun.measuring import FULL, Plan, measure_engine
from harness.predictors.gate.reference import read_reference
from harness.predictors.gate.verdict import loss_p, n_splits

FILE = Path(__file__).parents[2] / "results" / "reference" / "predictors.json"
N_FEW, SEEN = 2, 0.02
ROUNDING = 1 / 20
"""What another processor may change in a split, as a part of the loss that the gate lets pass."""

WORST = "means shuffled among archs"
WHERE = {
    "noise added to means": ("course/start", "tau"),
    "stds of the predictor halved": ("course/start", "spread"),
    "early curves ignored": ("course/continue", "tau"),
    "probes and full trainings ignored": ("course/pick", "tau"),
    "intervals of forecasts halved": ("course/continue", "coverage_90"),
    "intervals of forecasts tripled": ("course/continue", "coverage_90"),
}


@pytest.fixture(scope="module")
def accepted():
    sections = read_reference(FILE)
    return {section.data.stamp: section.values for key, section in sections.items() if key.endswith(", in run")}


def is_unchanged(table, accepted):
    """Return whether the engine's figures with the first seed are those of the reference."""
    now = measure_engine(WHOLE, table.path, Plan(1, 1, 0))
    then = accepted[table.stamp]
    return all(
        (np.abs(values - then[cell][name][: len(values)]) <= ROUNDING * IN_RUN[name].margin).all()
        for cell, figures in now.items()
        for name, values in figures.items()
    )


def passes(data):
    """Return whether the gate exits 0 on the data that `--data` names."""
    return main(["regress", "--only", "in-run", "--data", data, "--jobs", "1"]) == 0


def test_on_the_surrogate(surrogate_table, accepted, capsys):
    assert is_unchanged(surrogate_table, accepted) or passes("surrogate"), capsys.readouterr()


def test_on_real_values(anchored_table, accepted, capsys):
    assert is_unchanged(anchored_table, accepted) or passes("anchored"), capsys.readouterr()


@pytest.mark.parametrize("name", WHERE)
def test_a_damage_is_seen(name, accepted, surrogate_table):
    cell, measure = WHERE[name]
    now = measure_engine(DAMAGED[name], surrogate_table.path, Plan(N_FEW, 0, 0))[cell][measure]
    losses = IN_RUN[measure].losses(accepted["SURROGATE"][cell][measure][: len(now)], now)
    assert loss_p(losses, IN_RUN[measure].margin) < SEEN


def test_a_damaged_engine_fails_the_gate_and_is_told_how(surrogate_table, monkeypatch, capsys):
    monkeypatch.setattr(asking, "WHOLE", DAMAGED[WORST])
    monkeypatch.setattr(asking, "FULL", Plan(N_FEW, 0, 0))
    assert main(["regress", "--only", "in-run", "--data", "surrogate", "--jobs", "1"]) == 1
    told = capsys.readouterr().out
    assert "WORSE than the reference in" in told
    assert "course/start: tau went from" in told


def test_simulating_prints_rates(surrogate_table, monkeypatch, capsys):
    monkeypatch.setattr(simulation, "EQUAL", dict(list(EQUAL.items())[:1]))
    monkeypatch.setattr(simulation, "DAMAGED", {WORST: DAMAGED[WORST]})
    monkeypatch.setattr(asking, "FULL", Plan(1, 0, 0))
    assert main(["regress", "--only", "in-run", "--data", "surrogate", "--simulate", "100", "--jobs", "1"]) == 0
    told = capsys.readouterr().out
    assert "false alarms per run" in told
    assert WORST in told


def test_every_damage_is_tested():
    assert {WORST, *WHERE} == set(DAMAGED)


@pytest.mark.parametrize("stamp", ["SURROGATE", "ANCHORED"])
def test_the_reference_is_complete(stamp, accepted):
    sizes = {cell: n_splits(figures) for cell, figures in accepted[stamp].items()}
    assert {n for cell, n in sizes.items() if cell.startswith("course/")} == {3 * FULL.courses}
    assert {n for cell, n in sizes.items() if cell.startswith("search/")} == {FULL.short, FULL.long}
    assert all(np.isfinite(values).all() for figures in accepted[stamp].values() for values in figures.values())
