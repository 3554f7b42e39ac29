"""Collects pictures, one by one, and the remarks on their conversion. All get one size."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from pmfnas.training.data.fitting import fitted
from pmfnas.training.data.pictures import Picture


class Stack:
    """Pictures of equal size."""

    def __init__(self, side: int | None) -> None:
        """Make an empty stack.

        Args:
            side: pixels a side to scale every picture to; None if all are square and of one size.
        """
        self._side = side
        self._pixels: list[NDArray[np.uint8]] = []
        self._remarks: Counter[str] = Counter()
        self._examples: dict[str, str] = {}

    def fitted(self, picture: Picture) -> Picture:
        """Return a picture in the size of the stack."""
        return picture if self._side is None else Picture(fitted(picture.pixels, self._side), picture.remarks)

    def add(self, pictures: Iterable[tuple[Picture, str]]) -> None:
        """Add fitted pictures with their names."""
        for picture, what in pictures:
            self._pixels.append(picture.pixels)
            for remark in picture.remarks:
                self._remarks[remark] += 1
                self._examples.setdefault(remark, what)

    def pixels(self) -> NDArray[np.uint8]:
        """Return the pictures, (n, 3, side, side), and empty the stack, so that memory holds them once."""
        side = len(self._pixels[0])
        found = np.empty((len(self._pixels), 3, side, side), dtype=np.uint8)
        for place in reversed(range(len(found))):
            found[place] = self._pixels.pop().transpose(2, 0, 1)
        return found

    def notes(self) -> tuple[str, ...]:
        """Return a line for each remark, with the number of pictures and the name of the first."""
        return tuple(
            f"note: {times:,} pictures have {remark}, first {self._examples[remark]}"
            for remark, times in sorted(self._remarks.items())
        )
