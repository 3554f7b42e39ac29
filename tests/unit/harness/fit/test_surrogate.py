"""Refusals of the fit, its split, and a fit too short to be good."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from harness.fit import surrogate as fit
from harness.fit.surrogate import fit_surrogate, table_rows, used_half
from pmfnas.benchmarks.surrogate.model import (
    all_archs,
    cell_space,
    model_inputs,
    read_model,
    shipped_bytes,
)
from pmfnas.benchmarks.table import CurveTable
from pmfnas.core.errors import InputError


class Anchored:
    """The surrogate's columns under an ANCHORED header: a table to fit to where there are no real values."""

    def __init__(self, table: CurveTable) -> None:
        self._table = table
        self.header = SimpleNamespace(stamp="ANCHORED", fingerprint="0" * 12, cardinalities=table.header.cardinalities)

    def __getattr__(self, name: str):
        return getattr(self._table, name)


def test_an_existing_file_is_not_overwritten(tmp_path: Path, surrogate_table: CurveTable):
    out = tmp_path / "model.npz"
    out.write_bytes(b"mine")
    with pytest.raises(InputError, match=r"exists already.*--out"):
        fit_surrogate(Anchored(surrogate_table), out)
    assert out.read_bytes() == b"mine"


def test_it_is_fitted_to_an_anchored_table_alone(tmp_path: Path, surrogate_table: CurveTable):
    with pytest.raises(InputError, match=r"is SURROGATE, but .* ANCHORED"):
        fit_surrogate(surrogate_table, tmp_path / "model.npz")
    assert list(tmp_path.iterdir()) == []


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # an import of it raises
    with pytest.raises(InputError, match=r"torch.*pmfnas\[fit\]"):
        fit.train(np.ones((2, 3)), np.ones((2, 4)), np.array([True, True]), progress=False)


# -------------------------------------------------------------------------------------------------- the split


def test_at_most_half_of_the_classes_is_used_and_none_in_part(surrogate_table: CurveTable):
    used = used_half(surrogate_table, table_rows(surrogate_table))
    keys = np.array([cell_space().canonical(arch) for arch in all_archs(cell_space())])
    known, unknown = set(keys[used]), set(keys[~used])
    assert not known & unknown
    assert len(known) <= len(known | unknown) // 2
    assert len(known) > 0.98 * len(known | unknown) / 2


def test_archs_that_share_a_trial_are_joined():
    classes = np.array([0, 0, 1, 2, 3])
    trials = [(0, b"a"), (2, b"b"), (3, b"b"), (4, b"c")]
    groups = fit._joined(classes, trials)
    assert groups[0] == groups[1]  # one class
    assert groups[2] == groups[3]  # one trial in common
    assert len(set(groups.tolist())) == 3


@pytest.mark.parametrize("last_bits", [0.0, 4e-6, -4e-6])
def test_trials_are_the_same_whatever_their_last_bits(last_bits: float):
    real = np.array([[[91.604], [90.0]], [[91.604 + last_bits], [90.004]]])
    table = SimpleNamespace(at=lambda key, epoch: real[..., 0], present=lambda name, schedule: np.ones((2, 2), bool))
    codes = {(arch, k): code for k, (arch, code) in enumerate(fit._trial_codes(table, np.arange(2)))}
    (a, b), (c, d) = (codes[0, 0], codes[0, 1]), (codes[1, 2], codes[1, 3])
    assert a == c
    assert len({a, b, d}) == 3


def test_rows_are_found_whatever_the_order_of_the_table():
    archs = np.array(all_archs(cell_space()), dtype=np.uint8)[::-1]
    table = SimpleNamespace(archs=archs, header=SimpleNamespace(cardinalities=(5,) * 6))
    np.testing.assert_array_equal(archs[table_rows(table)], all_archs(cell_space()))


# -------------------------------------------------------------------------------------------------- a short fit


def test_a_short_fit_writes_a_readable_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, surrogate_table: CurveTable
):
    pytest.importorskip("torch", reason="fitting needs torch (extra `fit`)")
    monkeypatch.setattr(fit, "N_EPOCHS", 2)
    monkeypatch.setattr(fit, "N_MEMBERS", 1)
    monkeypatch.setattr(fit, "WIDTH", 32)
    monkeypatch.setattr(fit, "held_out", lambda *args: {"archs held out": int(args[-1].sum())})
    out = tmp_path / "deep" / "model.npz"
    notes = fit_surrogate(Anchored(surrogate_table), out)
    assert [path.name for path in out.parent.iterdir()] == ["model.npz"]
    model = read_model(out.read_bytes())
    assert model.notes == {"fitted to": "0" * 12, **notes}
    assert json.loads(str(model.arrays["notes"])) == model.notes
    assert set(model.arrays) == set(read_model(shipped_bytes()).arrays)
    archs = all_archs(cell_space())
    values = model.outputs(model_inputs(cell_space(), archs)).values
    assert np.isfinite(values).all()
    assert np.isfinite(model.scatter).all()
    targets = surrogate_table.at(fit.FINALS[1], 200).mean(axis=1)
    assert np.corrcoef(values[:, 1], targets)[0, 1] > 0.5  # two epochs learn something
