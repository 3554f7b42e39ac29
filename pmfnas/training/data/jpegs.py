"""JPEG files within one `.npz`, for example CIFAR-10 without access to the published archive.

    data (n_bytes,) uint8, offsets (n + 1,) int64     file i is data[offsets[i]:offsets[i + 1]]
    labels (n,), is_train (n,), classes (n_classes,)  labels are indices of `classes`, or names from it

`is_train` is True or False, or 1 or 0. The compression loses a little. The order of the published images is lost, too,
so their index split does not apply. Instead the training images are halved by class with a seed, into parts as large as
the published halves.
"""

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import DataError
from pmfnas.training.data.checks import checked, labels_with_names, mask_of_array
from pmfnas.training.data.fitting import AS_IS, Fitting, note_on, side_for
from pmfnas.training.data.images import Source
from pmfnas.training.data.npz import Arrays
from pmfnas.training.data.pictures import decode, size_of
from pmfnas.training.data.splits import Labelled, divided
from pmfnas.training.data.stacking import Stack

FIELDS = ("data", "offsets", "labels", "is_train", "classes")


def jpeg_source(name: str, arrays: Arrays, seed: int, fitting: Fitting = AS_IS) -> Source:
    """Return the images of a JPEG `.npz`. Its training images are halved into training and validation with `seed`."""
    what = str(arrays.path)
    data, offsets, labels, is_train, classes = (arrays[field] for field in FIELDS)
    found = labels_with_names(labels, classes, what)
    ends = _ends(data, offsets, len(found.numbers), what)
    mask = mask_of_array(is_train, len(found.numbers), f"array `is_train` of {what}")
    files = [data[start:stop].tobytes() for start, stop in itertools.pairwise(ends)]
    sizes = [size for size in map(size_of, files) if size]
    side = side_for(sizes, fitting)
    stack = Stack(side)
    places = [f"image {i} of {what}" for i in range(len(files))]
    stack.add((stack.fitted(decode(file, place)), place) for file, place in zip(files, places, strict=True))
    images = checked(stack.pixels(), found.numbers, len(found.names), what, multiple=fitting.multiple)
    notes = (*((note_on(sizes, side),) if side else ()), *stack.notes())
    given = {"training": np.flatnonzero(mask), "test": np.flatnonzero(~mask)}
    return divided(
        Labelled(name, what, images, found.names, given, notes=notes, scaled=side is not None), seed, held_out=0.5
    )


def _ends(data: NDArray[Any], offsets: NDArray[Any], n_images: int, what: str) -> list[int]:
    """Return the ends of the files in `data`. Raises `DataError` unless they rise within the data."""
    if data.dtype != np.uint8 or data.ndim != 1:
        raise DataError(
            f"array `data` of {what} is {data.dtype} {data.shape}, but must be the bytes of files, uint8 (n,)"
        )
    if offsets.dtype.kind not in "iu" or offsets.ndim != 1 or len(offsets) != n_images + 1:
        raise DataError(
            f"{what} holds {n_images} labels and {offsets.dtype} offsets of shape {offsets.shape}, but must hold "
            f"{n_images + 1} whole numbers; it is damaged"
        )
    ends = [int(offset) for offset in offsets]
    if ends[0] < 0 or ends[-1] != len(data) or any(a > b for a, b in itertools.pairwise(ends)):
        raise DataError(
            f"array `offsets` of {what} goes from {ends[0]} to {ends[-1]}, but must rise to the {len(data)} bytes of "
            "`data`; it is damaged"
        )
    return ends
