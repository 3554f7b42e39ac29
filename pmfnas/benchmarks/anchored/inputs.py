"""The inputs of the regressions: structure, size and real accuracies of a network on all data sets.

Test accuracies are left out, because a curve that a searcher sees must not reveal them.
"""

import numpy as np

from pmfnas.benchmarks.anchored.identity import Identity, Networks, Trainings
from pmfnas.benchmarks.anchored.source import Source
from pmfnas.core.types import FloatArray
from pmfnas.spaces.cell import CellSpace

_ANCHOR_WEIGHT, _PATH_WEIGHT = 2.0, 0.3
"""Weights in the distance between networks, against 1 for counts and sizes: accuracies tell most, paths least."""
_FAR = 3.0


def log_odds(acc_pct: FloatArray) -> FloatArray:
    """Return the logarithm of the odds of accuracies in percent, with 0.01 added to numerator and denominator."""
    return np.asarray(np.log((acc_pct + 0.01) / (100.01 - acc_pct)))


def from_log_odds(odds: FloatArray) -> FloatArray:
    """Return accuracies in percent, clipped to [0, 100]; the inverse of `log_odds`."""
    return np.clip(100.02 / (1 + np.exp(-odds)) - 0.01, 0.0, 100.0)


def network_inputs(source: Source, identity: Identity) -> FloatArray:
    """Return the inputs of the regressions, standardised, shape (n_networks, n_inputs)."""
    networks = identity.networks
    space = CellSpace(n_classes=10, image_size=32)
    archs = source.archs
    features = space.features([archs[row] for row in networks.arch])  # (n_networks, n_features)
    is_path = np.array([name.startswith("path:") for name in space.feature_names])
    anchors = [mean_log_odds(trainings, networks) for trainings in (identity.short, identity.long)]
    return np.hstack(
        [
            _ANCHOR_WEIGHT * _standardised(np.hstack(anchors)),
            _standardised(features[:, ~is_path]),
            _PATH_WEIGHT * _standardised(features[:, is_path]),
        ]
    )


def mean_log_odds(trainings: Trainings, networks: Networks) -> FloatArray:
    """Return the mean log-odds over the trainings of each network, shape (n_networks, 3).

    A network whose trainings all belong to smaller cells takes the trainings of its first arch.
    """
    odds = log_odds(trainings.valid_acc)
    count = np.bincount(trainings.network, minlength=len(networks)).astype(np.float64)
    total = np.zeros((len(networks), 3))
    np.add.at(total, trainings.network, odds)
    for network in np.flatnonzero(count == 0):
        of_arch = trainings.of_trial[networks.arch[network]]
        total[network] = odds[of_arch[of_arch >= 0]].sum(axis=0)
        count[network] = (of_arch >= 0).sum()
    return total / count[:, None]


def _standardised(columns: FloatArray) -> FloatArray:
    """Return columns of mean 0 and deviation 1, with far values drawn in. Constant columns are dropped.

    A few cells hardly learn. Their values are so far from all others that regressions without this limit extrapolate to
    losses beyond chance.
    """
    deviation = columns.std(axis=0)
    varies = deviation > 1e-9
    scores = (columns[:, varies] - columns[:, varies].mean(axis=0)) / deviation[varies]
    return np.asarray(_FAR * np.tanh(scores / _FAR))
