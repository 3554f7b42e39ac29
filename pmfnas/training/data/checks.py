"""Checks of arrays with images, labels or a mask: dtype, shape, range and meaning.

No value is cut, wrapped or guessed. An array is either taken as it is, or refused with an error that names the remedy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import DataError
from pmfnas.training.data.images import ImageSet


@dataclass(frozen=True, slots=True)
class Labels:
    """Classes of images, numbered from 0, with their names."""

    numbers: NDArray[np.int64]  # (n,)
    names: tuple[str, ...]
    """Names of class 0, 1, 2 ...; each class has an image."""


def pixels_of_array(images: NDArray[Any], what: str) -> NDArray[np.uint8]:
    """Return images (n, s, s), (n, s, s, 1 or 3) or (n, 1 or 3, s, s) as uint8 (n, 3, s, s).

    Whole numbers of any dtype are accepted if they lie in 0..255. `what` names the array in errors.

    Raises:
        DataError: the numbers or the shape are others, or there is no image.
    """
    grey = images[:, None] if images.ndim == 3 else images
    if grey.ndim == 4 and grey.shape[-1] in (1, 3):
        grey = grey.transpose(0, 3, 1, 2)
    if grey.ndim != 4 or grey.shape[1] not in (1, 3) or grey.shape[2] != grey.shape[3]:
        raise DataError(
            f"{what} is of shape {images.shape}, but must hold square RGB images (n, s, s, 3) or (n, 3, s, s), or grey "
            "ones (n, s, s); reshape, crop or convert them"
        )
    if not images.size:
        raise DataError(f"{what} holds no image")
    _check_values(images, what)
    return np.ascontiguousarray(np.broadcast_to(grey, (len(grey), 3, *grey.shape[2:])), dtype=np.uint8)


def _check_values(images: NDArray[Any], what: str) -> None:
    """Raise `DataError`, with the conversion as remedy, unless values are whole numbers in 0..255."""
    must = "but they must be uint8, 0..255"
    if images.dtype.kind == "b":
        raise DataError(f"{what} holds images of bool, {must}: images.astype('uint8') * 255")
    if images.dtype.kind not in "uif":
        raise DataError(f"{what} holds images of {images.dtype}, {must}")
    low, high = images.min(), images.max()
    if images.dtype.kind == "f":
        if not (np.isfinite(low) and np.isfinite(high)):
            raise DataError(f"{what} holds images of {images.dtype} with NaN or infinity, {must}; mend these values")
        remedy = ": (images * 255).round().astype('uint8')" if low >= 0 and high <= 1 else "; scale and round them"
        remedy = ": images.round().astype('uint8')" if low >= 0 and 1 < high <= 255 else remedy
        raise DataError(f"{what} holds images of {images.dtype} from {low:g} to {high:g}, {must}{remedy}")
    if low < 0 or high > 255:
        remedy = "for 16 bits (images // 257).astype('uint8')" if low >= 0 else "scale and round them"
        raise DataError(f"{what} holds images of {images.dtype} from {low} to {high}, {must}; {remedy}")


def labels_of_array(labels: NDArray[Any], what: str) -> Labels:
    """Return labels as classes numbered from 0, in the order of their values, which may have gaps.

    Args:
        labels: (n,) or (n, 1): whole numbers from 0, also as floats, or bool, or text.
        what: name of the array, for errors.

    Raises:
        DataError: the shape or the values are others, or there are fewer than two classes.
    """
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        hint = "; of one-hot rows take labels.argmax(axis=1)" if labels.ndim == 2 else ""
        raise DataError(f"{what} is of shape {labels.shape}, but must have one whole number or name per image{hint}")
    if labels.dtype.kind not in "biufUS":
        raise DataError(f"{what} is of {labels.dtype}, but must have one whole number or name per image")
    if labels.dtype.kind == "f":
        labels = _whole(labels, what)
    if labels.dtype.kind in "if" and len(labels) and labels.min() < 0:
        raise DataError(f"{what} has {labels.min()}, but labels are 0 or more; leave out images without a class")
    values, numbers = np.unique(labels, return_inverse=True)
    names = tuple(map(_text, values.tolist()))
    check_names(names, what)
    return Labels(numbers.astype(np.int64), names)


def _whole(labels: NDArray[Any], what: str) -> NDArray[np.int64]:
    """Return floats as integers. Raises `DataError` unless all are whole numbers."""
    odd = ~(np.isfinite(labels) & (labels == np.rint(labels)) & (np.abs(labels) < 2**53))
    if odd.any():
        raise DataError(f"{what} has {labels[odd][0]:g}, but must have one whole number per image; round or mend it")
    return labels.astype(np.int64)


def labels_with_names(labels: NDArray[Any], classes: NDArray[Any], what: str) -> Labels:
    """Return labels that are indices of a list of names, or names from it. Names without an image are left out.

    Args:
        labels: labels as in `labels_of_array`.
        classes: the list of names, (n_classes,).
        what: name of the file, for errors.

    Raises:
        DataError: `classes` is not a list of distinct names, or a label is not in it.
    """
    if classes.ndim != 1 or classes.dtype.kind not in "USiu":
        raise DataError(f"array `classes` of {what} is {classes.dtype} {classes.shape}, but must be a list of names")
    listed = [_text(name) for name in classes.tolist()]
    twice = [name for name in listed if listed.count(name) > 1]
    if twice:
        raise DataError(f"array `classes` of {what} has {twice[0]!r} twice; give every class a name of its own")
    is_text = labels.dtype.kind in "US"
    found = labels_of_array(
        labels.astype(np.int64) if labels.dtype.kind == "b" else labels, f"array `labels` of {what}"
    )
    places = {name if is_text else str(place): place for place, name in enumerate(listed)}
    odd = [name for name in found.names if name not in places]
    if odd:
        known = ", ".join(listed) if is_text else f"0..{len(listed) - 1}"
        raise DataError(f"array `labels` of {what} has {odd[0]}, but its `classes` are {known}; mend one or the other")
    order = np.argsort([places[name] for name in found.names])
    return Labels(np.argsort(order)[found.numbers], tuple(listed[places[found.names[i]]] for i in order))


def _text(name: object) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)


def mask_of_array(mask: NDArray[Any], n_images: int, what: str) -> NDArray[np.bool_]:
    """Return a mask as bool, (n_images,). It may hold True or False, or 1 or 0 of any dtype; both must occur.

    Raises:
        DataError: the shape or the values are others, or all values are equal.
    """
    if mask.shape != (n_images,):
        raise DataError(f"{what} is of shape {mask.shape}, but must be ({n_images},): one value per image")
    if mask.dtype.kind not in "biuf" or not np.isin(mask, (0, 1)).all():
        odd = f" with {mask[~np.isin(mask, (0, 1))][0]}" if mask.dtype.kind in "biuf" else ""
        raise DataError(f"{what} is {mask.dtype}{odd}, but must hold True or False, or 1 or 0, for each image")
    found = mask.astype(np.bool_)
    if found.all() or not found.any():
        raise DataError(f"{what} is {bool(found[0])} for every image, but training and test need images both")
    return found


def check_names(names: Sequence[str], what: str) -> None:
    """Raise `DataError` for fewer than two classes."""
    if len(names) < 2:
        only = f", {names[0]}" if names else ""
        raise DataError(
            f"{what} has {len(names)} class{'' if len(names) == 1 else 'es'}{only}; at least two are needed"
        )


def checked(
    pixels: NDArray[np.uint8],
    labels: Sequence[int] | NDArray[np.int64],
    n_classes: int,
    what: str,
    *,
    multiple: int = 4,
) -> ImageSet:
    """Return an image set. Raises `DataError` unless images and labels fit together.

    Args:
        pixels: shape (n, 3, side, side).
        labels: one per image.
        n_classes: number of classes; labels lie below it.
        what: name of the file or folder, for errors.
        multiple: the side must be a multiple of this.
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
    if pixels.shape[-1] % multiple or not pixels.shape[-1]:
        raise DataError(
            f"{what} holds images of {pixels.shape[-1]} pixels a side, but the networks halve them twice: "
            "crop or scale them to a multiple of 4"
        )
    return ImageSet(pixels, kept)
