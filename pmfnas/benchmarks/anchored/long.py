"""The curves of schedule 200: all values of its columns, one row per distinct training."""

from dataclasses import dataclass

import numpy as np

from pmfnas.benchmarks.anchored.accuracies import predict_valid_odds
from pmfnas.benchmarks.anchored.draws import choose
from pmfnas.benchmarks.anchored.identity import Identity
from pmfnas.benchmarks.anchored.inputs import from_log_odds, log_odds
from pmfnas.benchmarks.anchored.link import correction
from pmfnas.benchmarks.anchored.losses import (
    TRAIN_CURVES,
    VALID_CURVE,
    LossModel,
    cut_off,
    predict_losses,
    recorded_trainings,
)
from pmfnas.benchmarks.anchored.models import Models
from pmfnas.benchmarks.anchored.regression import fit, nearest
from pmfnas.benchmarks.anchored.source import (
    LONG,
    N_CLASSES,
    Float32Array,
    IntArray,
    Source,
)
from pmfnas.benchmarks.seconds import N_TRAIN, N_VALID
from pmfnas.core.types import FloatArray

_NEIGHBOURS = 8
_ANCHORED_FROM, _FREE_UNTIL = 180, 100
_OVERSHOOT = 0.03
"""Log-odds by which validation accuracy may exceed its end: 0.3 % at 90 %, as in the recorded curves."""
_CHANCE_ODDS = float(log_odds(np.array(100 / N_CLASSES[0])))
"""Log-odds of chance: a failed network gives every image the same answer."""


@dataclass(frozen=True, slots=True)
class LongCurves:
    """Curves of the distinct trainings of schedule 200, float32."""

    train_loss: Float32Array  # (n_trainings, 3, 200)
    train_acc: Float32Array  # (n_trainings, 3, 200)
    valid_loss: Float32Array  # (n_trainings, 200) cifar10-valid
    valid_acc: Float32Array  # (n_trainings, 200) cifar10-valid
    end_valid_loss: Float32Array  # (n_trainings, 3) after epoch 200
    end_valid_acc: Float32Array  # (n_trainings, 3) after epoch 200: the real values


def long_curves(models: Models) -> LongCurves:
    """Return the curves of every training: recorded curves if there are any, else modelled ones."""
    source, identity = models.known.source, models.known.identity
    trainings = np.arange(len(identity.long))
    log_loss, train_odds, free_odds, valid_odds = modelled(models, trainings)
    train_acc, valid_acc = from_log_odds(train_odds), from_log_odds(valid_odds)
    kept = _keep_means(source, identity, models.acc_rows, train_acc[:, 0], valid_acc)
    # Losses follow accuracies that were replaced or moved; recorded losses stay.
    is_real = np.isin(trainings, models.losses.real.training)
    follows = kept[~is_real[kept]]
    loss = models.known.links[0].loss(log_odds(train_acc[follows, 0]) - correction(0))
    log_loss[follows, 0] = np.minimum(loss, np.log(np.log(N_CLASSES[0])))
    fall = (log_odds(valid_acc) - free_odds) / models.accuracies.gain
    largest = models.losses.real.log_loss[:, VALID_CURVE].max()
    log_loss[~is_real, VALID_CURVE] = np.minimum(log_loss[:, VALID_CURVE] - fall, largest)[~is_real]
    rounded = ~np.isin(trainings, kept)
    train_acc[rounded, 0] = on_grid(train_acc[rounded, 0], N_TRAIN[0])
    train_acc[:, 1:] = on_grid(train_acc[:, 1:], np.array(N_TRAIN[1:])[:, None])
    valid_acc[rounded] = on_grid(valid_acc[rounded], N_VALID[0])
    valid_acc[:, -1] = identity.long.valid_acc[:, 0]
    curves = np.exp(log_loss)
    curves[models.losses.real.training] = np.exp(models.losses.real.log_loss)  # exact; the logarithms are float32
    return LongCurves(
        train_loss=curves[:, TRAIN_CURVES],
        train_acc=train_acc.astype(np.float32),
        valid_loss=curves[:, VALID_CURVE],
        valid_acc=valid_acc.astype(np.float32),
        end_valid_loss=_end_valid_losses(source, identity, models.losses, curves[:, VALID_CURVE, -1]),
        end_valid_acc=identity.long.valid_acc.astype(np.float32),
    )


def modelled(models: Models, trainings: IntArray) -> tuple[Float32Array, FloatArray, FloatArray, FloatArray]:
    """Return the modelled curves of the given trainings, before recorded accuracies replace them.

    Returns:
        Logarithms of the losses, shape (n, 4, 200); log-odds of training accuracy, (n, 3, 200); log-odds of
        validation accuracy on cifar10-valid, (n, 200), twice: as modelled, and moved to end at the real value.
    """
    identity, links = models.known.identity, models.known.links
    log_loss = predict_losses(models.losses, identity, trainings)
    train_odds = np.stack([links[d].accuracy_odds(log_loss[:, d]) + correction(d) for d in TRAIN_CURVES], axis=1)
    free = predict_valid_odds(models.accuracies, identity, trainings, log_loss[:, VALID_CURVE])
    free = np.maximum(free, _CHANCE_ODDS)
    anchor = log_odds(identity.long.valid_acc[trainings, 0])
    constant = np.isin(identity.long.network[trainings], cut_off(identity))
    free[constant] = anchor[constant, None]
    return log_loss, train_odds, free, _anchored(free, anchor)


