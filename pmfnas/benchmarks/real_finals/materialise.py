"""Writes the REAL-FINALS table: real final values, and one draw of the shipped model for all earlier epochs."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmfnas.benchmarks.anchored.long import on_grid
from pmfnas.benchmarks.header import REAL_FINALS
from pmfnas.benchmarks.real_finals.model import ENDS, EarlyModel, shipped_bytes, source_of
from pmfnas.benchmarks.real_finals.package import REQUIREMENT, Finals, read_package, source_of_package
from pmfnas.benchmarks.seconds import N_TRAIN, N_VALID, PER_PASS, estimated_pass_s
from pmfnas.benchmarks.surrogate.layout import (
    FINALS,
    LOSSES,
    N_CLASSES,
    SCHEDULES,
    SEARCHED,
    Outputs,
    curve_keys,
    restore,
    transform,
)
from pmfnas.benchmarks.surrogate.materialise import BYTES_PER_ARCH, N_TRIALS, curves, trials
from pmfnas.benchmarks.surrogate.model import all_archs, cell_space, cut_off
from pmfnas.benchmarks.table import CurveTable, Header, Key, TableWriter
from pmfnas.core.types import FloatArray
from pmfnas.progress import tracked

VERSION = "real-finals-1"


def real_finals_header() -> Header:
    """Return the header of the table that `build_real_finals` makes. Does not open the package."""
    return _header(source_of(shipped_bytes()))


def _header(model: str) -> Header:
    source = hashlib.sha256(f"{source_of_package()} {model}".encode()).hexdigest()
    return Header(REAL_FINALS, "nb201", (5,) * 6, VERSION, source, SCHEDULES)


def build_real_finals(out: Path, *, progress: bool = False) -> CurveTable:
    """Return the table of the package's values and the shipped model, written to `out`: about 320 MB, deterministic.

    Raises:
        DataError: the package is not installed, or its content is not the expected one.
        InputError: `out` exists, or the disk has no room for the table.
    """
    content = shipped_bytes()
    return write_table(read_package(), EarlyModel.read(content), _header(source_of(content)), out, progress=progress)


def write_table(finals: Finals, model: EarlyModel, header: Header, out: Path, *, progress: bool) -> CurveTable:
    """Return the curve table of real final values and modelled earlier epochs, written to `out`."""
    space = cell_space()
    archs = all_archs(space)
    blind = cut_off(space, archs)
    drawn = model.drawn(finals.valid, model.means(finals.valid))
    keys = curve_keys()
    with TableWriter(out, header, archs, n_bytes=len(archs) * BYTES_PER_ARCH) as writer:
        writer.notes.update(_provenance(finals), **model.notes)
        _write_costs(writer, finals)
        for key in tracked(keys, "real finals", total=len(keys), unit="column", shown=progress):
            values = _curve(model, key, drawn, finals, blind)
            writer.add(key, values.astype(np.float32), range(1, SCHEDULES[key.schedule] + 1))
        for key in FINALS[1:]:
            writer.add(key, _of(finals, key)[:, :, None].astype(np.float32), (SCHEDULES[key.schedule],))
        for key in LOSSES:
            losses = restore(key.metric, trials(model.networks, key, drawn.scalar(str(key))))
            losses[blind] = np.log(N_CLASSES[key.dataset])
            losses[~finals.present] = np.nan
            writer.add(key, losses[:, :, None].astype(np.float32), (SCHEDULES[key.schedule],))
    return CurveTable.open(out)


def short_ends(drawn: Outputs, finals: Finals, blind: NDArray[np.bool_]) -> FloatArray:
    """Return validation after 12 of 12 epochs, percent, (n_archs, 3), as the table of this draw holds it.

    Args:
        drawn: outputs of the model.
        finals: the real values.
        blind: True for archs that are cut off from the input.
    """
    columns = [on_grid(restore("-acc", drawn.scalar(str(key))), N_VALID[place]) for place, key in enumerate(ENDS)]
    return np.where(blind[:, None], np.nanmean(finals.valid, axis=2), np.stack(columns, axis=1))


def _of(finals: Finals, key: Key) -> FloatArray:
    """Return real final validation of every trial, percent, (n_archs, n_trials)."""
    return finals.valid[:, SEARCHED.index(key.dataset)]


def _curve(model: EarlyModel, key: Key, drawn: Outputs, finals: Finals, blind: NDArray[np.bool_]) -> FloatArray:
    """Return the values of a curve in every trial, (n_archs, n_trials, n_epochs); percent if accuracies."""
    place, is_valid, is_acc = SEARCHED.index(key.dataset), key.metric == "x-valid-acc", key.metric.endswith("-acc")
    ends = None
    if is_valid:
        ends = drawn.scalar(str(key))[:, None] if key in ENDS else transform(key.metric, _of(finals, key))
    values = restore(key.metric, curves(model.networks, key, drawn, ends))
    if is_acc:
        values = on_grid(values, (N_VALID if "valid" in key.metric else N_TRAIN)[place])
    chance = np.nanmean(_of(finals, key), axis=1)[blind, None, None]  # a cut-off arch always predicts one class
    values[blind] = chance if is_acc else np.log(N_CLASSES[key.dataset])
    if key in FINALS:
        values[:, :, -1] = _of(finals, key)
    if key.schedule == "200":
        values[~finals.present] = np.nan
    return values


def _write_costs(writer: TableWriter, finals: Finals) -> None:
    pass_s = estimated_pass_s(finals.epoch_s[:, 1])
    for place, name in enumerate(SEARCHED):
        for schedule, n_trials in N_TRIALS.items():
            present = finals.present if schedule == "200" else np.ones((len(pass_s), n_trials), dtype=bool)
            writer.add_present(name, schedule, present)
            for metric, seconds in (
                ("train-s", finals.epoch_s[:, place]),
                ("x-valid-s", pass_s * PER_PASS[place]),
            ):
                column = np.where(present, seconds[:, None], np.nan)[:, :, None]
                writer.add(Key(name, schedule, metric), column.astype(np.float32))


def _provenance(finals: Finals) -> dict[str, Any]:
    """Return the notes on the real and the modelled parts of the table."""
    n_trials = finals.present.sum(axis=1)
    return {
        "real": {
            "from": f"{REQUIREMENT} (Apache-2.0; values of NAS-Bench-201, MIT)",
            "end of 200": "validation accuracy of every trial",
            "seconds of training": "of every arch and data set",
            "archs with two and with three trials": f"{(n_trials == 2).sum()}, {(n_trials == 3).sum()}",
        },
        "modelled": {
            "schedule 12, and schedule 200 before its end": "from the arch and its real final values",
            "seconds of validation": "a line in the seconds of a training epoch on cifar100",
        },
        "score": "a run sees one trial of schedule 200 of an arch; its pick is scored by the mean of the others",
    }
