"""Pictures of any size and shape as squares of one side.

A picture is cropped to its largest centred square, which is scaled by Pillow with an anti-aliased bilinear filter. This
happens where a side was asked for, or where pictures differ in size, are not square, or have a side that the networks
cannot take. Other pictures stay as they are.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import InputError

MOST = 64
"""Largest side that is chosen for pictures of several sizes; a larger one must be asked for."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """What the networks take."""

    image_size: int | None = None
    """Pixels a side that were asked for; None leaves pictures as they are if they fit."""
    multiple: int = 4
    """The side must be a multiple of this: cells halve it twice."""

    def __post_init__(self) -> None:
        if self.image_size is not None and (self.image_size < self.multiple or self.image_size % self.multiple):
            raise InputError(
                f"--image-size is {self.image_size}, but must be a positive multiple of {self.multiple}; "
                f"{max(1, round(self.image_size / self.multiple)) * self.multiple} is one"
            )


AS_IS = Fitting()


def side_for(sizes: Iterable[tuple[int, int]], fitting: Fitting) -> int | None:
    """Return the side to scale pictures of these sizes, (width, height), to; None if they fit as they are."""
    found = Counter(sizes)
    if fitting.image_size is not None:
        return None if set(found) == {(fitting.image_size,) * 2} else fitting.image_size
    if len(found) == 1:
        ((width, height),) = found
        if width == height and width % fitting.multiple == 0:
            return None
    typical = int(median(min(size) for size in found.elements()) if found else MOST)
    return min(MOST, max(1, typical // fitting.multiple) * fitting.multiple)


def fitted(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return the largest centred square of a picture, (height, width, 3), scaled to (side, side, 3)."""
    from PIL import Image, ImageOps

    picture = ImageOps.fit(Image.fromarray(pixels), (side, side), Image.Resampling.BILINEAR)
    return np.asarray(picture)


def note_on(sizes: Iterable[tuple[int, int]], side: int) -> str:
    """Return a line on pictures that were scaled to `side`."""
    found = sorted(set(sizes), key=lambda size: size[0] * size[1])
    smallest, largest = (f"{width}x{height}" for width, height in (found[0], found[-1]))
    which = f"{smallest} pixels" if len(found) == 1 else f"{len(found):,} sizes, {smallest} to {largest} pixels"
    return f"note: pictures of {which} were cropped to a centred square and scaled to {side}x{side}"
