"""Fits the surrogate to an anchored table, on half of the isomorphism classes (extra `fit`: torch).

Isomorphic archs and archs that share a trial (networks that compute the same function) stay on one side of the split.
Targets are those of `layout`, means over trials. An ensemble of small multilayer perceptrons is trained with AdamW and
a one-cycle rate; its size is fixed in advance, so nothing is chosen on the classes held out. What the file holds:
weights, curve bases, noise levels. No parameter belongs to a single arch. The scatter alone is estimated on the classes
held out: how far the networks miss there, as the covariance of their errors; no class's error is kept.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from harness.fit.surrogate_report import held_out
from pmfnas.benchmarks.seconds import PER_EPOCH, PER_PASS
from pmfnas.benchmarks.surrogate.layout import (
    FINALS,
    LOSSES,
    N_COMPONENTS,
    SCHEDULES,
    SEARCHED,
    TESTS,
    curve_keys,
    knots,
    scalar_names,
    transform,
)
from pmfnas.benchmarks.surrogate.model import (
    ENSEMBLES,
    N_LAYERS,
    Model,
    all_archs,
    cell_space,
    model_inputs,
    read_model,
)
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.core.errors import InputError
from pmfnas.core.rng import stream
from pmfnas.core.types import FloatArray, arch_numbers
from pmfnas.files import write_bytes
from pmfnas.progress import tracked

WIDTH = 128
N_MEMBERS = 3
N_EPOCHS = 100
BATCH = 128
RATE = 3e-3
WEIGHT_DECAY = 0.05
N_SIMPLE = 100
N_FACTORS = 40
"""Rank of the joint scatter of outputs."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the networks of an ensemble are trained."""

    width: int
    n_members: int
    n_epochs: int
    batch: int


def fit_surrogate(table: CurveTable, out: Path, *, progress: bool = False) -> Mapping[str, Any]:
    """Fit the surrogate to an anchored table, write the model file, and return the report on held-out classes.

    Raises:
        InputError: `out` exists, the table is not anchored, or torch is missing (extra `fit`).
    """
    if out.exists():
        raise InputError(f"{out} exists already and is not overwritten; remove it or choose another --out")
    if table.header.stamp != "ANCHORED":
        raise InputError(f"the table is {table.header.stamp}, but the surrogate is fitted to an ANCHORED one")
    rows = table_rows(table)
    is_used = used_half(table, rows)
    arrays, targets = _describe(table, rows, is_used)
    inputs = model_inputs(cell_space(), all_archs(cell_space()))
    arrays |= train(inputs, targets, is_used, progress=progress)
    arrays["scatter"] = _scatter(Model(arrays), inputs, targets, ~is_used)
    arrays["notes"] = np.array(json.dumps({}))
    notes = held_out(read_model(packed(arrays)), table, rows, ~is_used)
    arrays["notes"] = np.array(json.dumps({"fitted to": table.header.fingerprint, **notes}))
    write_bytes(out, packed(arrays))
    return notes


def table_rows(table: CurveTable) -> NDArray[np.int64]:
    """Return the table's row of every arch, in the order of arch numbers."""
    rows = np.empty(len(table.archs), dtype=np.int64)
    rows[arch_numbers(table.archs, table.header.cardinalities)] = np.arange(len(rows))
    return rows


