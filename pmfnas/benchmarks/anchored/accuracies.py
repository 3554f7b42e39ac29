"""Validation accuracy of schedule 200 on cifar10-valid.

In log-odds, for a training `t` of network `g`, each a curve over 200 epochs:

    valid acc = mean(g) - gain * (log valid loss of t - its mean for g)

The mean is, epoch by epoch, a quadratic in three values of the network: mean log validation loss and mean log-odds of
training accuracy at that epoch, and the real final accuracy. It is fitted to the networks with recorded accuracy curves
(means over their trials). In real trainings validation loss and accuracy deviate together almost perfectly
(correlation -0.97 from epoch to epoch within the three archs that have both). So the deviation of the accuracy is that
of the modelled validation loss, times the ratio of the two noises.
"""

from dataclasses import dataclass

import numpy as np

from pmfnas.benchmarks.anchored.identity import Identity
from pmfnas.benchmarks.anchored.inputs import log_odds, mean_log_odds
from pmfnas.benchmarks.anchored.link import Link, correction
from pmfnas.benchmarks.anchored.losses import VALID_CURVE, LossModel, cut_off, smoothed
from pmfnas.benchmarks.anchored.source import Float32Array, IntArray, Source
from pmfnas.core.types import FloatArray

_GAINS = (0.7, 2.0)
_RIDGE = 0.01


@dataclass(frozen=True, slots=True)
class AccuracyModel:
    """The fitted model, evaluated for all networks. Made by `fit_accuracies`."""

    valid: FloatArray  # (n_networks, 200) mean log-odds of validation accuracy
    train: FloatArray  # (n_networks, 200) mean log-odds of training accuracy
    log_loss: FloatArray  # (n_networks, 200) mean log validation loss
    gain: FloatArray  # (200,) change of log-odds of validation accuracy per fall of log validation loss

    @property
    def gap(self) -> FloatArray:
        """Expected lead of training over validation accuracy, log-odds, shape (n_networks, 200)."""
        return self.train - self.valid


def fit_accuracies(identity: Identity, source: Source, losses: LossModel, link: Link, rows: IntArray) -> AccuracyModel:
    """Return the model fitted on the given rows of the recorded accuracy curves.

    Args:
        identity: networks and trainings.
        source: the real values.
        losses: model of the loss curves.
        link: from training loss to training accuracy on cifar10-valid.
        rows: rows of `source.acc_archs` to learn from; archs that are cut off from the input are left out.
    """
    network = identity.networks.of_arch[source.acc_archs[rows]]
    taught = ~np.isin(network, cut_off(identity))
    rows, network = rows[taught], network[taught]
    mean = losses.mean.predict(losses.x)
    train = link.accuracy_odds(mean[:, 0]) + correction(0)
    final = np.broadcast_to(mean_log_odds(identity.long, identity.networks)[:, :1], train.shape)
    real = log_odds(source.valid_acc[rows])
    valid = _epochwise(np.stack([mean[:, VALID_CURVE], train, final], axis=2), network, real)
    residuals = real - valid[network]
    n_trials = source.present[source.acc_archs[rows]].sum(axis=1)
    noise = (residuals - smoothed(residuals)) * np.sqrt(n_trials)[:, None]
    gain = np.sqrt(smoothed(np.median(noise**2, axis=0)) / smoothed(np.median(losses.rough**2, axis=0)))
    return AccuracyModel(valid, train, mean[:, VALID_CURVE], np.clip(gain, *_GAINS))


def predict_valid_odds(
    model: AccuracyModel, identity: Identity, trainings: IntArray, log_loss: FloatArray | Float32Array
) -> FloatArray:
    """Return log-odds of validation accuracy of trainings of schedule 200, shape (len(trainings), 200).

    Args:
        model: the fitted model.
        identity: networks and trainings.
        trainings: numbers of the trainings.
        log_loss: log validation loss of the trainings, shape (len(trainings), 200).
    """
    network = identity.long.network[trainings]
    return np.asarray(model.valid[network] - model.gain * (log_loss - model.log_loss[network]))


def _epochwise(figures: FloatArray, taught: IntArray, real: FloatArray) -> FloatArray:
    """Return the predictions for all networks of a quadratic fitted at each epoch by ridge regression.

    Args:
        figures: shape (n_networks, n_epochs, 3); clipped to the range of the taught networks, where the fit is valid.
        taught: networks to learn from.
        real: targets, shape (len(taught), n_epochs).
    """
    figures = np.clip(figures, figures[taught].min(axis=0), figures[taught].max(axis=0))
    terms = np.concatenate([figures, figures**2], axis=2)
    centre, scale = terms[taught].mean(axis=0), terms[taught].std(axis=0) + 1e-9
    terms = ((terms - centre) / scale).transpose(1, 0, 2)  # (n_epochs, n_networks, 6)
    known, offset = terms[:, taught], real.mean(axis=0)
    normal = known.transpose(0, 2, 1) @ known + _RIDGE * np.eye(terms.shape[2])
    weights = np.linalg.solve(normal, known.transpose(0, 2, 1) @ (real - offset).T[:, :, None])
    return np.asarray(offset[None, :] + (terms @ weights)[:, :, 0].T)
