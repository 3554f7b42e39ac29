"""Finds trials that are copies of one training, and archs that are one network.

Archs that compute the same function with the same parameters have the same results for the same seed: equal triples of
validation accuracies (one per data set), to the image, and equal recorded loss curves. Such trials are one *training*
and are modelled once. Archs that share trainings, under either schedule, are one *network*; values per arch are
modelled once per network.

In a few trials the recorded cell has one convolution fewer than the trial's arch. These trials belong to the network
with the fewest live convolutions among those that share the training. They link no archs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from pmfnas.benchmarks.anchored.source import IntArray, Source
from pmfnas.benchmarks.seconds import N_VALID
from pmfnas.core.types import FloatArray
from pmfnas.spaces.cell_features import CONV_1X1, CONV_3X3, live_counts


@dataclass(frozen=True, slots=True)
class Trainings:
    """The distinct trainings of one schedule."""

    of_trial: IntArray  # (n_archs, n_trials) training of each trial, -1 for missing trials
    network: IntArray  # (n_trainings,) network that was trained
    valid_acc: FloatArray  # (n_trainings, 3) at the end, percent
    key: IntArray  # (n_trainings,) a number made from the accuracies; equal results have equal numbers

    def __len__(self) -> int:
        return len(self.network)


@dataclass(frozen=True, slots=True)
class Networks:
    """The distinct networks."""

    of_arch: IntArray  # (n_archs,) network of each arch
    arch: IntArray  # (n_networks,) row of the first member with the fewest live convolutions
    key: IntArray  # (n_networks,) number of that arch in the space

    def __len__(self) -> int:
        return len(self.arch)


@dataclass(frozen=True, slots=True)
class Identity:
    """Networks and their trainings."""

    networks: Networks
    short: Trainings
    long: Trainings


def identify(source: Source) -> Identity:
    """Return the networks and trainings behind the archs and trials of `source`."""
    live = live_counts(source.ops)
    size = live[:, CONV_3X3] * (len(source.ops[0]) + 1) + live[:, CONV_1X1]  # (n_archs,)
    short_of, short_key, short_acc = _distinct(source.valid_12[:, :, None])
    long_of, long_key, long_acc = _distinct(source.valid_200)
    network_of = _linked(size, (short_of, long_of))
    first = np.lexsort((np.arange(len(size)), size, network_of))
    arch = first[np.r_[True, np.diff(network_of[first]) > 0]]
    networks = Networks(network_of, arch, source.numbers[arch])
    return Identity(
        networks,
        Trainings(short_of, network_of[_owner(short_of, size)], short_acc, short_key),
        Trainings(long_of, network_of[_owner(long_of, size)], long_acc, long_key),
    )


def _distinct(valid_acc: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the training of each trial, and key and accuracies of each training.

    Accuracies, percent, shape (n_archs, 3, n_trials), are compared as counts of images. Those of cifar10 under schedule
    12 are means of two trials, so half images occur.
    """
    n_archs, _, n_trials = valid_acc.shape
    triples = valid_acc.transpose(0, 2, 1).reshape(-1, 3)
    exists = np.flatnonzero(np.isfinite(triples[:, 0]))
    halves = np.rint(triples[exists] * (2 * np.array(N_VALID) / 100)).astype(np.int64)
    _, first, inverse = np.unique(halves, axis=0, return_index=True, return_inverse=True)
    of_trial = np.full(len(triples), -1, dtype=np.int64)
    of_trial[exists] = inverse.ravel()
    radices = np.array([1, 2 * N_VALID[0] + 1, (2 * N_VALID[0] + 1) * (2 * N_VALID[1] + 1)])
    return of_trial.reshape(n_archs, n_trials), halves[first] @ radices, triples[exists[first]]


def _linked(size: IntArray, of_trials: tuple[IntArray, ...]) -> IntArray:
    """Return the network of each arch. Archs of equal size are linked by shared trainings, also through others."""
    n_archs = len(size)
    archs, nodes, offset = [], [], n_archs
    for of_trial in of_trials:
        arch, trial = np.nonzero(of_trial >= 0)
        meeting = of_trial[arch, trial] * (size.max() + 1) + size[arch]  # (training, size)
        _, place = np.unique(meeting, return_inverse=True)
        archs.append(arch)
        nodes.append(place.ravel() + offset)
        offset += int(place.max()) + 1
    left, right = np.concatenate(archs), np.concatenate(nodes)
    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(offset, offset))
    label: NDArray[np.int32] = connected_components(graph, directed=False)[1][:n_archs]
    return np.unique(label, return_inverse=True)[1].astype(np.int64)


def _owner(of_trial: IntArray, size: IntArray) -> IntArray:
    """Return the arch of each training: the smallest arch that shares it, the first of these."""
    arch, trial = np.nonzero(of_trial >= 0)
    training = of_trial[arch, trial]
    order = np.lexsort((arch, size[arch], training))
    return arch[order[np.r_[True, np.diff(training[order]) > 0]]]
