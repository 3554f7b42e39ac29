"""A report on the error of the modelled curves, measured on held-out real curves.

The networks with recorded curves are split into five parts, isomorphic ones together. Each part is modelled from the
others. The measure is the value of a curve to a searcher: the rank correlation of a value at an epoch with the final
validation accuracy, over all networks and over the best fifth, `real` beside `modelled`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from pmfnas.benchmarks.anchored.inputs import from_log_odds
from pmfnas.benchmarks.anchored.long import modelled
from pmfnas.benchmarks.anchored.losses import TRAIN_CURVES, RealCurves, cut_off
from pmfnas.benchmarks.anchored.models import Known, fit_models
from pmfnas.benchmarks.anchored.short import ShortCurves
from pmfnas.benchmarks.anchored.source import SEARCHED, SHORT, IntArray, Source
from pmfnas.core.types import FloatArray
from pmfnas.spaces.cell import CellSpace

FOLDS = 5
TOP_SHARE = 0.2
LOSS_EPOCHS = (3, 12, 25, 50, 100)
VALID_EPOCHS = (12, 25, 50, 100)
SHORT_EPOCHS = (1, 2, 3, 6, 9, 12)

_SLOW_START_SHARE = 0.3
_DECIMALS = 3


def report(known: Known, real: RealCurves, short: ShortCurves) -> dict[str, Any]:
    """Return the report as a tree of dictionaries whose leaves are numbers or texts."""
    source, identity = known.source, known.identity
    real = real.take(np.flatnonzero(~np.isin(real.network, cut_off(identity))))
    final = np.nanmean(source.valid_200, axis=2)  # (n_archs, 3)
    arch = identity.networks.arch
    losses, valid = _held_out(known, real)
    of_accs = source.acc_archs[_alive(known, source.acc_archs)]
    real_valid = source.valid_acc[_alive(known, source.acc_archs)]
    correlation = {
        dataset: _correlations(
            -real.log_loss[:, place], -losses[:, place], final[arch[real.network], place], LOSS_EPOCHS
        )
        for place, dataset in enumerate(SEARCHED)
    }
    return {
        "rank correlation with final validation, schedule 200, held out: real, modelled": {
            "training loss": correlation,
            "validation accuracy": {SEARCHED[0]: _correlations(real_valid, valid, final[of_accs, 0], VALID_EPOCHS)},
        },
        "variance of final validation explained, best 30 % by 12@12": {
            dataset: _slow_starters(source, arch[real.network], place, real.log_loss[:, place], losses[:, place])
            for place, dataset in enumerate(SEARCHED)
        },
        "rank correlation with final validation, schedule 12 (modelled; not held out)": {
            dataset: _short_correlations(known, short, final, place) for place, dataset in enumerate(SEARCHED)
        },
        "the nearest real thing to it: the first epochs of schedule 200": {
            **{
                f"training loss, {d}": _first_epochs(-real.log_loss[:, p], final[arch[real.network], p])
                for p, d in enumerate(SEARCHED)
            },
            f"validation accuracy, {SEARCHED[0]}": _first_epochs(real_valid, final[of_accs, 0]),
        },
    }


def _alive(known: Known, archs: IntArray) -> IntArray:
    """Return the indices of the archs that are not cut off from the input."""
    return np.flatnonzero(~np.isin(known.identity.networks.of_arch[archs], cut_off(known.identity)))


def _held_out(known: Known, real: RealCurves) -> tuple[FloatArray, FloatArray]:
    """Return modelled counterparts of the recorded curves, each modelled without its own part.

    Returns:
        Logarithm of training losses, shape (n_real, 3, 200), and mean validation accuracy on cifar10-valid of the
        recorded archs that are not cut off, percent, shape (n_accs, 200).
    """
    identity, source = known.identity, known.source
    acc_rows = _alive(known, source.acc_archs)
    acc_network = identity.networks.of_arch[source.acc_archs[acc_rows]]
    part = _parts(known, np.concatenate([real.network, acc_network]))
    loss_part, acc_part = part[: len(real)], part[len(real) :]
    losses = np.empty_like(real.log_loss[:, TRAIN_CURVES])
    valid = np.empty((len(acc_rows), real.log_loss.shape[-1]))
    for held in range(FOLDS):
        models = fit_models(known, real.take(np.flatnonzero(loss_part != held)), acc_rows[acc_part != held])
        losses[loss_part == held] = modelled(models, real.training[loss_part == held])[0][:, TRAIN_CURVES]
        for place in np.flatnonzero(acc_part == held):
            of_trial = identity.long.of_trial[source.acc_archs[acc_rows[place]]]
            valid[place] = from_log_odds(modelled(models, of_trial[of_trial >= 0])[3]).mean(axis=0)
    return losses, valid


def _parts(known: Known, network: IntArray) -> IntArray:
    """Return the part of each network. Isomorphic networks share a part; parts have about equal size."""
    space = CellSpace(n_classes=10, image_size=32)
    archs = known.source.archs
    classes = [space.canonical(archs[row]) for row in known.identity.networks.arch[network]]
    _, label = np.unique(classes, return_inverse=True)
    return np.random.default_rng(0).permutation(label.max() + 1)[label] % FOLDS


def _correlations(real: FloatArray, model: FloatArray, final: FloatArray, epochs: Sequence[int]) -> dict[str, Any]:
    best = final >= np.quantile(final, 1 - TOP_SHARE)
    who = {f"all {len(final)}": np.ones(len(final), dtype=np.bool_), f"best {best.sum()}": best}
    return {
        f"epoch {epoch}": {
            name: [_spearman(curves[rows, epoch - 1], final[rows]) for curves in (real, model)]
            for name, rows in who.items()
        }
        for epoch in epochs
    }


def _first_epochs(curves: FloatArray, final: FloatArray) -> dict[str, float]:
    return {f"epoch {epoch}": _spearman(curves[:, epoch - 1], final) for epoch in SHORT_EPOCHS}


def _short_correlations(known: Known, short: ShortCurves, final: FloatArray, place: int) -> dict[str, Any]:
    archs = _alive(known, np.arange(len(final)))
    training = known.identity.short.of_trial[archs, 0]
    columns = {"validation accuracy": short.valid_acc, "training loss": -short.train_loss}
    return {
        f"epoch {epoch}": {
            name: _spearman(values[training, place, epoch - 1], final[archs, place]) for name, values in columns.items()
        }
        for epoch in range(1, SHORT + 1)
        if epoch in SHORT_EPOCHS
    }


def _slow_starters(
    source: Source, arch: IntArray, place: int, real: FloatArray, held_out: FloatArray
) -> dict[str, float]:
    """Return R² of the final accuracy on 12@12, without and with log training loss at 200@3, real and modelled."""
    first = source.valid_12[arch, place]
    rows = np.flatnonzero(first >= np.quantile(first, 1 - _SLOW_START_SHARE))
    final = np.nanmean(source.valid_200[arch[rows], place], axis=1)
    return {
        "12@12 alone": _r2(final, first[rows]),
        "with training loss at 200@3, real": _r2(final, first[rows], real[rows, 2]),
        "with training loss at 200@3, modelled": _r2(final, first[rows], held_out[rows, 2]),
    }


def _spearman(a: FloatArray, b: FloatArray) -> float:
    return round(float(spearmanr(a, b).statistic), _DECIMALS)


def _r2(y: FloatArray, *columns: FloatArray) -> float:
    x = np.column_stack([np.ones(len(y)), *columns])
    residual = y - x @ np.linalg.lstsq(x, y)[0]
    return round(float(1 - residual.var() / y.var()), _DECIMALS)
