"""How near the surrogate is to real values, on classes that its fit did not use."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau

from harness.fit.surrogate import table_rows, used_half
from harness.fit.surrogate_report import EARLY, held_out
from pmfnas.benchmarks.surrogate.layout import FINALS, SCHEDULES, SEARCHED
from pmfnas.benchmarks.surrogate.model import all_archs, cell_space, read_model, shipped_bytes
from pmfnas.benchmarks.table import CurveTable
from pmfnas.core.types import arch_numbers

N_CLASSES = 6_466
LEAST_TAU = 0.90
FARTHEST_EARLY = 0.08
"""Rank correlations of early epochs differ from those of the anchored table by no more."""


@pytest.fixture(scope="module")
def real(anchors: Path) -> dict[str, np.ndarray]:
    """Real values in the order of arch numbers, from the file itself."""
    with np.load(anchors / "nb201_anchors.npz", allow_pickle=False) as data:
        order = np.argsort(arch_numbers(data["arch_ops"], (5,) * 6))
        names = ("arch_ops", "isomorph_class", "valid_acc_200_seeds")
        return {name: data[name][order] for name in names}


@pytest.fixture(scope="module")
def is_used(anchored_table: CurveTable) -> np.ndarray:
    return used_half(anchored_table, table_rows(anchored_table))


@pytest.fixture(scope="module")
def measured(anchored_table: CurveTable, is_used: np.ndarray) -> dict:
    return held_out(read_model(shipped_bytes()), anchored_table, table_rows(anchored_table), ~is_used)


@pytest.fixture(scope="module")
def shipped() -> dict:
    return read_model(shipped_bytes()).notes


# -------------------------------------------------------------------------------------------------- the split


def test_at_most_half_of_the_official_classes_is_used(real: dict[str, np.ndarray], is_used: np.ndarray):
    np.testing.assert_array_equal(real["arch_ops"], all_archs(cell_space()))
    used, held = set(real["isomorph_class"][is_used]), set(real["isomorph_class"][~is_used])
    assert len(used | held) == N_CLASSES
    assert len(used) <= N_CLASSES // 2
    assert not used & held


def test_no_trial_is_on_both_sides(real: dict[str, np.ndarray], is_used: np.ndarray):
    trials = real["valid_acc_200_seeds"].transpose(0, 2, 1)  # (n_archs, n_trials, 3)
    exists = ~np.isnan(trials).any(axis=-1)
    sides = [{row.tobytes() for row in trials[side][exists[side]]} for side in (is_used, ~is_used)]
    assert len(sides[1]) > 5_000
    assert not sides[0] & sides[1]


def test_the_shipped_model_is_fitted_to_the_anchored_table_of_this_version(shipped: dict, anchored_table: CurveTable):
    now = anchored_table.header.fingerprint
    assert shipped["fitted to"] == now, "refit: python -m harness data fit-surrogate anchored --out FILE"


def test_what_is_held_out_is_what_the_notes_say(is_used: np.ndarray, shipped: dict):
    assert (shipped["archs used"], shipped["archs held out"]) == (is_used.sum(), (~is_used).sum())
    assert shipped["classes held out"] == N_CLASSES - N_CLASSES // 2


# -------------------------------------------------------------------------------------------------- how near it is


@pytest.mark.parametrize("place", range(len(SEARCHED)), ids=SEARCHED)
def test_the_table_ranks_unseen_archs_as_real_training_does(
    surrogate_table: CurveTable, real: dict[str, np.ndarray], is_used: np.ndarray, shipped: dict, place: int
):
    """The trial mean that a run is scored by, against the trial mean in the file of real values."""
    key = FINALS[place]
    ours = surrogate_table.at(key, 200)[table_rows(surrogate_table)].astype(np.float64).mean(axis=1)[~is_used]
    theirs = np.nanmean(real["valid_acc_200_seeds"][~is_used, place].astype(np.float64), axis=1)
    tau = float(kendalltau(ours, theirs)[0])
    assert tau >= LEAST_TAU
    noted = shipped[f"{key.dataset}, final validation"]
    assert tau == pytest.approx(noted["kendall_tau"], abs=2e-3)  # noted: the model's mean, without float32 and trials
    assert np.sqrt(np.mean((ours - theirs) ** 2)) == pytest.approx(noted["rmse_pct"], abs=0.01)


@pytest.mark.parametrize("suffix", ["", ", one arch per class"])
@pytest.mark.parametrize("name", SEARCHED)
def test_the_notes_are_what_the_model_does(measured: dict, shipped: dict, name: str, suffix: str):
    figure = f"{name}, final validation{suffix}"
    assert measured[figure]["kendall_tau"] >= LEAST_TAU
    for unit, tolerance in (("kendall_tau", 5e-4), ("rmse_pct", 2e-3), ("top_1_percent_overlap", 0.04)):
        assert measured[figure][unit] == pytest.approx(shipped[figure][unit], abs=tolerance), unit


@pytest.mark.parametrize("name", SEARCHED)
def test_early_epochs_tell_as_much_as_in_the_anchored_table(measured: dict, shipped: dict, name: str):
    figure = f"{name}, Spearman with final validation, surrogate / anchored"
    assert set(measured[figure]) == set(shipped[figure])
    assert "12 x-valid-acc" in measured[figure]
    for curve, text in measured[figure].items():
        pairs, noted = _pairs(text), _pairs(shipped[figure][curve])
        assert [epoch for epoch, *_ in pairs] == list(EARLY[curve.split()[0]])
        for (epoch, ours, theirs), (_, ours_noted, _) in zip(pairs, noted, strict=True):
            assert abs(ours - theirs) <= FARTHEST_EARLY, (curve, epoch)
            assert ours == pytest.approx(ours_noted, abs=0.011), (curve, epoch)


def _pairs(text: str) -> list[tuple[int, float, float]]:
    """Return (epoch, surrogate, anchored) of `1: 0.28 / 0.28, 2: ...`."""
    found = re.findall(r"(\d+): (-?[\d.]+) / (-?[\d.]+)", text)
    return [(int(epoch), float(ours), float(theirs)) for epoch, ours, theirs in found]


def test_every_schedule_is_compared_early():
    assert set(EARLY) == set(SCHEDULES)
