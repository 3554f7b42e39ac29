"""Reads the pickled batches of CIFAR and ImageNet16 without running any code of a pickle.

The names that the benchmark's pickles may request are allowed here, too (`pmfnas.benchmarks.unpickle`). So are arrays
of plain numbers, which a stand-in builds from their bytes. Files may lie in a folder or in the published archive.
"""

import hashlib
import io
import pickle
import tarfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmfnas.benchmarks.unpickle import DtypeStandIn, ForbiddenError, find_global, load_bounded, reading, refuse_stored
from pmfnas.core.errors import DataError

_ARCHIVES = ("*.tar.gz", "*.tgz", "*.tar")
_MOST_BYTES = 1 << 32
"""Largest archive, unpacked; the published ones have 0.2 to 1.5 GB."""
_NUMBERS = frozenset({"u1", "i8", "f4", "f8"})


class _Dtype:
    """Replaces `numpy.dtype` of an array."""

    def __init__(self, code: str | bytes, align: bool = False, copy: bool = False) -> None:  # the signature in pickles
        del align, copy
        text = code.decode("ascii") if isinstance(code, bytes) else str(code)
        if text not in _NUMBERS:
            raise ForbiddenError(f"numpy.dtype({text!r})")
        self.code, self.order = text, "<"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order = state[1].decode("ascii") if isinstance(state[1], bytes) else str(state[1])
        self.order = ">" if order == ">" else "<"


class _Array:
    """Replaces `numpy.ndarray`. It keeps shape and bytes until the pickle has been read."""

    values: NDArray[Any]

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, fortran, data = state
        if not isinstance(dtype, _Dtype) or not isinstance(data, bytes):
            raise ForbiddenError(f"an array of {type(dtype).__name__}")
        flat = np.frombuffer(data, dtype=f"{dtype.order}{dtype.code}")
        self.values = flat.reshape(shape, order="F" if fortran else "C")


def _array(kind: object, shape: object, code: object) -> _Array:
    """Replace `numpy.core.multiarray._reconstruct`, which makes an empty array to be filled."""
    del shape, code
    if kind is not _Array:
        raise ForbiddenError("an array of another kind")
    return _Array()


_ARRAYS: MappingProxyType[tuple[str, str], Callable[..., Any]] = MappingProxyType(
    {
        ("numpy", "dtype"): _Dtype,
        ("numpy", "ndarray"): _Array,
        ("numpy._core.multiarray", "_reconstruct"): _array,
        ("numpy.core.multiarray", "_reconstruct"): _array,
    }
)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        found = _ARRAYS.get((module, name)) or find_global(module, name)
        if found is DtypeStandIn:
            raise ForbiddenError(f"{module}.{name}")
        return found

    def persistent_load(self, pid: Any) -> Any:
        refuse_stored(pid)


def read_batch(folder: Path, name: str, checksum: str | None) -> Mapping[str, Any]:
    """Return the dictionary of one pickled batch, with text keys and arrays.

    Args:
        folder: the folder of the file `name` or of a `.tar.gz` that contains it; or that archive.
        name: path of the file within the published archive.
        checksum: expected MD5 of the file; None skips the check.

    Raises:
        DataError: the file is missing or truncated, has another checksum, or requests a forbidden name.
    """
    path, content = _bytes(folder, name)
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if checksum is not None and found != checksum:
        raise DataError(f"{path} has MD5 {found}, but the published file has {checksum}; fetch it again")
    with reading(path):
        batch = load_bounded(_Unpickler(io.BytesIO(content), encoding="bytes"), content)
    if not isinstance(batch, dict):
        raise DataError(f"{path} holds {type(batch).__name__}, but a batch is a dictionary; fetch it again")
    plain = {key.decode("latin-1") if isinstance(key, bytes) else str(key): value for key, value in batch.items()}
    return {key: value.values if isinstance(value, _Array) else value for key, value in plain.items()}


def _bytes(folder: Path, name: str) -> tuple[Path, bytes]:
    """Return path and content of a published file, from `folder`, from below it, or from an archive."""
    for path in (folder / name, folder / Path(name).name):
        if path.is_file():
            with reading(path):
                return path, path.read_bytes()
    archives = [folder] if folder.is_file() else [a for kind in _ARCHIVES for a in sorted(folder.glob(kind))]
    for archive in archives:
        content = _from_archive(archive, name)
        if content is not None:
            return archive / name, content
    looked = ", ".join(archive.name for archive in archives) or "a .tar.gz or .tar"
    again = ", or fetch the archive again" if archives else ""
    raise DataError(
        f"--data-dir {folder} has no {name}, neither as a file nor in {looked}; give the folder it lies in{again}"
    )


def _from_archive(archive: Path, name: str) -> bytes | None:
    try:
        with (
            reading(archive),
            tarfile.open(archive, "r:gz" if archive.suffix in (".gz", ".tgz") else "r:") as container,
        ):
            for member in container:
                if max(member.size, member.offset) > _MOST_BYTES:
                    raise DataError(f"{archive} unpacks to more than {_MOST_BYTES:,} bytes; fetch it again")
                if member.name == name:
                    content = container.extractfile(member)
                    return content.read() if content else None
            return None
    except (tarfile.TarError, zlib.error) as error:
        cause = f"{type(error).__name__}: {error}".splitlines()[0]
        raise DataError(f"{archive} is truncated, damaged or no archive ({cause}); fetch it again") from None


def pixels_of(batch: Mapping[str, Any], side: int, what: str) -> NDArray[np.uint8]:
    """Return the images of a batch, (n, 3, side, side). Raises `DataError` if it has none; `what` names the batch."""
    data = batch.get("data")
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape[1:] != (3 * side * side,):
        raise DataError(f"{what} holds no array `data` of {side}x{side} RGB images; fetch it again")
    return np.asarray(data.reshape(-1, 3, side, side))


def labels_of(batch: Mapping[str, Any], key: str, what: str) -> list[int]:
    """Return the labels of a batch under `key`. Raises `DataError` unless they are a list of whole numbers."""
    labels = batch.get(key)
    listed = labels.tolist() if isinstance(labels, np.ndarray) else labels
    if not isinstance(listed, list | tuple) or any(
        type(n) is not int and not isinstance(n, np.integer) for n in listed
    ):
        raise DataError(f"{what} holds no list `{key}` of whole numbers; fetch it again")
    return [int(label) for label in listed]
