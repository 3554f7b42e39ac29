"""Loss curves of schedule 200: training loss on three data sets, validation loss on cifar10-valid.

In logarithms, for a training `t` of network `g`, each a curve over 200 epochs:

    log loss = mean(inputs of g) + network part of g + trial part of t (+ epoch noise of t, validation loss)

The mean is a regression. A network's part is the smoothed residual of one of its nearest real neighbours. A trial's
part is half the difference (in variance) between two real trainings of isomorphic archs. Epoch noise is the difference
between a neighbour's residual and its smoothed version. One neighbour serves all four curves, so they deviate together
as real curves do. A training with recorded curves keeps them, and the other trainings of its network take their
network part from these curves.
"""

from dataclasses import dataclass

import numpy as np

from pmfnas.benchmarks.anchored.draws import angles, choose, choose_apart
from pmfnas.benchmarks.anchored.identity import Identity, Trainings
from pmfnas.benchmarks.anchored.regression import Regression, fit, nearest
from pmfnas.benchmarks.anchored.source import LONG, N_CLASSES, Float32Array, IntArray, Source
from pmfnas.core.errors import DataError
from pmfnas.core.types import FloatArray
from pmfnas.spaces.cell import CellSpace

TRAIN_CURVES = (0, 1, 2)
VALID_CURVE = 3
N_CURVES = 4
CURVE_CLASSES = (*N_CLASSES, N_CLASSES[0])

_NEIGHBOURS = 8
_NOISE_NEIGHBOURS = 24
_HALF_WINDOW = 4
_MIN_SHARE, _MAX_SHARE = 0.05, 0.95


@dataclass(frozen=True, slots=True)
class RealCurves:
    """Recorded loss curves, one row per distinct training."""

    training: IntArray  # (n,)
    network: IntArray  # (n,)
    log_loss: FloatArray  # (n, 4, 200)

    def __len__(self) -> int:
        return len(self.training)

    def take(self, rows: IntArray) -> "RealCurves":
        """Return the given rows."""
        return RealCurves(self.training[rows], self.network[rows], self.log_loss[rows])


def real_curves(source: Source, identity: Identity) -> RealCurves:
    """Return the recorded loss curves, one per distinct training."""
    training = recorded_trainings(source, identity)
    first = np.sort(np.unique(training, return_index=True)[1])
    curves = np.concatenate([source.train_loss, source.eval_loss[:, :1]], axis=1)[first]
    return RealCurves(training[first], identity.long.network[training[first]], np.log(curves))


def recorded_trainings(source: Source, identity: Identity) -> IntArray:
    """Return the training of each row of the recorded loss curves, shape (n_losses,).

    It is identified by the test accuracies of the recorded trial. If two trials match, the first is taken.
    """
    rows = source.loss_archs
    differs = np.abs(source.test_200_trials[rows] - source.test_200_seed777[rows][:, :, None])[:, 1:].sum(axis=1)
    differs = np.where(source.present[rows], np.nan_to_num(differs, nan=1e3), np.inf)  # (n_losses, n_trials)
    return np.asarray(identity.long.of_trial[rows, differs.argmin(axis=1)])


def cut_off(identity: Identity) -> IntArray:
    """Return the networks whose output does not depend on the input, because no path is open."""
    chance = (identity.long.valid_acc <= 100 / np.array(N_CLASSES) + 0.01).all(axis=1)
    return np.unique(identity.long.network[chance])


@dataclass(frozen=True, slots=True)
class LossModel:
    """The fitted model. Made by `fit_losses`."""

    x: FloatArray  # (n_networks, n_inputs)
    real: RealCurves
    mean: Regression
    smooth: FloatArray  # (n_real, 4, 200) smoothed residuals of the real curves, scaled to the network's share
    share: FloatArray  # (4, 200) share of the residual variance that belongs to the network
    rough: FloatArray  # (n_real, 200) epoch noise of the real validation losses
    trial: FloatArray  # (n_pairs, 4, 200) trial parts
    trial_x: FloatArray  # (n_pairs, n_inputs) inputs at which the trial parts were observed


def fit_losses(x: FloatArray, identity: Identity, source: Source, real: RealCurves) -> LossModel:
    """Return the model fitted on `real`. Networks that are cut off from the input are left out.

    Args:
        x: inputs of all networks, shape (n_networks, n_inputs).
        identity: networks and trainings.
        source: the real values.
        real: the curves to learn from: all that exist, or a part if the rest is held out.
    """
    kept = real.take(np.flatnonzero(~np.isin(real.network, cut_off(identity))))
    mean = fit(x[kept.network], kept.log_loss)
    left, right = _twins(identity, source, kept)
    trial = (kept.log_loss[left] - kept.log_loss[right]) / np.sqrt(2)
    trial[:, VALID_CURVE] = smoothed(trial[:, VALID_CURVE])
    smooth = smoothed(mean.residuals)
    rough = mean.residuals[:, VALID_CURVE] - smooth[:, VALID_CURVE]
    share = _network_share(mean.residuals, smooth, trial)
    return LossModel(
        x,
        real,
        mean,
        smooth * np.sqrt(share),
        share,
        rough,
        trial,
        (x[kept.network[left]] + x[kept.network[right]]) / 2,
    )


