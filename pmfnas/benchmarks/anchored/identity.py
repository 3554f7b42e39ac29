"""Which trials are copies of one training, and which archs are one network.

Archs that compute the same function with the same parameters have, for the same seed, the same results: their
triples of validation accuracies (one per data set) are equal to the image, and so are their loss curves where both
were recorded. Such trials are one *training*; whatever is modelled is modelled once per training. Archs linked by
shared trainings, under either schedule, are one *network*; what is modelled per arch is modelled once per network.

A few trials belong to a cell with one convolution fewer than their arch. They are given to the network with the
fewest convolutions on live edges among those that share the training, and link nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from pmfnas.benchmarks.anchored.source import N_VALID, IntArray, Source
from pmfnas.core.types import FloatArray
from pmfnas.spaces.cell_features import CONV_1X1, CONV_3X3, live_counts


@dataclass(frozen=True, slots=True)
class Trainings:
    """The distinct trainings of one schedule."""

    of_trial: IntArray  # (n_archs, n_trials) training of each trial, -1 where there is none
    network: IntArray  # (n_trainings,) network that was trained
    valid_acc: FloatArray  # (n_trainings, 3) at the end, percent
    key: IntArray  # (n_trainings,) a number made of the accuracies; equal results, equal number

    def __len__(self) -> int:
        return len(self.network)


@dataclass(frozen=True, slots=True)
class Networks:
    """The distinct networks."""

    of_arch: IntArray  # (n_archs,) network of each arch
    arch: IntArray  # (n_networks,) row of the member with the fewest live convolutions, the first of these
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

    Accuracies, shape (n_archs, 3, n_trials), are compared as counts of images; those of cifar10 under schedule 12
    are means of two trials, hence the half images.
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
    """Return the network of each arch: archs of equal size that share a training, directly or through others."""
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
    """Return the arch that each training belongs to: the smallest of those that share it, the first of these."""
    arch, trial = np.nonzero(of_trial >= 0)
    training = of_trial[arch, trial]
    order = np.lexsort((arch, size[arch], training))
    return arch[order[np.r_[True, np.diff(training[order]) > 0]]]
