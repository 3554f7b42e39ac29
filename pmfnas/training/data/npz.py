"""Arrays of an `.npz` file. Every error in such a file becomes one line that names the file."""

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import DataError

_LENGTH_ENDS, _LONGEST_HEADER = 12, 10_000
"""Where the length of an array's header ends, at the latest, and the largest that numpy takes."""


class Arrays:
    """The arrays of an `.npz`. Each is read on access."""

    def __init__(self, path: Path) -> None:
        """Open the file. Raises `DataError` if it is not an `.npz`."""
        self.path = path
        with _naming(path), zipfile.ZipFile(path) as container:
            names = container.namelist()
        self.names = tuple(name.removesuffix(".npy") for name in names if name.endswith(".npy"))

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return an array. Raises `DataError` if it is damaged or holds objects instead of numbers or text."""
        what = f"array `{name}` of {self.path}"
        with _naming(self.path), zipfile.ZipFile(self.path) as container:
            _check_header(container, f"{name}.npy", what)
            with container.open(f"{name}.npy") as stream:
                return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))


def _check_header(container: zipfile.ZipFile, member: str, what: str) -> None:
    """Raise `DataError` if a member declares objects, or more bytes than it has."""
    with container.open(member) as stream:
        begin = stream.read(_LENGTH_ENDS)
        length = int.from_bytes(begin[8 : 10 if begin[6:7] == b"\x01" else 12], "little")
        if length > _LONGEST_HEADER:  # numpy would read it first
            raise DataError(f"{what} has a header of {length:,} bytes; write it again")
        stream.seek(0)
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
        held = container.getinfo(member).file_size - stream.tell()
    if dtype.hasobject:
        raise DataError(
            f"{what} holds Python objects, but must hold numbers or text; write one array, of pictures of one size"
        )
    declared = math.prod(int(n) for n in shape) * dtype.itemsize
    if declared > held:
        raise DataError(f"{what} declares shape {shape}, {declared:,} bytes, but has {held:,}; write it again")


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turn every error while `path` is read into one `DataError` that names the file."""
    try:
        yield
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}); give a file that can") from None
    except MemoryError:
        raise DataError(f"{path} holds more than fits into memory; use fewer or smaller images") from None
    except Exception as error:  # the readers of numpy, zipfile and zlib raise many kinds of errors
        cause = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise DataError(f"{path} is damaged or no .npz file ({cause}); write it again with numpy.savez") from None