def _twins(identity: Identity, source: Source, real: RealCurves) -> tuple[IntArray, IntArray]:
    """Return pairs of rows with isomorphic networks: two trainings of the same cell, n - 1 pairs of n rows."""
    space = CellSpace(n_classes=10, image_size=32)
    archs = source.archs
    classes = [space.canonical(archs[identity.networks.arch[network]]) for network in real.network]
    _, label = np.unique(classes, return_inverse=True)
    order = np.argsort(label, kind="stable")
    same = label[order[1:]] == label[order[:-1]]
    if not same.any():
        raise DataError(
            "train_loss holds no two trainings of isomorphic archs, but noise is learnt from them; use the whole folder"
        )
    return order[1:][same], order[:-1][same]


def _network_share(residuals: FloatArray, smooth: FloatArray, trial: FloatArray) -> FloatArray:
    """Return the share of the residuals' variance that belongs to networks, not trials, shape (4, 200).

    Medians are used because a few networks with large residuals would dominate variances.
    """
    whole = residuals.copy()
    whole[:, VALID_CURVE] = smooth[:, VALID_CURVE]
    ratio = smoothed(np.median(trial**2, axis=0)) / smoothed(np.median(whole**2, axis=0))
    return np.clip(1 - ratio, _MIN_SHARE, _MAX_SHARE)


def predict_losses(model: LossModel, identity: Identity, trainings: IntArray) -> Float32Array:
    """Return the logarithms of the losses of trainings of schedule 200, shape (len(trainings), 4, 200).

    They are real if `model.real` has them, else modelled. A training loss is at most the loss of giving every image the
    same answer; a validation loss is at most the largest recorded one.
    """
    long = identity.long
    network, member = np.unique(long.network[trainings], return_inverse=True)
    part = network_mean(model, identity, network)
    rough = epoch_noise(model, identity, long, trainings)
    chance = np.log(np.log(CURVE_CLASSES))
    largest = [*chance[list(TRAIN_CURVES)], model.real.log_loss[:, VALID_CURVE].max()]
    log_loss = np.empty((len(trainings), N_CURVES, LONG), dtype=np.float32)
    for curve in range(N_CURVES):
        values = part[member, curve] + trial_part(model, long, trainings, curve)
        log_loss[:, curve] = np.minimum(values + rough if curve == VALID_CURVE else values, largest[curve])
    log_loss[np.isin(long.network[trainings], cut_off(identity))] = chance[:, None]
    _, here, there = np.intersect1d(trainings, model.real.training, return_indices=True)
    log_loss[here] = model.real.log_loss[there]
    return log_loss


def network_mean(model: LossModel, identity: Identity, network: IntArray) -> FloatArray:
    """Return the common curve of a network's trainings, mean plus network part, shape (n, 4, 200).

    Args:
        model: the fitted model.
        identity: networks and trainings.
        network: distinct networks.
    """
    x = model.x[network]
    mean = model.mean.predict(x)
    part = model.smooth[choose("network", identity.networks.key[network], nearest(x, model.mean.x, _NEIGHBOURS))]
    _, here, there = np.intersect1d(network, model.real.network, return_indices=True)
    # The residual of a single training, shrunk to the expected share of its network.
    part[here] = model.share * smoothed(model.real.log_loss[there] - mean[here])
    return np.asarray(mean + part)


def trial_part(model: LossModel, of: Trainings, trainings: IntArray, curve: int) -> FloatArray:
    """Return the deviation of trainings from their networks, shape (len(trainings), 200).

    Two real trial parts are weighted with cosine and sine of a random angle. The result has the size of one part and
    differs between trainings.
    """
    keys = of.key[trainings]
    network, member = np.unique(of.network[trainings], return_inverse=True)
    near = nearest(model.x[network], model.trial_x, _NEIGHBOURS)[member]
    half = max(near.shape[1] // 2, 1)
    one, two = choose("trial one", keys, near[:, :half]), choose("trial two", keys, near[:, -half:])
    angle = angles("trial", keys)[:, None]
    return np.asarray(np.cos(angle) * model.trial[one, curve] + np.sin(angle) * model.trial[two, curve])


def epoch_noise(model: LossModel, identity: Identity, of: Trainings, trainings: IntArray) -> FloatArray:
    """Return the epoch noise of log validation loss of trainings, shape (len(trainings), 200).

    The noise is that of real neighbours, never of the same network. Trainings of a network get different neighbours.
    """
    network, member = np.unique(of.network[trainings], return_inverse=True)
    near = nearest(model.x[network], model.mean.x, _NOISE_NEIGHBOURS + 1)
    is_own = np.isin(network, model.real.network)
    others = np.where(is_own[:, None], near[:, 1:], near[:, :-1])[member]
    groups = identity.networks.key[of.network[trainings]]
    return model.rough[choose_apart("epochs", groups, of.key[trainings], others)]


def smoothed(curves: FloatArray) -> FloatArray:
    """Return running means over the last axis; the window of nine epochs is cut at the ends."""
    n = curves.shape[-1]
    total = np.concatenate([np.zeros_like(curves[..., :1]), np.cumsum(curves, axis=-1)], axis=-1)
    stop = np.minimum(np.arange(n) + _HALF_WINDOW + 1, n)
    start = np.maximum(np.arange(n) - _HALF_WINDOW, 0)
    return np.asarray((total[..., stop] - total[..., start]) / (stop - start))
