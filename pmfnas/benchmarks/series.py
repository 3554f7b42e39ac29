"""One column of a curve table, and the trials of its archs, opened once for many short reads.

Most columns are measured at every epoch of a range. There a read is one slice of the mapped array. Epochs that lie
apart are looked up one by one.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import UnavailableError
from pmfnas.core.types import FloatArray

_FLOAT64 = np.dtype(np.float64)
"""Found once: a conversion by the type itself takes a quarter more time."""


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
        self._is_measured, self._item = self._values.size > 0, self._values.item
        self._epochs = epochs
        self._before = epochs[0] - 1 if epochs else 0  # the epoch before the first
        self._n_in_line = len(epochs) if epochs and epochs[-1] - epochs[0] == len(epochs) - 1 else 0
        self._refusal = refusal

    def read(self, row: int, slot: int, epochs: range | tuple[int, ...]) -> FloatArray:
        """Return the values at `epochs`, shape (len(epochs),). Raises `UnavailableError` for one not measured."""
        n = len(epochs)
        if n == 1 or (n and isinstance(epochs, range) and epochs.step == 1):
            place = epochs[0] - 1 - self._before
            if 0 <= place <= self._n_in_line - n:
                return self._values[row, slot, place : place + n].astype(_FLOAT64)
        elif not n:
            return np.empty(0)
        return self._values[row, slot, [self._place(epoch) for epoch in epochs]].astype(_FLOAT64)

    def between(self, row: int, slot: int, start: int, stop: int) -> FloatArray:
        """Return the values of the epochs `start + 1 .. stop`, as `read` does, in less time."""
        first, last = start - self._before, stop - self._before
        if 0 <= first < last <= self._n_in_line:
            return self._values[row, slot, first:last].astype(_FLOAT64)
        return self.read(row, slot, range(start + 1, stop + 1))

    def total(self, row: int, slot: int, epochs: range | tuple[int, ...]) -> float:
        """Return the sum over `epochs`; a column that does not depend on the epoch counts once for each."""
        if self._epochs:
            return float(self.read(row, slot, epochs).sum())
        if not self._is_measured:
            raise self._refusal(epochs[0] if epochs else 0)
        return float(self._item(row, slot, 0)) * len(epochs)

    def _place(self, epoch: int) -> int:
        """Return the index of `epoch` on the epoch axis."""
        if epoch not in self._epochs:
            raise self._refusal(epoch)
        return self._epochs.index(epoch)


class Trials:
    """The places of the measured trials on the trial axis.

    Args:
        present: True for each measured trial, shape (n_archs, n_slots).
        where: data set and schedule, for the error message.
    """

    def __init__(self, present: NDArray[np.bool_], where: str) -> None:
        self._where = where
        self._slot = np.argsort(~present, axis=1, kind="stable").item  # measured ones first
        self._number = present.sum(axis=1).item

    def number(self, row: int) -> int:
        """Return the number of measured trials of an arch."""
        return int(self._number(row))

    def slot(self, row: int, trial: int) -> int:
        """Return the place of the `trial`-th measured trial. Raises `UnavailableError` for one not measured."""
        if not 0 <= trial < self._number(row):
            raise UnavailableError(f"trial {trial} of row {row}, {self._where}: {self.number(row)} trials exist")
        return int(self._slot(row, trial))


class Unknown:
    """A column that a table of one's own does not hold: its figures are not known."""

    def read(self, row: int, slot: int, epochs: range | tuple[int, ...]) -> FloatArray:
        """Return NaN for each epoch, shape (len(epochs),)."""
        del row, slot
        return np.full(len(epochs), np.nan)

    def between(self, row: int, slot: int, start: int, stop: int) -> FloatArray:
        """Return NaN for each of the epochs `start + 1 .. stop`."""
        del row, slot
        return np.full(stop - start, np.nan)
