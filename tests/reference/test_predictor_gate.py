"""PMF-NAS's predictor is as good as its accepted reference: the gate itself, as `python -m harness regress` runs it.

`N_SPLITS` of a group's splits: all of those with 100 labels, less than a third of those with 20, so that the test takes
a third of the gate's time. Losses that only more splits show are for the whole gate.
"""

from pathlib import Path

import numpy as np
import pytest

from harness.cli.main import main
from harness.predictors.gate.groups import plain_groups, real_groups
from harness.predictors.gate.reference import read_reference

REFERENCE = Path(__file__).parents[2] / "results" / "reference" / "predictors.json"
N_SPLITS = 48


def passes(data):
    """Return whether the gate exits 0 on the data that `--data` names."""
    given = ["regress", "--data", data, "--reference", str(REFERENCE), "--splits", str(N_SPLITS), "--jobs", "1"]
    return main(given) == 0


def test_on_the_surrogate(surrogate_table, capsys):
    del surrogate_table
    assert passes("surrogate"), capsys.readouterr()


def test_on_real_values_and_real_curves(anchored_table, capsys):
    del anchored_table
    assert passes("anchored"), capsys.readouterr()


@pytest.mark.parametrize("stamp", ["SURROGATE", "ANCHORED"])
def test_the_reference_is_complete(stamp):
    section = read_reference(REFERENCE)[stamp]
    groups = plain_groups() + (real_groups() if stamp == "ANCHORED" else ())
    assert {cell: len(f["tau"]) for cell, f in section.values.items()} == {str(g.cell): g.n_splits for g in groups}
    assert all(np.isfinite(values).all() for figures in section.values.values() for values in figures.values())
    assert section.history[-1].reason
    assert section.predictor.name == "pmf"
