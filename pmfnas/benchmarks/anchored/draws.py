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


def signs(name: str, keys: IntArray) -> FloatArray:
    """Return -1 or 1 for each key, shape (len(keys),)."""
    return np.where(_hash(name, keys) >> np.uint64(63), -1.0, 1.0)


def _hash(name: str, keys: IntArray) -> NDArray[np.uint64]:
    return trial_keys(_SEED, f"anchored/{name}", keys, 1)[:, 0]
