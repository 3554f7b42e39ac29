"""A user's own images from a folder of class folders or an `.npz`, and the digits of scikit-learn.

    DIR/cat/1.png, DIR/dog/2.jpg ...     one folder per class, or parts of a split above or below them, see `layout`;
                                         pictures of any size, see `fitting`
    FILE.npz                             images (n, s, s), (n, s, s, 3) or (n, 3, s, s), 0..255; labels (n,): whole
                                         numbers from 0, with gaps or without, or names; classes, is_train: optional

An existing split is used. Images without a split are divided class by class into 80 % training, 10 % validation and
10 % test, with a seed that is recorded.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import DataError, InputError
from pmfnas.training.data.checks import checked, labels_of_array, labels_with_names, mask_of_array, pixels_of_array
from pmfnas.training.data.fitting import AS_IS, Fitting, fitted, note_on, side_for
from pmfnas.training.data.images import ImageSet, Source
from pmfnas.training.data.layout import Found, find_pictures
from pmfnas.training.data.npz import Arrays
from pmfnas.training.data.pictures import read_picture, size_of
from pmfnas.training.data.splits import PARTS, Labelled, divided
from pmfnas.training.data.stacking import Stack

_USED = ("images", "labels", "is_train", "classes")


def folder_source(name: str, root: Path, seed: int, fitting: Fitting = AS_IS) -> Source:
    """Return the images in the class folders below `root`, under the user's name `name`."""
    found = find_pictures(root)
    images, scaled, notes = _read(found, root, fitting)
    parts = np.array(found.parts)
    given = {part: np.flatnonzero(parts == part) for part in PARTS if part in found.parts}
    notes = (*found.notes, *scaled, *notes)
    read = Labelled(name, str(root), images, found.class_names, given, found.origin, notes, scaled=bool(scaled))
    return divided(read, seed)


def _read(found: Found, root: Path, fitting: Fitting) -> tuple[ImageSet, tuple[str, ...], tuple[str, ...]]:
    """Return the images of the found files, a note if they were scaled, and notes on their conversion."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        sizes = [size for size in pool.map(size_of, found.files) if size]
        side = side_for(sizes, fitting)
        stack = Stack(side)
        pictures = pool.map(lambda file: stack.fitted(read_picture(file)), found.files)
        stack.add(zip(pictures, map(str, found.files), strict=True))
    scaled = (note_on(sizes, side),) if side else ()
    numbers = {name: number for number, name in enumerate(found.class_names)}
    labels = [numbers[name] for name in found.classes]
    images = checked(stack.pixels(), labels, len(numbers), str(root), multiple=fitting.multiple)
    return images, scaled, stack.notes()


def npz_source(name: str, arrays: Arrays, seed: int, fitting: Fitting = AS_IS) -> Source:
    """Return the images of an `.npz`, under the user's name `name`. Raises `DataError` for arrays that do not fit."""
    what = str(arrays.path)
    if "images" not in arrays or "labels" not in arrays:
        has = ", ".join(arrays.names) or "no arrays"
        raise DataError(f"{what} has {has}, but must have the arrays `images` and `labels`; rename or write them")
    labels = arrays["labels"]
    if "classes" in arrays:
        found = labels_with_names(labels, arrays["classes"], what)
    else:
        found = labels_of_array(labels, f"array `labels` of {what}")
    pixels, scaled = _scaled(pixels_of_array(arrays["images"], what), fitting)
    images = checked(pixels, found.numbers, len(found.names), what, multiple=fitting.multiple)
    given, notes = {}, list(scaled)
    if "is_train" in arrays:
        mask = mask_of_array(arrays["is_train"], len(images), f"array `is_train` of {what}")
        given = {"training": np.flatnonzero(mask), "test": np.flatnonzero(~mask)}
    if images.pixels.max() <= 1:
        notes.append("warning: all pixels are 0 or 1; if they were rounded from 0..1, multiply by 255 first")
    others = [other for other in arrays.names if other not in _USED]
    if others:
        notes.append(f"note: left out, unknown arrays: {', '.join(others)}")
    origin = "is_train" if given else ""
    read = Labelled(name, what, images, found.names, given, origin, tuple(notes), scaled=bool(scaled))
    return divided(read, seed)


def _scaled(pixels: NDArray[np.uint8], fitting: Fitting) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Return images (n, 3, side, side) in a side that the networks take, and a note if they were scaled."""
    size = (pixels.shape[3], pixels.shape[2])
    side = side_for([size], fitting)
    if side is None:
        return pixels, ()
    scaled = np.stack([fitted(each.transpose(1, 2, 0), side).transpose(2, 0, 1) for each in pixels])
    return scaled, (note_on([size], side),)


def digits_source(seed: int, fitting: Fitting = AS_IS) -> Source:
    """Return scikit-learn's 1,797 handwritten digits, 8x8 pixels. They are not mirrored: that changes the digit."""
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError:
        raise InputError("--dataset is digits, but scikit-learn is not installed; install the extra `train`") from None
    found = load_digits()
    grey = np.rint(found.images * (255 / 16)).astype(np.uint8)
    pixels, notes = _scaled(pixels_of_array(grey, "digits"), fitting)
    images = checked(pixels, found.target, 10, "digits", multiple=fitting.multiple)
    return divided(
        Labelled("digits", "digits", images, tuple(map(str, range(10))), notes=notes, flip=False, scaled=bool(notes)),
        seed,
    )
