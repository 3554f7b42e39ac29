"""Random choices that depend on a name and a key only.

The choices come from a hash of (name, key). So they do not depend on the order of rows, as a generator's would: copies
of a training are modelled alike, and a change of one step does not shift the others.
"""

import numpy as np
from numpy.typing import NDArray

from pmfnas.benchmarks.anchored.source import IntArray
from pmfnas.core.rng import trial_keys
from pmfnas.core.types import FloatArray

_SEED = 20_200


def choose(name: str, keys: IntArray, options: IntArray) -> IntArray:
    """Return one column of each row of `options`, chosen uniformly, shape (len(keys),)."""
    place = _hash(name, keys) % np.uint64(options.shape[1])
    return np.asarray(options[np.arange(len(keys)), place.astype(np.int64)])


def choose_apart(name: str, groups: IntArray, keys: IntArray, options: IntArray) -> IntArray:
    """Return one column of each row of `options`, shape (len(keys),). Rows of a group differ while columns last.

    Args:
        name: name of the draw.
        groups: key of each row's group.
        keys: key of each row, distinct within a group.
        options: shape (len(keys), n_options).
    """
    order = np.lexsort((keys, groups))
    new = np.r_[True, np.diff(groups[order]) != 0]
    rank = np.empty(len(keys), dtype=np.int64)
    rank[order] = np.arange(len(keys)) - np.flatnonzero(new)[np.cumsum(new) - 1]
    start = (_hash(name, groups) % np.uint64(options.shape[1])).astype(np.int64)
    return np.asarray(options[np.arange(len(keys)), (start + rank) % options.shape[1]])


def angles(name: str, keys: IntArray) -> FloatArray:
    """Return an angle for each key, uniform in [0, 2 pi) radians, shape (len(keys),)."""
    return np.asarray((_hash(name, keys) >> np.uint64(11)) * (2 * np.pi / 2**53))


def _hash(name: str, keys: IntArray) -> NDArray[np.uint64]:
    return trial_keys(_SEED, f"anchored/{name}", keys, 1)[:, 0]
