"""Labelled images as a search sees them, and how images without a split are divided.

A `Source` reads training and validation images at once and the test images apart: whoever searches opens the former
and has no reason to open the latter. Images are uint8, so that a whole data set fits on the device.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import DataError
from pmfnas.core.rng import stream

_MOST_COUNTED = 20
"""Classes of which each is listed with its own counts."""
SHARES = (0.8, 0.1, 0.1)
"""Training, validation and test shares of images that come without a split."""


@dataclass(frozen=True)
class ImageSet:
    """Images and their classes."""

    pixels: NDArray[np.uint8]  # (n, 3, side, side)
    labels: NDArray[np.int64]  # (n,) from 0

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, places: NDArray[np.int64]) -> "ImageSet":
        """Return the images at `places`."""
        return ImageSet(self.pixels[places], self.labels[places])

    def counts(self, n_classes: int) -> tuple[int, ...]:
        """Return the number of images of each class."""
        return tuple(np.bincount(self.labels, minlength=n_classes).tolist())

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hex digits of all pixels and labels, in their order."""
        digest = hashlib.sha256(np.ascontiguousarray(self.pixels).data)
        digest.update(np.ascontiguousarray(self.labels).data)
        return digest.hexdigest()[:12]


@dataclass(frozen=True)
class SearchData:
    """What a search trains and validates on."""

    train: ImageSet
    valid: ImageSet
    mean: tuple[float, float, float]
    """Per colour, of x / 255."""
    std: tuple[float, float, float]
    padding: int
    """Zeros around a training image before a window of the original size is cut out at random."""
    flip: bool
    """Whether training images are mirrored at random."""

    @property
    def image_size(self) -> int:
        """Pixels a side."""
        return int(self.train.pixels.shape[-1])

    @property
    def fingerprint(self) -> str:
        """Names the images and their split."""
        return hashlib.sha256((self.train.fingerprint + self.valid.fingerprint).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Source:
    """A data set that can be read."""

    name: str
    class_names: tuple[str, ...]
    """Name of the class with label 0, 1, 2 ..."""
    split: str
    """Where the split comes from, for the record."""
    search: Callable[[], SearchData]
    """Read training and validation images."""
    test: Callable[[], ImageSet]
    """Read the test images; only the oracle does, when the search has ended."""

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    def summary(self, data: SearchData) -> tuple[str, ...]:
        """Return lines that say which classes `data` has and how many images of each."""
        return (_listed(self.class_names, data.train.counts(self.n_classes), data.valid.counts(self.n_classes)),)


def _listed(names: Sequence[str], train: Sequence[int], valid: Sequence[int]) -> str:
    """Return classes with their numbers of images; many classes are given by name alone."""
    if len(names) > _MOST_COUNTED:
        sizes = " + ".join(f"{min(part):,} to {max(part):,}" for part in (train, valid))
        return f"{len(names)} classes with {sizes} training + validation images each: {', '.join(names)}"
    counts = ", ".join(f"{name} {a:,} + {b:,}" for name, a, b in zip(names, train, valid, strict=True))
    return f"{len(names)} classes, training + validation images: {counts}"


def checked(
    pixels: NDArray[np.uint8], labels: Sequence[int] | NDArray[np.int64], n_classes: int, what: str
) -> ImageSet:
    """Return an image set; raise `DataError` where images and labels do not fit together.

    Args:
        pixels: shape (n, 3, side, side).
        labels: one per image.
        n_classes: labels must lie below it.
        what: the file or folder, for the message.
    """
    kept = np.asarray(labels, dtype=np.int64)
    if pixels.ndim != 4 or pixels.shape[1] != 3 or pixels.shape[2] != pixels.shape[3] or pixels.dtype != np.uint8:
        raise DataError(f"{what} holds {pixels.dtype} pixels of shape {pixels.shape}, but must hold square RGB images")
    if len(kept) != len(pixels):
        raise DataError(f"{what} holds {len(pixels)} images and {len(kept)} labels; it is damaged")
    if len(kept) < n_classes:
        raise DataError(f"{what} holds {len(kept)} images of {n_classes} classes; at least one per class is needed")
    if kept.min() < 0 or kept.max() >= n_classes:
        raise DataError(f"{what} has labels {kept.min()}..{kept.max()}, but they must lie in 0..{n_classes - 1}")
    if pixels.shape[-1] % 4:
        raise DataError(
            f"{what} holds images of {pixels.shape[-1]} pixels a side, but the networks halve them twice: "
            "crop or scale them to a multiple of 4"
        )
    return ImageSet(pixels, kept)


def stratified(
    labels: NDArray[np.int64], shares: Sequence[float], seed: int, what: str = "the data"
) -> list[NDArray[np.int64]]:
    """Return the places of each part, rising; every class is divided in the given shares.

    Args:
        labels: shape (n,).
        shares: of the parts; they add up to 1.
        seed: of the draw.
        what: the file or folder, for the message.

    Raises:
        DataError: a class has fewer images than there are parts.
    """
    rng = stream(seed, "training/split")
    parts: list[list[NDArray[np.int64]]] = [[] for _ in shares]
    for label in np.unique(labels):
        places = rng.permutation(np.flatnonzero(labels == label))
        if len(places) < len(shares):
            raise DataError(f"{what} has {len(places)} images of class {label}, but a split needs {len(shares)}")
        for part, chosen in zip(parts, np.split(places, _bounds(len(places), shares)), strict=True):
            part.append(chosen)
    return [np.sort(np.concatenate(part)) for part in parts]


def _bounds(n: int, shares: Sequence[float]) -> list[int]:
    """Return where to cut `n` items so that every part has one at least and the shares hold as nearly as can be."""
    sizes = [max(1, round(n * share)) for share in shares[1:]]
    while sum(sizes) >= n:
        sizes[int(np.argmax(sizes))] -= 1
    return [int(i) for i in n - np.cumsum(sizes[::-1])[::-1]]


def measured(train: ImageSet, valid: ImageSet, *, flip: bool) -> SearchData:
    """Return search data whose colours are normalised by those of the training images."""
    mean = train.pixels.mean(axis=(0, 2, 3)) / 255.0
    std = np.maximum(train.pixels.std(axis=(0, 2, 3)) / 255.0, 1e-3)
    return SearchData(train, valid, _three(mean), _three(std), padding=train.pixels.shape[-1] // 8, flip=flip)


def _three(values: NDArray[np.float64]) -> tuple[float, float, float]:
    red, green, blue = values.tolist()
    return red, green, blue
