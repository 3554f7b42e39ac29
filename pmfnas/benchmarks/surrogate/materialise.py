"""Writes the shipped model as a curve table: the model's means plus fixed random scatter and trial noise.

For each arch, the outputs are the ensemble's mean plus a draw of the scatter, with final validation held fixed. For
each of its three trials, final validation deviates by trial noise. This noise is centred over the trials, so their
mean, as logits, is the model's. A curve is bent to end at its own final value. Noise between epochs is added, less
towards the end.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pmfnas.benchmarks.seconds import PER_EPOCH, PER_PASS
from pmfnas.benchmarks.surrogate.layout import (
    FINALS,
    LOSSES,
    SCHEDULES,
    SEARCHED,
    TESTS,
    Outputs,
    chance,
    curve_keys,
    knots,
    restore,
)
from pmfnas.benchmarks.surrogate.model import (
    Model,
    all_archs,
    cell_space,
    cut_off,
    model_inputs,
    read_model,
    shipped_bytes,
    source_of,
)
from pmfnas.benchmarks.table import CurveTable, Header, Key, TableWriter
from pmfnas.core.rng import stream
from pmfnas.core.types import FloatArray
from pmfnas.progress import tracked

VERSION = "surrogate-1"
N_TRIALS = {"12": 1, "200": 3}
BYTES_PER_ARCH = 19_978


def surrogate_header() -> Header:
    """Return the header of the table that `build_surrogate` makes; it contains the fingerprint."""
    return _header(source_of(shipped_bytes()))


def _header(source: str) -> Header:
    return Header("SURROGATE", "nb201", (5,) * 6, VERSION, source, SCHEDULES)


def build_surrogate(out: Path, *, progress: bool = False) -> CurveTable:
    """Return the table of the shipped model, written to `out`: about 320 MB, deterministic."""
    content = shipped_bytes()
    return write_table(read_model(content), _header(source_of(content)), out, progress=progress)


def write_table(model: Model, header: Header, out: Path, *, progress: bool) -> CurveTable:
    """Return the curve table of a model, written to `out`."""
    space = cell_space()
    archs = all_archs(space)
    mean = model.outputs(model_inputs(space, archs))
    drawn = scattered(model, mean)
    blind = cut_off(space, archs)
    with TableWriter(out, header, archs, n_bytes=len(archs) * BYTES_PER_ARCH) as writer:
        writer.notes.update(model.notes)
        _write_costs(writer, drawn)
        finals = {key: _blinded(trials(model, key, drawn.scalar(str(key))), key, blind) for key in FINALS}
        keys = curve_keys()
        for key in tracked(keys, "surrogate", total=len(keys), unit="column", shown=progress):
            n_epochs = SCHEDULES[key.schedule]
            values = restore(key.metric, _blinded(curves(model, key, drawn, finals.get(key)), key, blind))
            writer.add(key, values.astype(np.float32), range(1, n_epochs + 1))
        for key in (*FINALS[1:], *LOSSES):
            values = finals.get(key, _blinded(trials(model, key, drawn.scalar(str(key))), key, blind))
            writer.add(key, restore(key.metric, values)[:, :, None].astype(np.float32), (SCHEDULES["200"],))
        for key in TESTS:
            test = np.repeat(_blinded(drawn.scalar(str(key)), key, blind)[:, None, None], N_TRIALS["200"], axis=1)
            writer.add(key, restore(key.metric, test).astype(np.float32), (SCHEDULES["200"],))
    return CurveTable.open(out)


def scattered(model: Model, mean: Outputs) -> Outputs:
    """Return the outputs of every arch plus its own draw of the scatter. Final validation is unchanged."""
    draws = stream(0, "surrogate/scatter").normal(size=(len(mean.values), len(model.scatter)))
    return Outputs(mean.values + draws @ model.scatter)


def _write_costs(writer: TableWriter, drawn: Outputs) -> None:
    for place, name in enumerate(SEARCHED):
        for schedule, n_trials in N_TRIALS.items():
            epoch_s, pass_s = np.exp(drawn.scalar("epoch-s")), np.exp(drawn.scalar("pass-s"))
            shape = (len(epoch_s), n_trials)
            writer.add_present(name, schedule, np.ones(shape, dtype=bool))
            writer.add(Key(name, schedule, "train-s"), _spread(epoch_s * PER_EPOCH[place], n_trials))
            writer.add(Key(name, schedule, "x-valid-s"), _spread(pass_s * PER_PASS[place], n_trials))
    tested = TESTS[0]  # CIFAR-10 is tested after training on all its images, a data set of its own
    writer.add_present(tested.dataset, tested.schedule, np.ones((len(drawn.values), N_TRIALS["200"]), dtype=bool))


def _blinded(values: FloatArray, key: Key, blind: NDArray[np.bool_]) -> FloatArray:
    """Return transformed values, (n_archs, ...), with cut-off archs at chance level."""
    return np.where(blind.reshape(-1, *[1] * (values.ndim - 1)), chance(key), values)


def _spread(values: FloatArray, n_trials: int) -> NDArray[np.float32]:
    return np.repeat(values[:, None, None], n_trials, axis=1).astype(np.float32)


def trials(model: Model, key: Key, mean: FloatArray) -> FloatArray:
    """Return a final value of each trial, transformed, (n_archs, n_trials). The mean over trials is `mean`."""
    n_trials = N_TRIALS[key.schedule]
    noise = stream(0, f"surrogate/trials/{key}").normal(size=(len(mean), n_trials))
    noise -= noise.mean(axis=1, keepdims=True)
    return mean[:, None] + noise * model.trial_std(key, mean)[:, None]


def curves(model: Model, key: Key, drawn: Outputs, finals: FloatArray | None) -> FloatArray:
    """Return the curves of every trial, transformed, (n_archs, n_trials, n_epochs). They end at `finals` if given."""
    n_epochs, n_trials = SCHEDULES[key.schedule], N_TRIALS[key.schedule]
    at, epochs = knots(n_epochs), np.arange(1, n_epochs + 1)
    mean, basis = model.basis(key)
    between = np.array([np.interp(epochs, at, row) for row in (mean, *basis)])  # (1 + n_components, n_epochs)
    smooth = between[0] + drawn.components(key) @ between[1:]  # (n_archs, n_epochs)
    rough = np.interp(epochs, at, model.roughness(key))
    noise = stream(0, f"surrogate/epochs/{key}").normal(size=(len(smooth), n_trials, n_epochs)) * rough
    if finals is None:
        return np.asarray(smooth[:, None, :] + noise)
    noise[:, :, -1] = 0.0
    bend = (finals - smooth[:, -1:])[:, :, None] * (epochs / n_epochs)
    return np.asarray(smooth[:, None, :] + bend + noise)
