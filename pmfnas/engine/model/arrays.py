"""Two questions to arrays that NumPy answers more slowly: one row more, and the best of many."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.types import FloatArray

_T = TypeVar("_T", bound=np.generic)


def grown(rows: NDArray[_T], row: Any) -> NDArray[_T]:
    """Return `rows` (n, ...) and one row more."""
    found = np.empty((len(rows) + 1, *rows.shape[1:]), dtype=rows.dtype)
    found[:-1] = rows
    found[-1] = row
    return found


def highest(values: FloatArray, n: int) -> NDArray[np.int64]:
    """Return the places of the `n` highest values, the highest first, equal ones in their order."""
    low, at = -values, np.arange(len(values))
    if 0 < n < len(values):
        at = np.flatnonzero(low <= np.partition(low, n - 1)[n - 1])
    return at[np.argsort(low[at], kind="stable")[:n]]
