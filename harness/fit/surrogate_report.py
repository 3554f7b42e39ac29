"""The error of the surrogate against the anchored table, on archs of classes that were not used in the fit."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau, spearmanr

from pmfnas.benchmarks.surrogate.layout import FINALS, SCHEDULES, SEARCHED, Outputs, chance, curve_keys, restore
from pmfnas.benchmarks.surrogate.materialise import curves, scattered, trials
from pmfnas.benchmarks.surrogate.model import Model, all_archs, cell_space, cut_off, model_inputs
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.core.types import FloatArray

EARLY = {"12": (1, 2, 3, 6, 9, 12), "200": (12, 25, 50, 100)}


def held_out(
    model: Model, table: CurveTable, rows: NDArray[np.int64], is_held_out: NDArray[np.bool_]
) -> dict[str, Any]:
    """Return the figures of the fit as a nested dictionary of rounded numbers."""
    archs = all_archs(cell_space())
    mean = model.outputs(model_inputs(cell_space(), archs))
    drawn = scattered(model, mean)
    blind = cut_off(cell_space(), archs)
    keys = [cell_space().canonical(arch) for arch, out in zip(archs, is_held_out, strict=True) if out]
    first = np.unique(keys, return_index=True)[1]
    notes: dict[str, Any] = {
        "classes held out": len(first),
        "archs held out": int(is_held_out.sum()),
        "archs used": int((~is_held_out).sum()),
    }
    for key in FINALS:
        real = np.nanmean(table.at(key, SCHEDULES[key.schedule])[rows], axis=1)[is_held_out]
        ours = restore(key.metric, np.where(blind, chance(key), mean.scalar(str(key))))[is_held_out]
        notes[f"{key.dataset}, final validation"] = compare(ours, real)
        notes[f"{key.dataset}, final validation, one arch per class"] = compare(ours[first], real[first])
    for name, final in zip(SEARCHED, FINALS, strict=True):
        notes[f"{name}, Spearman with final validation, surrogate / anchored"] = {
            f"{key.schedule} {key.metric}": _correlations(model, key, drawn, table, rows, final, is_held_out)
            for key in curve_keys()
            if key.dataset == name and key.metric in ("train-loss", "x-valid-acc")
        }
    return notes


def compare(ours: FloatArray, real: FloatArray) -> dict[str, float]:
    """Return Kendall tau, RMSE (percent points) and the overlap of the top 1 % of two vectors of accuracies."""
    n_top = max(1, len(real) // 100)
    top = [set(np.argsort(-values)[:n_top].tolist()) for values in (ours, real)]
    return {
        "kendall_tau": round(float(kendalltau(ours, real)[0]), 4),
        "rmse_pct": round(float(np.sqrt(np.mean((ours - real) ** 2))), 3),
        "top_1_percent_overlap": round(len(top[0] & top[1]) / n_top, 3),
    }


def _correlations(
    model: Model,
    key: Key,
    drawn: Outputs,
    table: CurveTable,
    rows: NDArray[np.int64],
    final: Key,
    is_held_out: NDArray[np.bool_],
) -> str:
    """Return `epoch: surrogate / anchored` for the early epochs of a curve, first trial."""
    finals = trials(model, final, drawn.scalar(str(final))) if key == final else None
    ours_first = curves(model, key, drawn, finals)[is_held_out, 0]  # (n_archs, n_epochs)
    real_final = np.nanmean(table.at(final, SCHEDULES["200"])[rows], axis=1)[is_held_out]
    our_final = drawn.scalar(str(final))[is_held_out]
    sign = -1 if key.metric.endswith("loss") else 1
    parts = []
    for epoch in EARLY[key.schedule]:
        ours = ours_first[:, epoch - 1]
        real = table.at(key, epoch)[rows, 0][is_held_out]
        pair = (float(spearmanr(sign * ours, our_final)[0]), float(spearmanr(sign * real, real_final)[0]))
        parts.append(f"{epoch}: {pair[0]:.2f} / {pair[1]:.2f}")
    return ", ".join(parts)
