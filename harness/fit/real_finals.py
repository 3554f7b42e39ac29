"""Fits the model of early epochs to an anchored table, on half of the isomorphism classes (extra `fit`: torch).

The split, the networks and the description of curves are the surrogate's; inputs have the real final values as well.
Unlike there, the scatter is estimated on the used half too: the used groups are split into parts, each is predicted by
networks trained on the others, and the errors of one arch per group say how far real values are from the mean. No
error of a single arch is kept, and nothing of the half held out is used.
"""

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.fit.real_finals_report import held_out_figures
from harness.fit.surrogate import (
    N_SIMPLE,
    Plan,
    describe,
    joined_groups,
    means,
    packed,
    table_rows,
    train,
    used_half,
)
from pmfnas.benchmarks.real_finals.model import SCALARS, EarlyModel, final_logits, inputs_of, place_of_outputs
from pmfnas.benchmarks.real_finals.package import Finals
from pmfnas.benchmarks.surrogate.layout import (
    FINALS,
    LOSSES,
    SCHEDULES,
    SEARCHED,
)
from pmfnas.benchmarks.surrogate.model import Model
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.core.errors import InputError
from pmfnas.core.rng import stream
from pmfnas.core.types import FloatArray
from pmfnas.files import write_bytes

PLANS = {"finals": Plan(64, 4, 40, 256), "rest": Plan(96, 2, 40, 256)}
"""The first ensemble answers with validation at 12@12, the second with the rest; sizes were set in advance."""
N_PARTS = 4
HALF_OF_NORMAL = 1.349
"""Width of the middle half of a normal distribution, in standard deviations."""
N_FACTORS = 30
QUANTILES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
"""Edges of the bins of final values in which the spread is measured."""


def fit_real_finals(table: CurveTable, out: Path, *, progress: bool = False) -> Mapping[str, Any]:
    """Fit the model to an anchored table, write the model file, and return the report on held-out classes.

    Raises:
        InputError: `out` exists, the table is not anchored, or torch is missing (extra `fit`).
    """
    if out.exists():
        raise InputError(f"{out} exists already and is not overwritten; remove it or choose another --out")
    if table.header.stamp != "ANCHORED":
        raise InputError(f"the table is {table.header.stamp}, but the model is fitted to an ANCHORED one")
    rows, finals = table_rows(table), finals_of(table)
    is_used, groups = used_half(table, rows), joined_groups(table, rows)
    scalars = [means(table, Key(*name.split("/")), rows)[:, -1] for name in SCALARS]
    arrays, targets = describe(table, rows, is_used, scalars, noisy=LOSSES)
    inputs = inputs_of(finals.valid)
    errors, of = _errors(inputs, targets, is_used, groups, progress=progress)
    arrays |= train(inputs, targets, is_used, plans=PLANS, progress=progress)
    arrays |= _spread(finals, errors, of)
    arrays["notes"] = np.array(json.dumps({}))
    model = EarlyModel.read(packed(arrays))
    notes = {"fitted to": table.header.fingerprint, **held_out_figures(model, finals, table)}
    arrays["notes"] = np.array(json.dumps(notes))
    write_bytes(out, packed(arrays))
    return notes


def finals_of(table: CurveTable) -> Finals:
    """Return the final values and seconds of an anchored table, in the order of arch numbers."""
    rows = table_rows(table)
    valid = [table.at(key, SCHEDULES["200"])[rows].astype(np.float64) for key in FINALS]
    epoch_s = [table.values(Key(name, "12", "train-s"))[rows, 0, 0].astype(np.float64) for name in SEARCHED]
    return Finals(np.stack(valid, axis=1), np.stack(epoch_s, axis=1))


def _errors(
    inputs: FloatArray,
    targets: FloatArray,
    is_used: NDArray[np.bool_],
    groups: NDArray[np.int64],
    *,
    progress: bool,
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return the errors on parts left out of the fit, (n, n_outputs), and the archs they are of, one per group.

    The simplest groups, which are always used and which nothing else resembles, teach but are not predicted.
    """
    names, sizes = np.unique(groups[is_used], return_counts=True)
    others = names[np.argsort(-sizes, kind="stable")][N_SIMPLE:]
    part_of = np.full(int(groups.max()) + 1, -1)
    part_of[others] = stream(0, "real-finals/parts").permutation(len(others)) % N_PARTS
    first = np.unique(groups, return_index=True)[1]  # an arch of each group, by group
    errors, archs = [], []
    for part in range(N_PARTS):
        left_out = first[part_of[groups[first]] == part]
        taught = is_used & (part_of[groups] != part)
        model = Model(train(inputs, targets, taught, plans=PLANS, progress=progress), SCALARS)
        errors.append(targets[left_out] - model.outputs(inputs[left_out]).values)
        archs.append(left_out)
    return np.concatenate(errors), np.concatenate(archs)


def _spread(finals: Finals, errors: FloatArray, archs: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Return the sizes of the scatter over final values, and its factors once these are divided out.

    Returns:
        In bins of final logits, each (3, n_bins): where they are, `spread/at`; the root mean square error of 12@12 as
        a share of its mean, `spread/size`; the spread of the middle half as a share of that, `spread/core`. And
        `scatter`, (n_factors, n_outputs).
    """
    logits = final_logits(finals.valid)[archs]
    at, size, core = [], [], []
    for place in range(len(SEARCHED)):
        order = np.argsort(logits[:, place], kind="stable")
        edges = np.round(np.array(QUANTILES) * len(order)).astype(int)
        bins = [order[a:b] for a, b in pairwise(edges)]
        at.append([logits[part, place].mean() for part in bins])
        size.append([np.sqrt((errors[part, place] ** 2).mean()) for part in bins])
        middle = [np.subtract(*np.quantile(errors[part, place], [0.75, 0.25])) / HALF_OF_NORMAL for part in bins]
        core.append(np.array(middle) / np.array(size[-1]))
    arrays: dict[str, NDArray[Any]] = {"spread/at": np.array(at), "spread/size": np.array(size)}
    arrays["spread/core"] = np.array(core)
    arrays["spread/size"] /= arrays["spread/size"].mean(axis=1, keepdims=True)
    relative = np.stack(
        [np.interp(logits[:, d], arrays["spread/at"][d], arrays["spread/size"][d]) for d in range(len(SEARCHED))],
        axis=1,
    )
    even = errors / relative[:, place_of_outputs()]
    kept = len(SEARCHED)  # what searchers decide by keeps its tails
    low, high = np.quantile(even, [0.02, 0.98], axis=0)
    even[:, kept:] = np.clip(even, low, high)[:, kept:]
    scale = np.sqrt((even**2).mean(axis=0)) + 1e-12
    _, sizes, directions = np.linalg.svd(even / scale, full_matrices=False)
    factors = sizes[:N_FACTORS, None] / np.sqrt(len(even)) * directions[:N_FACTORS]
    factors /= np.sqrt((factors**2).sum(axis=0)) + 1e-12  # few factors, the whole size
    return {**arrays, "scatter": factors * scale}
