"""Where images come from: the published data sets, a user's own, or scikit-learn's digits."""

from pathlib import Path

from pmfnas.core.errors import InputError
from pmfnas.training.data.images import ImageSet, SearchData, Source
from pmfnas.training.data.jpegs import holds_jpegs, jpeg_source
from pmfnas.training.data.official import PUBLISHED, published_source
from pmfnas.training.data.own import digits_source, own_source

__all__ = ["ImageSet", "SearchData", "Source", "open_source"]


def open_source(name: str, path: Path | None, *, split_seed: int = 0) -> Source:
    """Return the data set called `name`; one that is not published is the user's own and lies at `path`.

    Args:
        name: cifar10, cifar100, ImageNet16-120, digits, or a name of the user's.
        path: folder of the published files, folder of class folders, `.npz`, or JPEG files within an `.npz`.
        split_seed: draws the split of data that come without one.
    """
    if name == "digits" and path is None:
        return digits_source(split_seed)
    if path is None:
        raise InputError(f"--dataset is {name!r}, which needs --data-dir; only digits come along")
    if not path.exists():
        raise InputError(f"--data-dir is {str(path)!r}, but no such path exists")
    if path.suffix == ".npz" and holds_jpegs(path):
        return jpeg_source(name, path, split_seed)
    is_published = name in PUBLISHED and path.is_dir() and path.suffix != ".npz"
    return published_source(name, path) if is_published else own_source(name, path, split_seed)
