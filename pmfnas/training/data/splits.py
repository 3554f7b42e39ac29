"""Divides images into training, validation and test images, and checks the parts.

An existing split is used. Missing parts are drawn from the training images, class by class, with a seed. Equal pictures
in two parts are found by their pixels. Copies are dropped from the training images, and from the validation images if
they are also test images.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import DataError
from pmfnas.core.rng import stream
from pmfnas.training.data.images import ImageSet, Source, measured

SHARES = (0.8, 0.1, 0.1)
"""Training, validation and test shares of images that come without a split."""
PARTS = ("training", "validation", "test")


@dataclass(frozen=True, slots=True)
class Labelled:
    """Images with labels, before they are divided."""

    name: str
    what: str
    """Name of the file or folder, for errors."""
    images: ImageSet
    class_names: tuple[str, ...]
    given: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    """Indices of the images of each existing part, by its name in `PARTS`; with any part, training is given."""
    origin: str = ""
    """Origin of the given parts, for the record."""
    notes: tuple[str, ...] = ()
    """Notes of the reader on left-out files and conversions."""
    flip: bool = True
    """True if a mirrored picture has the same class."""
    scaled: bool = False
    """True if pictures were cropped to a square and scaled."""


def divided(read: Labelled, seed: int, *, held_out: float = SHARES[1]) -> Source:
    """Return images as a source whose parts share no picture (see `_without_copies` for the exceptions).

    Args:
        read: the images.
        seed: seed of the draw of missing parts.
        held_out: share of the training images for each missing part.

    Raises:
        DataError: all pictures are equal, a class has too few images, or all its images are copies of another class's.
    """
    whole, names = read.images, read.class_names
    prints = _prints(whole)
    _check_variety(prints, whole.labels, names, read.what)
    places, split = _places(read, seed, held_out)
    _check_given(read, places)
    places, notes = _without_copies(places, prints, whole.labels, names)
    notes = (*read.notes, *_in_two_classes(prints, whole.labels), *notes, *_missing(places, whole.labels, names))
    train, valid, test = (whole.take(part) for part in places)
    flip = read.flip
    return Source(
        read.name,
        names,
        split,
        search=lambda: measured(train, valid, flip=flip),
        test=lambda: test,
        test_counts=test.counts(len(names)),
        notes=notes,
        scaled=read.scaled,
    )


def stratified(
    labels: NDArray[np.int64],
    shares: Sequence[float],
    seed: int,
    what: str = "the data",
    names: Sequence[str] | None = None,
) -> list[NDArray[np.int64]]:
    """Return the indices of each part, rising. Every class is divided in the given shares.

    Args:
        labels: shape (n,).
        shares: shares of the parts; their sum is 1.
        seed: seed of the draw.
        what: name of the file or folder, for errors.
        names: names of the classes, for errors.

    Raises:
        DataError: a class has fewer images than there are parts.
    """
    rng = stream(seed, "training/split")
    parts: list[list[NDArray[np.int64]]] = [[] for _ in shares]
    for label in np.unique(labels):
        places = rng.permutation(np.flatnonzero(labels == label))
        if len(places) < len(shares):
            name = names[label] if names else label
            raise DataError(
                f"{what} has {len(places)} images of class {name}, but a split needs {len(shares)}; add some or "
                "remove the class"
            )
        for part, chosen in zip(parts, np.split(places, _bounds(len(places), shares)), strict=True):
            part.append(chosen)
    return [np.sort(np.concatenate(part)) for part in parts]


def _bounds(n: int, shares: Sequence[float]) -> list[int]:
    """Return the cuts of `n` items into parts with at least one item each and sizes close to the shares."""
    sizes = [max(1, round(n * share)) for share in shares[1:]]
    while sum(sizes) >= n:
        sizes[int(np.argmax(sizes))] -= 1
    return [int(i) for i in n - np.cumsum(sizes[::-1])[::-1]]


def _places(read: Labelled, seed: int, held_out: float) -> tuple[list[NDArray[np.int64]], str]:
    """Return the indices of training, validation and test images, and the origin of the split."""
    labels, given = read.images.labels, read.given
    if not given:
        return stratified(labels, SHARES, seed, read.what, read.class_names), f"80/10/10 by class, seed {seed}"
    drawn = [part for part in PARTS if part not in given]
    if not drawn:
        return [given[part] for part in PARTS], read.origin
    whole = given["training"]
    shares = (1 - held_out * len(drawn), *[held_out] * len(drawn))
    parts = stratified(labels[whole], shares, seed, f"the training part of {read.what}", read.class_names)
    found = {**given, **{p: whole[places] for p, places in zip(("training", *drawn), parts, strict=True)}}
    share = "halved by class" if held_out == 0.5 else f"give {held_out:.0%} by class for {' and '.join(drawn)}"
    split = f"training images {share}, seed {seed}"
    return [found[part] for part in PARTS], f"{read.origin}; {split}" if read.origin else split


# ------------------------------------------------------------------------------------------------------------- checks


def _check_variety(prints: NDArray[np.bytes_], labels: NDArray[np.int64], names: Sequence[str], what: str) -> None:
    """Raise `DataError` if all pictures are equal, or if all pictures of a class are copies of another class's."""
    if len(np.unique(prints)) == 1:
        raise DataError(f"{what} holds {len(prints)} pictures that are all equal, so nothing can be learnt; mend them")
    by_class = [set(prints[labels == label].tolist()) for label in range(len(names))]
    for name, own in zip(names, by_class, strict=True):
        for other, theirs in zip(names, by_class, strict=True):
            if other != name and own <= theirs:
                raise DataError(f"{what} has a class {name} whose pictures all occur in {other}, too; remove one")


