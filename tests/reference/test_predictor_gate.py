"""PMF-NAS's predictor is as good as its accepted reference: the gate itself, as `python -m harness regress` runs it.

A predictor whose figures in the first splits are those of the reference is the same predictor. Any other is judged on
`N_SPLITS` of a group's splits: all of those with 100 labels, less than a third of those with 20, so that the test takes
a third of the gate's time. Losses that only more splits show are for the whole gate.
"""

from pathlib import Path

import numpy as np
import pytest

from harness.cli.main import main
from harness.predictors.candidates import CANDIDATES, REFERENCE
from harness.predictors.gate.groups import fewer, plain_groups, real_groups
from harness.predictors.gate.measures import MEASURES
from harness.predictors.gate.measuring import Source, measure_groups
from harness.predictors.gate.reference import read_reference

FILE = Path(__file__).parents[2] / "results" / "reference" / "predictors.json"
N_FIRST, N_SPLITS = 6, 48
ROUNDING = 1 / 20
"""What another processor may change in a split, as a part of the loss that the gate lets pass."""


def is_unchanged(table, anchors=None):
    """Return whether the predictor's figures in the first splits are those of the reference."""
    groups = fewer(plain_groups() + (real_groups() if anchors else ()), N_FIRST)
    now = measure_groups(CANDIDATES[REFERENCE], Source(table.path, anchors), groups, n_jobs=1)
    then = read_reference(FILE)[table.header.stamp].values
    return all(
        (np.abs(measure.losses(then[cell][name][:N_FIRST], now[cell][name])) <= ROUNDING * measure.margin).all()
        for cell in now
        for name, measure in MEASURES.items()
    )


def passes(data):
    """Return whether the gate exits 0 on the data that `--data` names."""
    few = ("--splits", str(N_SPLITS), "--jobs", "1")
    return main(["regress", "--only", "predictor", "--data", data, "--reference", str(FILE), *few]) == 0


def test_on_the_surrogate(surrogate_table, capsys):
    assert is_unchanged(surrogate_table) or passes("surrogate"), capsys.readouterr()


def test_on_real_values_and_real_curves(anchored_table, anchors, capsys):
    assert is_unchanged(anchored_table, anchors) or passes("anchored"), capsys.readouterr()


@pytest.mark.parametrize("stamp", ["SURROGATE", "ANCHORED"])
def test_the_reference_is_complete(stamp):
    section = read_reference(FILE)[stamp]
    groups = plain_groups() + (real_groups() if stamp == "ANCHORED" else ())
    assert {cell: len(f["tau"]) for cell, f in section.values.items()} == {str(g.cell): g.n_splits for g in groups}
    assert all(np.isfinite(values).all() for figures in section.values.values() for values in figures.values())
    assert section.history[-1].reason
    assert section.predictor.name == REFERENCE
