"""Random choices that depend on nothing but a name and what is chosen for.

A generator would make what is drawn depend on the order of the rows; a hash of (name, key) does not, so that
copies of a training are modelled alike and a change of one step shifts no other.
"""

import numpy as np
from numpy.typing import NDArray

from pmfnas.benchmarks.anchored.source import IntArray
from pmfnas.core.rng import trial_keys
from pmfnas.core.types import FloatArray

_SEED = 20_200


def choose(name: str, keys: IntArray, options: IntArray) -> IntArray:
    """Return one of the columns of each row of `options`, uniformly, shape (len(keys),)."""
    place = _hash(name, keys) % np.uint64(options.shape[1])
    return np.asarray(options[np.arange(len(keys)), place.astype(np.int64)])


def choose_apart(name: str, groups: IntArray, keys: IntArray, options: IntArray) -> IntArray:
    """Return one of the columns of each row of `options`, different ones within a group while they last.

    Args:
        name: of the draw.
        groups: key of the group of each row.
        keys: key of the row, distinct within a group.
        options: shape (len(keys), n_options).
    """
    order = np.lexsort((keys, groups))
    new = np.r_[True, np.diff(groups[order]) != 0]
    rank = np.empty(len(keys), dtype=np.int64)
    rank[order] = np.arange(len(keys)) - np.flatnonzero(new)[np.cumsum(new) - 1]
    start = (_hash(name, groups) % np.uint64(options.shape[1])).astype(np.int64)
    return np.asarray(options[np.arange(len(keys)), (start + rank) % options.shape[1]])


def angles(name: str, keys: IntArray) -> FloatArray:
    """Return an angle for each key, uniform in [0, 2 pi), shape (len(keys),)."""
    return np.asarray((_hash(name, keys) >> np.uint64(11)) * (2 * np.pi / 2**53))


def _hash(name: str, keys: IntArray) -> NDArray[np.uint64]:
    return trial_keys(_SEED, f"anchored/{name}", keys, 1)[:, 0]
