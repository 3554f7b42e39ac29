"""Labelled images for a search, and sources that read them.

A `Source` reads the test images separately from training and validation images. So a search never opens the test
images. Images are uint8, so that a whole data set fits on the device.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

_COUNTED_AT_ONCE = 1 << 22
"""Pixels of one colour that are counted at once."""
_MOST_COUNTED = 20
"""Largest number of classes that are listed with their own counts."""


@dataclass(frozen=True)
class ImageSet:
    """Images and their classes, one label per image."""

    pixels: NDArray[np.uint8]  # (n, 3, side, side)
    labels: NDArray[np.int64]  # (n,) from 0

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, places: NDArray[np.int64]) -> "ImageSet":
        """Return the images with the indices `places`."""
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
    """The training and validation images of a search, and how they are normalised and augmented."""

    train: ImageSet
    valid: ImageSet
    mean: tuple[float, float, float]
    """Mean per colour of x / 255."""
    std: tuple[float, float, float]
    padding: int
    """Width in pixels of the zeros around a training image, from which a window of the original size is cropped."""
    flip: bool
    """True if training images are mirrored at random."""

    @property
    def image_size(self) -> int:
        """Pixels a side."""
        return int(self.train.pixels.shape[-1])

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that name the images and their split."""
        return hashlib.sha256((self.train.fingerprint + self.valid.fingerprint).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Source:
    """A data set that can be read on demand."""

    name: str
    class_names: tuple[str, ...]
    """Names of the classes with labels 0, 1, 2 ..."""
    split: str
    """Origin of the split, for the record."""
    search: Callable[[], SearchData]
    """Reads training and validation images."""
    test: Callable[[], ImageSet]
    """Reads the test images. Only the oracle calls it, after the search has ended."""
    test_counts: tuple[int, ...] = ()
    """Number of test images of each class, if known without opening them."""
    notes: tuple[str, ...] = ()
    """Lines on left-out files, dropped copies and conversions."""
    scaled: bool = False
    """Whether pictures were cropped to a centred square and scaled (`fitting`)."""

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    def summary(self, data: SearchData) -> tuple[str, ...]:
        """Return lines with the classes, the number of images of each, and the notes of the reader."""
        parts = {"training": data.train.counts(self.n_classes), "validation": data.valid.counts(self.n_classes)}
        if self.test_counts:
            parts["test"] = self.test_counts
        return _listed(self.class_names, parts), *self.notes


def _listed(names: Sequence[str], parts: Mapping[str, Sequence[int]]) -> str:
    """Return one line with the classes and their numbers of images; for many classes the names and the range."""
    titles, counts = f"{len(names)} classes, {' + '.join(parts)} images", list(parts.values())
    if len(names) > _MOST_COUNTED:
        sizes = " + ".join(f"{min(part):,} to {max(part):,}" for part in counts)
        return f"{titles}: {sizes} of each of {', '.join(names)}"
    each = zip(names, zip(*counts, strict=True), strict=True)
    return f"{titles}: " + ", ".join(f"{name} {' + '.join(f'{n:,}' for n in numbers)}" for name, numbers in each)


def measured(train: ImageSet, valid: ImageSet, *, flip: bool) -> SearchData:
    """Return search data whose colours are normalised with mean and deviation of the training images."""
    mean, std = _colours(train.pixels)
    std = np.maximum(std, 1e-3)
    return SearchData(train, valid, _three(mean), _three(std), padding=train.pixels.shape[-1] // 8, flip=flip)


def _colours(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of each colour of x / 255; a few images at a time, to limit memory."""
    step = max(1, _COUNTED_AT_ONCE // pixels[0, 0].size)
    counts = np.zeros((3, 256), dtype=np.int64)
    for start in range(0, len(pixels), step):
        for colour in range(3):
            counts[colour] += np.bincount(pixels[start : start + step, colour].ravel(), minlength=256)
    shares, values = counts / counts[0].sum(), np.arange(256)
    mean = counts @ values / counts[0].sum()
    return mean / 255.0, np.sqrt((shares * (values - mean[:, None]) ** 2).sum(axis=1)) / 255.0


def _three(values: NDArray[np.float64]) -> tuple[float, float, float]:
    red, green, blue = values.tolist()
    return red, green, blue
