"""The best of many without sorting them all."""

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.types import FloatArray


def highest(values: FloatArray, n: int) -> NDArray[np.int64]:
    """Return the places of the `n` highest values, the highest first, equal ones in their order."""
    at = np.arange(len(values))
    if 0 < n < len(values):
        at = np.flatnonzero(values >= np.partition(values, -n)[-n])
    return at[np.argsort(-values[at], kind="stable")[:n]]
