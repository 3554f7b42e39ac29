"""Opens images for training: the published data sets, a user's own images, or scikit-learn's digits.

images        labelled images, and sources of them
official      the published data sets, in the splits of NAS-Bench-201
batches       their pickled batches, read without running code
class_names   the names of their classes
own           a user's images, and the digits
layout        the pictures of a user's folder, and its parts
pictures      picture files as pixels
fitting       pictures of any size as squares of one side
stacking      pictures, collected
npz           arrays of an `.npz` file
jpegs         JPEG files within an `.npz`
checks        checks of arrays
splits        training, validation and test images
"""

from pathlib import Path

from pmfnas.core.errors import DataError, InputError
from pmfnas.training.data.fitting import AS_IS, Fitting
from pmfnas.training.data.images import ImageSet, SearchData, Source
from pmfnas.training.data.jpegs import FIELDS, jpeg_source
from pmfnas.training.data.npz import Arrays
from pmfnas.training.data.official import PUBLISHED, published_source
from pmfnas.training.data.own import digits_source, folder_source, npz_source

__all__ = ["Fitting", "ImageSet", "SearchData", "Source", "open_source"]


def open_source(name: str, path: Path | None, *, split_seed: int = 0, fitting: Fitting = AS_IS) -> Source:
    """Return the data set `name`. Any name that is not a published one means the user's own images at `path`.

    The user's own images, including the test images, are read and checked here.

    Args:
        name: cifar10, cifar100, ImageNet16-120, digits, or the user's own name.
        path: folder of the published files, folder of class folders, `.npz`, or JPEG files within an `.npz`.
        split_seed: seed of the split, for images without a split.
        fitting: the size of the images that the networks take; published images keep theirs.

    Raises:
        InputError: `path` is missing or does not exist, or a library is missing.
        DataError: the images cannot be read or do not have the documented layout.
    """
    if name == "digits" and path is None:
        return digits_source(split_seed, fitting)
    if path is None:
        raise InputError(f"--dataset is {name!r}, which needs --data-dir; only digits need none")
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except OSError as error:
        raise InputError(f"--data-dir is {str(path)!r}, which cannot be read ({error.strerror})") from None
    if not exists:
        raise InputError(f"--data-dir is {str(path)!r}, but no such path exists")
    if path.suffix.lower() == ".npz" and not is_folder:
        arrays = Arrays(path)
        return (jpeg_source if set(FIELDS) <= set(arrays.names) else npz_source)(name, arrays, split_seed, fitting)
    if name in PUBLISHED:
        return _published(name, path, fitting)
    if not is_folder:
        raise DataError(f"--data-dir is {str(path)!r}, but must be a folder of class folders or an .npz file")
    return folder_source(name, path, split_seed, fitting)


def _published(name: str, path: Path, fitting: Fitting) -> Source:
    if fitting.image_size is not None:
        raise InputError(f"--image-size is {fitting.image_size}, but {name} is a published data set; leave it out")
    return published_source(name, path)
