"""CIFAR-10 as JPEG files within one `.npz`: a stand-in where the published archive cannot be had.

    data (n_bytes,) uint8, offsets (n + 1,) int64     file i is data[offsets[i]:offsets[i + 1]]
    labels (n,), is_train (n,) bool, classes (n_classes,)

The compression loses a little, and the order of the published images is lost, so that their index split does not
apply: the training images are halved by class with a seed, as large as the published halves.
"""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import DataError, InputError
from pmfnas.training.data.images import ImageSet, SearchData, Source, checked, measured, stratified

_FIELDS = ("data", "offsets", "labels", "is_train", "classes")


def holds_jpegs(path: Path) -> bool:
    """Return whether `path` is such a file; what is no `.npz` at all is not."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            return set(_FIELDS) <= set(file.files)
    except Exception:  # zipfile and numpy have errors of their own; whoever reads the file will name them
        return False


def jpeg_source(name: str, path: Path, seed: int) -> Source:
    """Return the images of such a file, the training images halved into training and validation with `seed`."""
    with np.load(path, allow_pickle=False) as file:
        data, offsets, labels, is_train, classes = (np.asarray(file[field]) for field in _FIELDS)
    if len(offsets) != len(labels) + 1 or len(is_train) != len(labels) or offsets[-1] != len(data):
        raise DataError(f"{path} holds {len(labels)} labels and {len(offsets)} offsets; it is damaged")
    train = np.flatnonzero(is_train)
    first, second = stratified(labels[train], (0.5, 0.5), seed, str(path))

    def read(places: NDArray[np.int64]) -> ImageSet:
        pixels = [_decoded(data[offsets[i] : offsets[i + 1]].tobytes(), f"image {i} of {path}") for i in places]
        return checked(np.stack(pixels).transpose(0, 3, 1, 2).copy(), labels[places], len(classes), str(path))

    def search() -> SearchData:
        return measured(read(train[first]), read(train[second]), flip=True)

    split = f"training images halved by class, seed {seed}"
    return Source(name, tuple(map(str, classes)), split, search, lambda: read(np.flatnonzero(~is_train)))


def _decoded(content: bytes, what: str) -> NDArray[np.uint8]:
    """Return one image, (side, side, 3)."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ModuleNotFoundError:
        raise InputError("--data-dir holds images, but Pillow is not installed; install `train`") from None
    try:
        with Image.open(io.BytesIO(content)) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, UnidentifiedImageError) as error:
        raise DataError(f"{what} is truncated or no image ({error})") from None
