"""One column of a curve table, opened once for many short reads.

Most columns are measured at every epoch of a range. There a read is one slice of the mapped array. Epochs that lie
apart are looked up one by one.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import UnavailableError
from pmfnas.core.types import FloatArray


class Series:
    """The values of one column by row, slot and epoch.

    Args:
        values: the column, shape (n_archs, n_slots, max(1, n_epochs)); None if it was never measured.
        epochs: the measured epochs; () if the column does not depend on the epoch.
        refusal: makes the error for an epoch that was not measured.
    """

    def __init__(
        self, values: NDArray[Any] | None, epochs: tuple[int, ...], refusal: Callable[[int], UnavailableError]
    ) -> None:
        self._values = np.empty((0, 0, 0)) if values is None else values
        self._epochs = epochs
        self._first = epochs[0] if epochs else 0
        self._n_in_line = len(epochs) if epochs and epochs[-1] - epochs[0] == len(epochs) - 1 else 0
        self._refusal = refusal

    def read(self, row: int, slot: int, epochs: range | tuple[int, ...]) -> FloatArray:
        """Return the values at `epochs`, shape (len(epochs),). Raises `UnavailableError` for one not measured."""
        n = len(epochs)
        if not n:
            return np.empty(0)
        place = epochs[0] - self._first
        in_line = n == 1 or (isinstance(epochs, range) and epochs.step == 1)
        if in_line and place >= 0 and place + n <= self._n_in_line:
            return self._values[row, slot, place : place + n].astype(np.float64)
        return self._values[row, slot, [self._place(epoch) for epoch in epochs]].astype(np.float64)

    def total(self, row: int, slot: int, epochs: range | tuple[int, ...]) -> float:
        """Return the sum over `epochs`; a column that does not depend on the epoch counts once for each."""
        if self._epochs:
            return float(self.read(row, slot, epochs).sum())
        if not self._values.size:
            raise self._refusal(epochs[0] if epochs else 0)
        return float(self._values.item(row, slot, 0)) * len(epochs)

    def _place(self, epoch: int) -> int:
        """Return the index of `epoch` on the epoch axis."""
        if epoch not in self._epochs:
            raise self._refusal(epoch)
        return self._epochs.index(epoch)


class Unknown:
    """A column that a table of one's own does not hold: its figures are not known."""

    def read(self, row: int, slot: int, epochs: range | tuple[int, ...]) -> FloatArray:
        """Return NaN for each epoch, shape (len(epochs),)."""
        del row, slot
        return np.full(len(epochs), np.nan)
