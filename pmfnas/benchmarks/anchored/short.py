"""The curves of schedule 12, one row per distinct training. They are the weakest part of the table.

Schedule 12 is a separate training with its own cosine schedule. Its curves are public for three archs only. Real are
the validation accuracy after epoch 12 (the anchors), and training loss and accuracy after epoch 12 of a thousand archs
on cifar100 and ImageNet16-120. Between, for each training:

    log train loss(e) = network and trial parts as in schedule 200 + ramp(e) * (difference to the end at epoch 12)
    log-odds of valid acc(e) = those of train acc(e) - gap(e) - noise(e)

The gap starts as that of schedule 200 in its first epochs, fades with the learning rate, and ends as the real one. The
noise fades with the learning rate as in schedule 200. The ramp follows the learning rate, too, because the schedules
differ in how fast it falls. For the three archs this holds on average; a single arch differs by up to half the way.
"""

from dataclasses import dataclass

import numpy as np

from pmfnas.benchmarks.anchored.draws import choose
from pmfnas.benchmarks.anchored.identity import Identity
from pmfnas.benchmarks.anchored.inputs import from_log_odds, log_odds
from pmfnas.benchmarks.anchored.link import Link, correction
from pmfnas.benchmarks.anchored.long import on_grid
from pmfnas.benchmarks.anchored.losses import (
    TRAIN_CURVES,
    LossModel,
    cut_off,
    epoch_noise,
    network_mean,
    smoothed,
    trial_part,
)
from pmfnas.benchmarks.anchored.models import Models
from pmfnas.benchmarks.anchored.regression import fit, nearest
from pmfnas.benchmarks.anchored.source import LONG, N_CLASSES, SHORT, Float32Array, Source
from pmfnas.benchmarks.seconds import N_TRAIN, N_VALID
from pmfnas.core.types import FloatArray

LOSS_PER_ODDS = (1 / 1.4, 1 / 2.5, 1 / 3.0)
"""Fall of log loss per rise of the log-odds of accuracy by one, on validation images, by data set.

The values are slopes within the twelve epochs of schedule 12 of the three archs with public official files.
"""

RAMP = (1 - np.cos(np.pi * np.arange(SHORT) / SHORT)) / (1 - np.cos(np.pi * (SHORT - 1) / SHORT))
"""Share of the way from schedule 200 to the end of schedule 12, shape (12,); it follows the learning rate."""

_NEIGHBOURS = 8


@dataclass(frozen=True, slots=True)
class ShortCurves:
    """Curves of the distinct trainings of schedule 12, float32, each of shape (n_trainings, 3, 12)."""

    train_loss: Float32Array
    train_acc: Float32Array
    valid_loss: Float32Array
    valid_acc: Float32Array


def short_curves(models: Models) -> ShortCurves:
    """Return the curves of every training of schedule 12."""
    source, identity, losses = models.known.source, models.known.identity, models.losses
    short = identity.short
    start, noise = _starts(identity, losses)
    fade = noise_fade(losses)
    early_gap = (models.accuracies.gap[:, :SHORT] * fade)[short.network]
    noise = noise * models.accuracies.gain[:SHORT] * fade
    parts = []
    for dataset, link in enumerate(models.known.links):
        end_loss, end_odds = _ends(source, identity, losses.x, dataset, link)
        log_loss = start[:, dataset] + RAMP * (end_loss - start[:, dataset, -1])[:, None]
        log_loss = np.minimum(log_loss, np.log(np.log(N_CLASSES[dataset])))
        missing = end_odds - link.accuracy_odds(end_loss)
        odds = link.accuracy_odds(log_loss) + correction(dataset)[:SHORT] * (1 - RAMP) + RAMP * missing[:, None]
        end_gap = end_odds - log_odds(short.valid_acc[:, dataset])
        gap = early_gap * (1 - RAMP) + RAMP * end_gap[:, None] + np.where(RAMP < 1, noise, 0)
        gap = np.minimum(gap, odds - log_odds(np.array(100 / N_CLASSES[dataset])))  # not below chance
        parts.append((log_loss, odds, log_loss + LOSS_PER_ODDS[dataset] * gap, odds - gap))
    train_loss, train_odds, valid_loss, valid_odds = (np.stack(p, axis=1) for p in zip(*parts, strict=True))
    return _finished(identity, train_loss, train_odds, valid_loss, valid_odds)