def used_half(table: CurveTable, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which archs (by number) the fit may use: those of at most half of the classes.

    Groups of classes that share a trial stay together. The `N_SIMPLE` groups with the most members are always used:
    they are the simplest cells (one operation and dead branches), which nothing else resembles. The rest is drawn at
    random. Outcomes have no part in the choice.
    """
    classes = class_codes()
    groups = joined_groups(table, rows)
    members = np.split(np.argsort(groups, kind="stable"), np.flatnonzero(np.diff(np.sort(groups))) + 1)
    members.sort(key=lambda part: (-len(part), int(part[0])))
    others = N_SIMPLE + stream(0, "surrogate/split").permutation(len(members) - N_SIMPLE)
    used = np.zeros(len(rows), dtype=bool)
    half, n_used = (int(classes.max()) + 1) // 2, 0
    for place in (*range(N_SIMPLE), *others.tolist()):
        n_classes = len(np.unique(classes[members[place]]))
        if n_used + n_classes <= half:
            used[members[place]] = True
            n_used += n_classes
    return used


def class_codes() -> NDArray[np.int64]:
    """Return the isomorphism class of every arch, by arch number, shape (n_archs,)."""
    space = cell_space()
    return _codes([space.canonical(arch) for arch in all_archs(space)])


def joined_groups(table: CurveTable, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the group of every arch, shape (n_archs,): archs of one class or with a trial in common are in one."""
    return _joined(class_codes(), _trial_codes(table, rows))


def _codes(names: list[str]) -> NDArray[np.int64]:
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _trial_codes(table: CurveTable, rows: NDArray[np.int64]) -> list[tuple[int, bytes]]:
    """Return (arch number, values of one trial on all data sets) for every trial.

    Values are rounded far below an image's share, so that the split does not depend on a table's last bits.
    """
    values = np.stack([table.at(key, SCHEDULES["200"])[rows] for key in FINALS], axis=-1)  # (n_archs, n_trials, 3)
    values = np.round(values.astype(np.float64), 3)
    present = table.present(SEARCHED[0], "200")[rows]
    return [(int(i), values[i, k].tobytes()) for i, k in np.argwhere(present)]


def _joined(classes: NDArray[np.int64], trials: list[tuple[int, bytes]]) -> NDArray[np.int64]:
    """Return the group of each arch: classes and shared trials joined."""
    archs = np.array([arch for arch, _ in trials])
    codes = np.unique([code for _, code in trials], return_inverse=True)[1]
    n, n_classes = len(classes), int(classes.max()) + 1
    left = np.concatenate([np.arange(n), archs])
    right = n + np.concatenate([classes, n_classes + codes])
    size = int(right.max()) + 1
    graph = coo_matrix((np.ones(len(left)), (left, right)), shape=(size, size))
    return connected_components(graph, directed=False)[1][:n].astype(np.int64)


def means(table: CurveTable, key: Key, rows: NDArray[np.int64]) -> FloatArray:
    """Return the trial means of a column, transformed, (n_archs, n_epochs)."""
    values = transform(key.metric, np.asarray(table.values(key)[rows], dtype=np.float64))
    kept = ~np.isnan(values)
    return np.asarray(np.where(kept, values, 0.0).sum(axis=1) / np.maximum(kept.sum(axis=1), 1))


def _describe(
    table: CurveTable, rows: NDArray[np.int64], is_used: NDArray[np.bool_]
) -> tuple[dict[str, NDArray[Any]], FloatArray]:
    """Return the arrays that describe curves and noise, and the targets (n_archs, n_outputs)."""
    finals = (*FINALS, *TESTS, *LOSSES)
    scalars = {str(key): means(table, key, rows)[:, -1] for key in finals}
    scalars |= dict(zip(("epoch-s", "pass-s"), _log_seconds(table, rows), strict=True))
    return describe(table, rows, is_used, [scalars[name] for name in scalar_names()], noisy=(*FINALS, *LOSSES))


def describe(
    table: CurveTable,
    rows: NDArray[np.int64],
    is_used: NDArray[np.bool_],
    scalars: Sequence[FloatArray],
    *,
    noisy: Sequence[Key],
) -> tuple[dict[str, NDArray[Any]], FloatArray]:
    """Return the arrays that describe curves and noise, and the targets: scalars, then components of the curves.

    Args:
        table: the anchored table.
        rows: its row of every arch.
        is_used: which archs the fit may use.
        scalars: targets that are no curves, (n_archs,) each.
        noisy: columns whose spread between trials is described.
    """
    arrays: dict[str, NDArray[Any]] = {}
    components = []
    for key in curve_keys():
        curves = means(table, key, rows)[:, knots(SCHEDULES[key.schedule]) - 1]
        mean = curves[is_used].mean(axis=0)
        basis = np.linalg.svd(curves[is_used] - mean, full_matrices=False)[2][:N_COMPONENTS]
        arrays |= {f"{key}/mean": mean, f"{key}/basis": basis, f"{key}/rough": roughness(table, key, rows, is_used)}
        components.append((curves - mean) @ basis.T)
    for key in noisy:
        arrays[f"{key}/trial_std"] = trial_std(table, key, rows, is_used)
    return arrays, np.hstack([np.stack(scalars, axis=1), *components])


def _log_seconds(table: CurveTable, rows: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """Return log seconds per epoch of the first data set and per pass over 10,000 images, (n_archs,)."""
    first = SEARCHED[0]
    epoch_s = table.values(Key(first, "12", "train-s"))[rows, 0, 0] / PER_EPOCH[0]
    pass_s = table.values(Key(first, "12", "x-valid-s"))[rows, 0, 0] / PER_PASS[0]
    return np.log(epoch_s.astype(np.float64)), np.log(pass_s.astype(np.float64))


def roughness(table: CurveTable, key: Key, rows: NDArray[np.int64], is_used: NDArray[np.bool_]) -> FloatArray:
    """Return the epoch-to-epoch noise at the knots: spread of second differences about those of the mean curve."""
    one = transform(key.metric, np.asarray(table.values(key)[rows[is_used], 0], dtype=np.float64))
    second = one[:, 1:-1] - (one[:, :-2] + one[:, 2:]) / 2
    low, high = np.quantile(second, [0.16, 0.84], axis=0)  # robust against curvature of single archs
    inner = (high - low) / 2 / np.sqrt(1.5)
    return np.asarray(np.interp(knots(SCHEDULES[key.schedule]), np.arange(2, one.shape[1]), inner))


def trial_std(table: CurveTable, key: Key, rows: NDArray[np.int64], is_used: NDArray[np.bool_]) -> FloatArray:
    """Return the polynomial of log standard deviation between trials over the mean, both transformed."""
    values = transform(key.metric, np.asarray(table.at(key, SCHEDULES["200"])[rows[is_used]], dtype=np.float64))
    mean, spread = np.nanmean(values, axis=1), np.nanstd(values, axis=1, ddof=1)
    bins = np.array_split(np.argsort(mean), 30)
    at = np.array([mean[part].mean() for part in bins])
    log_std = np.log([np.sqrt((spread[part] ** 2).mean()) + 1e-4 for part in bins])
    return np.polyfit(at, log_std, 2)


def train(
    inputs: FloatArray,
    targets: FloatArray,
    is_used: NDArray[np.bool_],
    *,
    plans: Mapping[str, Plan] | None = None,
    progress: bool,
) -> dict[str, Any]:
    """Return the arrays of the ensembles, trained on the used archs; `plans` are by ensemble, the surrogate's if None.

    The first ensemble answers with the first `len(FINALS)` outputs, the second with the others.
    """
    plans = plans or dict.fromkeys(ENSEMBLES, Plan(WIDTH, N_MEMBERS, N_EPOCHS, BATCH))
    scale = {
        "input_mean": inputs[is_used].mean(axis=0),
        "input_std": _scale(inputs[is_used]),
        "output_mean": targets[is_used].mean(axis=0),
        "output_std": targets[is_used].std(axis=0) + 1e-9,
    }
    x = (inputs[is_used] - scale["input_mean"]) / scale["input_std"]
    y = (targets[is_used] - scale["output_mean"]) / scale["output_std"]
    parts = dict(zip(ENSEMBLES, np.split(y, [len(FINALS)], axis=1), strict=True))
    wanted = [(name, seed) for name in ENSEMBLES for seed in range(plans[name].n_members)]
    arrays: dict[str, Any] = dict(scale)
    for name, seed in tracked(wanted, "fit", total=len(wanted), unit="network", shown=progress):
        for array, values in _member(x, parts[name], seed, plans[name]).items():
            arrays.setdefault(f"{name}/{array}", []).append(values)
    return {name: np.stack(values) if isinstance(values, list) else values for name, values in arrays.items()}


def _scale(inputs: FloatArray) -> FloatArray:
    """Return the divisors of the inputs: the spread of features, and 1 for one-hot columns."""
    is_binary = np.isin(inputs, (0.0, 1.0)).all(axis=0)
    return np.where(is_binary, 1.0, np.maximum(inputs.std(axis=0), 1e-3))


def _member(x: FloatArray, y: FloatArray, seed: int, plan: Plan) -> dict[str, FloatArray]:
    """Return the weights of one network."""
    try:
        import torch
    except ImportError:
        raise InputError("fitting the surrogate needs torch; install the extra: pip install 'pmfnas[fit]'") from None
    draws = torch.Generator().manual_seed(seed)
    sizes = (x.shape[1], *[plan.width] * (N_LAYERS - 1), y.shape[1])
    layers = [torch.nn.Linear(a, b) for a, b in pairwise(sizes)]
    for layer in layers:
        torch.nn.init.kaiming_uniform_(layer.weight, a=5**0.5, generator=draws)
        torch.nn.init.zeros_(layer.bias)
    net = torch.nn.Sequential(*[part for layer in layers for part in (layer, torch.nn.SiLU())][:-1])
    inputs, targets = torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    n_batches = len(x) // plan.batch
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=WEIGHT_DECAY)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, plan.n_epochs * n_batches)
    for _ in range(plan.n_epochs):
        for part in torch.randperm(len(x), generator=draws).split(plan.batch)[:n_batches]:
            loss = torch.nn.functional.smooth_l1_loss(net(inputs[part]), targets[part], beta=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rate.step()
    weights = {f"weight{i}": np.asarray(layer.weight.detach()) for i, layer in enumerate(layers)}
    return weights | {f"bias{i}": np.asarray(layer.bias.detach()) for i, layer in enumerate(layers)}


def _scatter(model: Model, inputs: FloatArray, targets: FloatArray, held_out: NDArray[np.bool_]) -> FloatArray:
    """Return the factors of the errors on held-out classes that the errors of final validation do not explain."""
    errors = targets[held_out] - model.outputs(inputs[held_out]).values
    errors = np.clip(errors, *np.quantile(errors, [0.02, 0.98], axis=0))
    finals = errors[:, : len(FINALS)]
    rest = errors - finals @ np.linalg.lstsq(finals, errors, rcond=None)[0]
    rest[:, : len(FINALS)] = 0.0
    scale = rest.std(axis=0) + 1e-12
    _, sizes, directions = np.linalg.svd(rest / scale, full_matrices=False)
    return np.asarray(sizes[:N_FACTORS, None] / np.sqrt(len(rest)) * directions[:N_FACTORS] * scale)


def packed(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return the bytes of a model file with these arrays, floats in single precision."""
    sink = BytesIO()
    small = {n: a.astype(np.float32) if a.dtype.kind == "f" and n != "notes" else a for n, a in arrays.items()}
    np.savez_compressed(sink, allow_pickle=False, **small)
    return sink.getvalue()
