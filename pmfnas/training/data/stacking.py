"""Collects pictures of one size, one by one, and the remarks on their conversion."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import DataError
from pmfnas.training.data.pictures import Picture


class Stack:
    """Pictures of equal size."""

    def __init__(self) -> None:
        self._pixels: list[NDArray[np.uint8]] = []
        self._first = ""
        self._remarks: Counter[str] = Counter()
        self._examples: dict[str, str] = {}

    def add(self, picture: Picture, what: str) -> None:
        """Add a picture; `what` names it. Raises `DataError` unless it is square and as large as the first."""
        self._first = self._first or what
        self._pixels.append(picture.pixels)
        if picture.pixels.shape != self._pixels[0].shape:
            mine, first = (f"{p.shape[1]}x{p.shape[0]}" for p in (picture.pixels, self._pixels[0]))
            raise DataError(f"{what} is {mine}, but {self._first} is {first}: scale them alike")
        if picture.pixels.shape[0] != picture.pixels.shape[1]:
            height, width, _ = picture.pixels.shape
            raise DataError(f"{what} is {width}x{height}, but must be square: crop or scale the pictures")
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