def _check_given(read: Labelled, places: Sequence[NDArray[np.int64]]) -> None:
    """Raise `DataError` if a part is empty or a class has no training image."""
    for part, chosen in zip(PARTS, places, strict=True):
        if not len(chosen):
            raise DataError(f"{read.what} has no {part} image; add some or remove that part")
    lacking = set(range(len(read.class_names))) - set(read.images.labels[places[0]].tolist())
    if lacking:
        name = read.class_names[min(lacking)]
        raise DataError(f"{read.what} has no training image of class {name}; add some or remove the class")


def _prints(images: ImageSet) -> NDArray[np.bytes_]:
    """Return a hash of the pixels of each image, (n,)."""
    digests = [hashlib.blake2b(np.ascontiguousarray(p).data, digest_size=16).hexdigest() for p in images.pixels]
    return np.array(digests, dtype="S32")


def _without_copies(
    places: Sequence[NDArray[np.int64]],
    prints: NDArray[np.bytes_],
    labels: NDArray[np.int64],
    names: Sequence[str],
) -> tuple[list[NDArray[np.int64]], tuple[str, ...]]:
    """Return the parts without pictures that also occur in a later part, and notes on the dropped pictures.

    Copies are kept if a class would lose all training images, or validation all images.
    """
    train, valid, test = places
    notes: list[str] = []
    also = np.isin(prints[valid], prints[test])
    if also.all():
        notes.append("warning: every validation picture is also a test picture: the search selects by test accuracy")
    elif also.any():
        notes.append(f"note: {also.sum():,} validation pictures are also test pictures and were dropped")
        valid = valid[~also]
    also = np.isin(prints[train], np.concatenate([prints[valid], prints[test]]))
    stuck = np.array(
        [label for label in np.unique(labels[train]) if also[labels[train] == label].all()], dtype=np.int64
    )
    kept = also & np.isin(labels[train], stuck)
    if kept.any():
        listed = ", ".join(names[label] for label in stuck)
        notes.append(
            f"warning: {kept.sum():,} training pictures are also validation or test pictures; they stay, because "
            f"{listed} has no others, and its accuracy is too high"
        )
    dropped = also & ~kept
    if dropped.any():
        notes.append(f"note: {dropped.sum():,} training pictures are also validation or test pictures and were dropped")
    return [train[~dropped], valid, test], tuple(notes)


def _in_two_classes(prints: NDArray[np.bytes_], labels: NDArray[np.int64]) -> tuple[str, ...]:
    """Return a warning if equal pictures have different classes."""
    pairs = set(zip(prints.tolist(), labels.tolist(), strict=True))
    n_odd = sum(times > 1 for times in Counter(pixels for pixels, _ in pairs).values())
    return (f"warning: {n_odd:,} pictures occur in more than one class",) if n_odd else ()


def _missing(places: Sequence[NDArray[np.int64]], labels: NDArray[np.int64], names: Sequence[str]) -> tuple[str, ...]:
    """Return warnings that name the classes without validation or test images."""
    lines: list[str] = []
    for part, chosen in zip(PARTS[1:], places[1:], strict=True):
        lacking = sorted(set(range(len(names))) - set(labels[chosen].tolist()))
        if lacking:
            lines.append(f"warning: no {part} image of {', '.join(names[label] for label in lacking)}")
    return tuple(lines)
