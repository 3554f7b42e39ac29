"""A user's own images: a folder of class folders, or an `.npz`; and the digits that scikit-learn brings.

    DIR/cat/1.png, DIR/dog/2.jpg ...     one folder per class, all images of one size
    FILE.npz                             images (n, s, s), (n, s, s, 3) or (n, 3, s, s) uint8, labels (n,) from 0

They come without a split: 80 % are for training, 10 % for validation and 10 % for the test, drawn class by class
with a seed that the record keeps.
"""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import DataError, InputError
from pmfnas.training.data.images import SHARES, ImageSet, SearchData, Source, checked, measured, stratified

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".webp"})


def own_source(name: str, path: Path, seed: int) -> Source:
    """Return the images at `path`, a folder of class folders or an `.npz`, under a name of the user's."""
    if path.is_dir():
        names = tuple(folder.name for folder in _class_folders(path))
        return split_source(name, read_folder(path), names, seed, flip=True)
    if path.suffix == ".npz" and path.is_file():
        images = read_npz(path)
        return split_source(name, images, tuple(map(str, np.unique(images.labels))), seed, flip=True)
    raise DataError(f"--data-dir is {str(path)!r}, but must be a folder of class folders or an .npz file")


def digits_source(seed: int) -> Source:
    """Return the 1,797 handwritten digits of scikit-learn, 8x8 pixels; mirrored digits are other digits: no flips."""
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError:
        raise InputError("--dataset is digits, but scikit-learn is not installed; install the extra `train`") from None
    found = load_digits()
    grey = np.rint(found.images * (255 / 16)).astype(np.uint8)
    images = checked(_colours(grey, "digits"), found.target, 10, "digits")
    return split_source("digits", images, tuple(map(str, range(10))), seed, flip=False)


def split_source(name: str, images: ImageSet, class_names: tuple[str, ...], seed: int, *, flip: bool) -> Source:
    """Return images without a split as a source, divided by class with `seed`."""
    train, valid, test = stratified(images.labels, SHARES, seed, name)

    def search() -> SearchData:
        return measured(images.take(train), images.take(valid), flip=flip)

    return Source(
        name,
        class_names,
        f"80/10/10 by class, seed {seed}",
        search,
        lambda: images.take(test),
    )


def read_npz(path: Path) -> ImageSet:
    """Return the images of an `.npz`; raise `DataError` where it is not as documented."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            images, labels = file["images"], file["labels"]
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise DataError(f"{path} has no arrays `images` and `labels`, or is damaged ({error})") from None
    except Exception as error:  # zipfile and zlib have errors of their own for truncated members
        raise DataError(f"{path} is damaged ({error}); write it again") from None
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise DataError(f"{path} has labels of {labels.dtype} {labels.shape}, but must have one whole number per image")
    _check_labels(labels, str(path))
    return checked(_colours(images, str(path)), labels, int(labels.max(initial=0)) + 1, str(path))


def _check_labels(labels: NDArray[np.int64], what: str) -> None:
    missing = np.setdiff1d(np.arange(int(labels.max(initial=0)) + 1), labels)
    if len(missing):
        raise DataError(f"{what} has no image of class {missing[0]}, but labels must count from 0 without gaps")


def _colours(images: NDArray[np.uint8], what: str) -> NDArray[np.uint8]:
    """Return images as (n, 3, side, side)."""
    if images.dtype != np.uint8:
        raise DataError(f"{what} has images of {images.dtype}, but they must be uint8, 0..255")
    if images.ndim == 3:
        return np.repeat(images[:, None], 3, axis=1)
    if images.ndim == 4 and images.shape[-1] == 3:
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    return images


def read_folder(root: Path) -> ImageSet:
    """Return the images under `root`, one folder per class in alphabetical order; all of one size."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ModuleNotFoundError:
        raise InputError(f"--data-dir {root} holds images, but Pillow is not installed; install `train`") from None
    classes = _class_folders(root)
    found = [
        (file, label)
        for label, folder in enumerate(classes)
        for file in sorted(folder.rglob("*"))
        if file.suffix.lower() in SUFFIXES
    ]
    if len(classes) < 2 or not found:
        raise DataError(f"--data-dir {root} has {len(classes)} class folders and {len(found)} images in them")
    pixels: list[NDArray[np.uint8]] = []
    for file, _ in found:
        try:
            with Image.open(file) as image:
                pixels.append(np.asarray(image.convert("RGB")))
        except (OSError, UnidentifiedImageError) as error:
            raise DataError(f"{file} is truncated or no image ({error}); mend or remove it") from None
        if pixels[-1].shape != pixels[0].shape:
            raise DataError(f"{file} is {_size(pixels[-1])}, but {found[0][0]} is {_size(pixels[0])}: scale them alike")
    labels = np.array([label for _, label in found])
    _check_labels(labels, str(root))
    return checked(_colours(np.stack(pixels), str(root)), labels, len(classes), str(root))


def _class_folders(root: Path) -> list[Path]:
    return sorted(folder for folder in root.iterdir() if folder.is_dir())


def _size(pixels: NDArray[np.uint8]) -> str:
    return f"{pixels.shape[1]}x{pixels.shape[0]}"