def on_grid(acc_pct: FloatArray, n_images: FloatArray | int) -> FloatArray:
    """Return the accuracies rounded to whole numbers of images."""
    return np.clip(np.rint(acc_pct * n_images / 100) * 100 / n_images, 0.0, 100.0)


def _anchored(odds: FloatArray, anchor: FloatArray) -> FloatArray:
    """Return `odds`, shape (n, 200), moved to end at `anchor`: not at all before epoch 100, fully from epoch 180.

    Real curves hardly ever exceed their end, because noise lowers accuracy. So values above the end are mirrored down.
    """
    progress = np.clip((np.arange(1, LONG + 1) - _FREE_UNTIL) / (_ANCHORED_FROM - _FREE_UNTIL), 0, 1)
    weight = progress**2 * (3 - 2 * progress)
    moved = odds + weight * (anchor - odds[:, -1])[:, None]
    ceiling = anchor[:, None] + _OVERSHOOT
    return np.asarray(np.maximum(ceiling - np.abs(ceiling - moved), _CHANCE_ODDS))


def _keep_means(
    source: Source, identity: Identity, rows: IntArray, train_acc: FloatArray, valid_acc: FloatArray
) -> IntArray:
    """Shift trainings so that the mean over an arch's trials is the recorded one; return the shifted trainings.

    The trials keep their differences. A training that several recorded archs share follows the first of them.

    Args:
        source: the real values.
        identity: networks and trainings.
        rows: rows of the recorded curves to keep.
        train_acc: training accuracy of all trainings, percent, shape (n_trainings, 200), changed in place.
        valid_acc: the same of validation.
    """
    done: set[int] = set()
    for row in rows:
        of_trial = identity.long.of_trial[source.acc_archs[row]]
        members = np.unique(of_trial[of_trial >= 0])
        if done.isdisjoint(members.tolist()):
            done.update(members.tolist())
            weights = np.array([(of_trial == m).sum() for m in members], dtype=np.float64)
            train_acc[members] = _with_mean(train_acc[members], weights, source.train_acc[row])
            valid_acc[members] = _with_mean(valid_acc[members], weights, source.valid_acc[row])
    return np.array(sorted(done), dtype=np.int64)


def _with_mean(acc_pct: FloatArray, weights: FloatArray, mean: FloatArray) -> FloatArray:
    """Return the curves, percent, shape (n, 200), shifted to the given weighted mean.

    Differences between the curves shrink if necessary to stay between chance (or the mean, if lower) and 100 %.
    """
    differences = acc_pct - np.average(acc_pct, axis=0, weights=weights)
    above, below = differences.max(axis=0), -differences.min(axis=0)
    lowest = np.minimum(100 / N_CLASSES[0], mean)
    room = np.minimum((100 - mean) / np.maximum(above, 1e-9), (mean - lowest) / np.maximum(below, 1e-9))
    return np.asarray(np.clip(mean + np.minimum(room, 1.0) * differences, 0.0, 100.0))


def _end_valid_losses(source: Source, identity: Identity, losses: LossModel, cifar10: Float32Array) -> Float32Array:
    """Return validation loss after epoch 200, shape (n_trainings, 3).

    The losses recorded for cifar100 and ImageNet16-120 cover validation and test images together. A regression learns
    from them how loss depends on structure and validation accuracy. No network gets its own recorded loss: it is left
    out of its own regression, and its deviation is that of another network.
    """
    taught = ~np.isin(losses.real.network, cut_off(identity))
    recorded = _recorded_end_losses(source, identity, losses.real.training[taught])  # (n, 3)
    mean = fit(losses.x[losses.real.network[taught]], recorded)
    network, keys = identity.long.network, identity.networks.key
    near = nearest(losses.x, mean.x, _NEIGHBOURS + 1)
    own = np.isin(np.arange(len(losses.x)), losses.real.network)
    others = np.where(own[:, None], near[:, 1:], near[:, :-1])
    left_out = mean.predict(losses.x)
    left_out[losses.real.network[taught]] = recorded - mean.residuals
    part = left_out + mean.residuals[choose("end", keys, others)] * np.sqrt(0.5)
    trial = mean.residuals[choose("end trial", identity.long.key, others[network])] * np.sqrt(0.5)
    log_loss = part[network] + trial
    log_loss[np.isin(network, cut_off(identity))] = np.log(np.log(N_CLASSES))
    log_loss[:, 0] = np.log(cifar10)
    return np.asarray(np.exp(log_loss), dtype=np.float32)


def _recorded_end_losses(source: Source, identity: Identity, trainings: IntArray) -> FloatArray:
    """Return the recorded log losses after epoch 200 of the given trainings, shape (n, 3)."""
    row_of = {int(t): row for row, t in reversed(list(enumerate(recorded_trainings(source, identity))))}
    return np.asarray(np.log(source.eval_loss[[row_of[int(t)] for t in trainings], :, -1]))