def _finished(
    identity: Identity, train_loss: FloatArray, train_odds: FloatArray, valid_loss: FloatArray, valid_odds: FloatArray
) -> ShortCurves:
    """Return losses and accuracies from their logarithms and log-odds. The ends are the exact real values."""
    anchor = identity.short.valid_acc
    train_acc = on_grid(from_log_odds(train_odds), np.array(N_TRAIN)[:, None])
    valid_acc = on_grid(from_log_odds(valid_odds), np.array(N_VALID)[:, None])
    constant = np.isin(identity.short.network, cut_off(identity))
    train_acc[constant] = valid_acc[constant] = anchor[constant][:, :, None]
    train_loss[constant] = valid_loss[constant] = np.log(np.log(N_CLASSES))[:, None]
    valid_acc[:, :, -1] = anchor
    return ShortCurves(
        np.exp(train_loss).astype(np.float32),
        train_acc.astype(np.float32),
        np.exp(valid_loss).astype(np.float32),
        valid_acc.astype(np.float32),
    )


def _starts(identity: Identity, losses: LossModel) -> tuple[FloatArray, FloatArray]:
    """Return the first epochs that schedule 200 would have in each training of schedule 12.

    Returns:
        Logarithm of training loss, (n_trainings, 3, 12), and epoch noise of log validation loss, (n_trainings, 12).
    """
    short = identity.short
    trainings = np.arange(len(short))
    network, member = np.unique(short.network, return_inverse=True)
    common = network_mean(losses, identity, network)[member]
    parts = [trial_part(losses, short, trainings, curve) for curve in TRAIN_CURVES]
    start = common[:, TRAIN_CURVES, :SHORT] + np.stack(parts, axis=1)[:, :, :SHORT]
    return start, epoch_noise(losses, identity, short, trainings)[:, :SHORT]


def noise_fade(losses: LossModel) -> FloatArray:
    """Return the noise of validation at each epoch of schedule 12, relative to the noise at the highest rate, (12,).

    It is taken from schedule 200, in which the noise of an epoch follows the learning rate.
    """
    long_rate, short_rate = _learning_rate(LONG), _learning_rate(SHORT)
    deviation = np.sqrt(smoothed(np.median(losses.rough**2, axis=0)))
    plateau = deviation[(long_rate > 0.8) & (np.arange(LONG) >= SHORT)].mean()
    falling = np.flatnonzero(long_rate <= 0.8)[::-1]  # rising learning rate
    relative = np.maximum.accumulate(deviation[falling] / plateau)
    return np.minimum(np.interp(short_rate, np.r_[long_rate[falling], 1.0], np.r_[relative, 1.0]), 1.0)


def _learning_rate(epochs: int) -> FloatArray:
    """Return the learning rate in the middle of each epoch, as a share of the first."""
    return np.asarray((1 + np.cos(np.pi * (np.arange(epochs) + 0.5) / epochs)) / 2)


def _ends(source: Source, identity: Identity, x: FloatArray, dataset: int, link: Link) -> tuple[FloatArray, FloatArray]:
    """Return log training loss and log-odds of training accuracy after epoch 12, each of shape (n_trainings,).

    They are real if recorded for the same training. Otherwise they are validation accuracy plus a gap learnt from the
    recorded trainings. On cifar10 the recorded trainings used 50,000 images and were tested, so the gap to test
    accuracy replaces the gap to validation.
    """
    short, rows = identity.short, source.end_archs
    network = identity.networks.of_arch[rows]
    taught = np.flatnonzero(~np.isin(network, cut_off(identity)))
    measured = (source.test_12 if dataset == 0 else source.valid_12)[rows, dataset]
    mean = fit(x[network[taught]], (log_odds(source.end_acc[:, dataset, 0]) - log_odds(measured))[taught])
    near = nearest(x, mean.x, _NEIGHBOURS)[short.network]
    gap = mean.predict(x)[short.network] + mean.residuals[choose(f"end gap {dataset}", short.key, near)]
    odds = log_odds(short.valid_acc[:, dataset]) + gap
    log_loss = link.loss(odds)
    if dataset > 0:
        training = short.of_trial[rows, 0]
        odds[training], log_loss[training] = (
            log_odds(source.end_acc[:, dataset, 0]),
            np.log(source.end_loss[:, dataset, 0]),
        )
    return log_loss, odds
