"""Where images come from: the published data sets, a user's own, or scikit-learn's digits."""

from pathlib import Path

from pmfnas.core.errors import DataError, InputError
from pmfnas.training.data.images import ImageSet, SearchData, Source
from pmfnas.training.data.jpegs import FIELDS, jpeg_source
from pmfnas.training.data.npz import Arrays
from pmfnas.training.data.official import PUBLISHED, published_source
from pmfnas.training.data.own import digits_source, folder_source, npz_source

__all__ = ["ImageSet", "SearchData", "Source", "open_source"]


def open_source(name: str, path: Path | None, *, split_seed: int = 0) -> Source:
    """Return the data set called `name`; one that is not published is the user's own and lies at `path`.

    A user's own images are read and checked here, those of the test included.

    Args:
        name: cifar10, cifar100, ImageNet16-120, digits, or a name of the user's.
        path: folder of the published files, folder of class folders, `.npz`, or JPEG files within an `.npz`.
        split_seed: draws the split of data that come without one.

    Raises:
        InputError: there is no path, or a library is missing.
        DataError: what lies there cannot be read, or is not as documented.
    """
    if name == "digits" and path is None:
        return digits_source(split_seed)
    if path is None:
        raise InputError(f"--dataset is {name!r}, which needs --data-dir; only digits come along")
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except OSError as error:
        raise InputError(f"--data-dir is {str(path)!r}, which cannot be read ({error.strerror})") from None
    if not exists:
        raise InputError(f"--data-dir is {str(path)!r}, but no such path exists")
    if path.suffix.lower() == ".npz" and not is_folder:
        arrays = Arrays(path)
        return (jpeg_source if set(FIELDS) <= set(arrays.names) else npz_source)(name, arrays, split_seed)
    if name in PUBLISHED:
        return published_source(name, path)
    if not is_folder:
        raise DataError(f"--data-dir is {str(path)!r}, but must be a folder of class folders or an .npz file")
    return folder_source(name, path, split_seed)
