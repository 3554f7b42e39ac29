"""CIFAR-10, CIFAR-100 and ImageNet16-120 from their published files, in the splits of NAS-Bench-201.

    data set          training                  validation              test
    cifar10           half of the 50,000        the other half          10,000
    cifar100          50,000                    half of the test set    the other half
    ImageNet16-120    the first 120 classes     half of the test set    the other half

`official_splits.npz` holds the halves as bit masks. They are the index splits in the configuration files of
D-X-Y/AutoDL-Projects (MIT): 25,000 of 50,000, 5,000 of 10,000 and 3,000 of 6,000 images.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import DataError
from pmfnas.training.data.batches import labels_of, pixels_of, read_batch
from pmfnas.training.data.checks import checked
from pmfnas.training.data.class_names import CIFAR_10, CIFAR_100, IMAGENET_16
from pmfnas.training.data.images import ImageSet, SearchData, Source

CHECKSUMS: Mapping[str, str] = MappingProxyType(
    {
        "cifar-10-batches-py/data_batch_1": "c99cafc152244af753f735de768cd75f",
        "cifar-10-batches-py/data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "cifar-10-batches-py/data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "cifar-10-batches-py/data_batch_4": "634d18415352ddfa80567beed471001a",
        "cifar-10-batches-py/data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        "cifar-10-batches-py/test_batch": "40351d587109b95175f43aff81a1287e",
        "cifar-100-python/train": "16019d7e3df5f24257cddd939b257f8d",
        "cifar-100-python/test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
        "train_data_batch_1": "27846dcaa50de8e21a7d1a35f30f0e91",
        "train_data_batch_2": "c7254a054e0e795c69120a5727050e3f",
        "train_data_batch_3": "4333d3df2e5ffb114b05d2ffc19b1e87",
        "train_data_batch_4": "1620cdf193304f4a92677b695d70d10f",
        "train_data_batch_5": "348b3c2fdbb3940c4e9e834affd3b18d",
        "train_data_batch_6": "6e765307c242a1b3d7d5ef9139b48945",
        "train_data_batch_7": "564926d8cbf8fc4818ba23d2faac7564",
        "train_data_batch_8": "f4755871f718ccb653440b9dd0ebac66",
        "train_data_batch_9": "bb6dd660c38c58552125b1a92f86b5d4",
        "train_data_batch_10": "8f03f34ac4b42271a294f91bf480f29b",
        "val_data": "3410e3017fdaefba8d5073aaa65e4bd6",
    }
)
"""MD5 of the published files."""


@dataclass(frozen=True, slots=True)
class Published:
    """The published files of a data set, and their meaning."""

    name: str
    class_names: tuple[str, ...]
    side: int
    train_files: tuple[str, ...]
    test_files: tuple[str, ...]
    label_key: str
    first_label: int
    """Label of class 0 in the files. Images of classes beyond `n_classes` are left out."""
    mean: tuple[float, float, float]
    """Mean per colour of x in 0..255, from the benchmark's authors."""
    std: tuple[float, float, float]
    halves_training: bool
    """True if the split divides the training set, False if it divides the test set."""

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    def read(self, folder: Path, names: tuple[str, ...], checksums: Mapping[str, str]) -> ImageSet:
        """Return the images of the files `names`, in order. Raises `DataError` for damaged or altered files."""
        pixels: list[NDArray[np.uint8]] = []
        labels: list[int] = []
        for name in names:
            batch = read_batch(folder, name, checksums.get(name))
            found = np.array(labels_of(batch, self.label_key, name)) - self.first_label
            images = pixels_of(batch, self.side, name)
            if len(images) != len(found):
                raise DataError(f"{name} holds {len(images)} images and {len(found)} labels; fetch it again")
            kept = (found < self.n_classes) if self.first_label else np.ones(len(found), dtype=bool)
            pixels.append(images[kept])
            labels += found[kept].tolist()
        return checked(np.concatenate(pixels), labels, self.n_classes, str(folder))


_CIFAR_10 = Published(
    "cifar10",
    CIFAR_10,
    32,
    tuple(f"cifar-10-batches-py/data_batch_{i}" for i in range(1, 6)),
    ("cifar-10-batches-py/test_batch",),
    "labels",
    0,
    (125.3, 123.0, 113.9),
    (63.0, 62.1, 66.7),
    halves_training=True,
)
_CIFAR_100 = Published(
    "cifar100",
    CIFAR_100,
    32,
    ("cifar-100-python/train",),
    ("cifar-100-python/test",),
    "fine_labels",
    0,
    (129.3, 124.1, 112.4),
    (68.2, 65.4, 70.4),
    halves_training=False,
)
_IMAGENET_16 = Published(
    "ImageNet16-120",
    IMAGENET_16,
    16,
    tuple(f"train_data_batch_{i}" for i in range(1, 11)),
    ("val_data",),
    "labels",
    1,
    (122.68, 116.66, 104.01),
    (63.22, 61.26, 65.09),
    halves_training=False,
)
PUBLISHED: Mapping[str, Published] = MappingProxyType({p.name: p for p in (_CIFAR_10, _CIFAR_100, _IMAGENET_16)})


def official_half(name: str, n_images: int) -> NDArray[np.bool_]:
    """Return True for images of the first half of the official split (training, or validation), (n_images,)."""
    with files("pmfnas.training.data").joinpath("official_splits.npz").open("rb") as stream, np.load(stream) as masks:
        mask = np.unpackbits(masks[name]).astype(bool)
    if len(mask) != n_images:
        raise DataError(f"{name} has {n_images} images to divide, but the official split is of {len(mask)}")
    return mask


def published_source(
    name: str,
    folder: Path,
    *,
    checksums: Mapping[str, str] = CHECKSUMS,
    first_half: Callable[[str, int], NDArray[np.bool_]] = official_half,
) -> Source:
    """Return the published data set `name` from the files in `folder`. Files are read on demand.

    All pictures are kept, including copies, because the benchmark's values rest on all of them.

    Args:
        name: cifar10, cifar100 or ImageNet16-120.
        folder: the folder of the extracted files or of the published archive, or the archive itself.
        checksums: MD5 by file name; other files are not checked.
        first_half: returns True for images of the first half of the divided set, by name and number of images.
    """
    layout = PUBLISHED[name]

    def search() -> SearchData:
        train, second = (layout.read(folder, files, checksums) for files in (layout.train_files, layout.test_files))
        whole = train if layout.halves_training else second  # always read the test files, to detect damage early
        first = first_half(name, len(whole))
        train, valid = (
            (whole.take(np.flatnonzero(first)), whole.take(np.flatnonzero(~first)))
            if layout.halves_training
            else (train, whole.take(np.flatnonzero(first)))
        )
        return SearchData(train, valid, _scaled(layout.mean), _scaled(layout.std), padding=layout.side // 8, flip=True)

    def test() -> ImageSet:
        whole = layout.read(folder, layout.test_files, checksums)
        return whole if layout.halves_training else whole.take(np.flatnonzero(~first_half(name, len(whole))))

    return Source(name, layout.class_names, "NAS-Bench-201", search, test)


def _scaled(values: tuple[float, float, float]) -> tuple[float, float, float]:
    red, green, blue = values
    return red / 255, green / 255, blue / 255
