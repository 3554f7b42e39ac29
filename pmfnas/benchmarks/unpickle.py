"""Reads pickles of plain data safely: no code of a pickle is run.

A pickle is a program: its `GLOBAL` instructions name callables and its `REDUCE` instructions call them. The official
benchmark files need the names below, all for plain values. Each name is replaced by a stand-in that can build plain
values only. Any other name is refused with an error that shows it.

    collections.OrderedDict             the dictionary of schedules, the seconds per epoch
    numpy(.core|._core).multiarray.scalar, numpy.dtype      a number that was a numpy scalar
    builtins.set, _codecs.encode        sets and bytes in pickle protocol 2 (`.pth`)
"""

import bz2
import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, NoReturn

import numpy as np

from pmfnas.core.errors import DataError, PmfnasError

_NUMBER_CODES = frozenset({"b1", "i4", "i8", "u4", "u8", "f4", "f8"})
_TORCH_MAGIC = 0x1950A86A20F9469CFC6C  # first pickle of torch's container before 1.6


class ForbiddenError(Exception):
    """A pickle requests a name that no official file needs. The text shows the name."""


class DtypeStandIn:
    """Replaces `numpy.dtype` while a scalar is rebuilt. It accepts plain numbers only."""

    def __init__(self, code: str, align: bool = False, copy: bool = False) -> None:  # the signature in numpy's pickles
        del align, copy
        if code not in _NUMBER_CODES:
            raise ForbiddenError(f"numpy.dtype({code!r})")
        self.code = code
        self.order = "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = {"<": "<", ">": ">"}.get(state[1], "=")


def _scalar(dtype: DtypeStandIn, data: bytes) -> Any:
    """Return the numpy scalar of `data`, as `numpy.core.multiarray.scalar` would."""
    if not isinstance(dtype, DtypeStandIn) or not isinstance(data, bytes):
        raise ForbiddenError(f"a numpy scalar of {type(dtype).__name__}, {type(data).__name__}")
    return np.frombuffer(data, dtype=f"{dtype.order}{dtype.code}", count=1)[0]


def _encode(text: str, encoding: str) -> bytes:
    """Return the bytes that pickle protocol 2 wrote as latin-1 text."""
    if encoding != "latin1":
        raise ForbiddenError(f"_codecs.encode(..., {encoding!r})")
    return text.encode("latin-1")


_ALLOWED: MappingProxyType[tuple[str, str], Callable[..., Any]] = MappingProxyType(
    {
        ("__builtin__", "set"): set,
        ("_codecs", "encode"): _encode,
        ("builtins", "set"): set,
        ("collections", "OrderedDict"): OrderedDict,
        ("numpy", "dtype"): DtypeStandIn,
        ("numpy._core.multiarray", "scalar"): _scalar,
        ("numpy.core.multiarray", "scalar"): _scalar,
    }
)


def find_global(module: str, name: str) -> Callable[..., Any]:
    """Return the stand-in for `module.name`. Raises `ForbiddenError` for names that are not on the list."""
    try:
        return _ALLOWED[module, name]
    except KeyError:
        raise ForbiddenError(f"{module}.{name}") from None


def refuse_stored(pid: object) -> NoReturn:
    """Raise `ForbiddenError`: the object lies outside the pickle, as torch's tensors do."""
    del pid
    raise ForbiddenError("a stored object, such as a tensor")


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return find_global(module, name)

    def persistent_load(self, pid: Any) -> Any:
        refuse_stored(pid)


class _PlainUnpickler(pickle.Unpickler):
    """Builds values that need no name: dictionaries, lists, texts and numbers."""

    def find_class(self, module: str, name: str) -> Any:
        raise ForbiddenError(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> Any:
        refuse_stored(pid)


def load_plain(content: bytes, path: Path) -> Any:
    """Return the object of a pickle without names, such as a dictionary of lists of numbers.

    Args:
        content: the pickle.
        path: the file of the pickle, for errors.

    Raises:
        DataError: the pickle is truncated or altered, or requests a name. No code of it is run.
    """
    with reading(path):
        return _PlainUnpickler(io.BytesIO(content)).load()


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn every error while `path` is read into one `DataError` that names the file."""
    try:
        yield
    except PmfnasError:
        raise
    except ForbiddenError as error:
        raise DataError(
            f"{path} asks for {error}, which plain data do not need; it was refused before any of it was run; "
            "fetch the file again"
        ) from None
    except MemoryError:
        raise DataError(f"{path} needs more memory than there is; it is damaged or not an official file") from None
    except Exception as error:  # a damaged file can cause any error in the code that reads it
        if isinstance(error, OSError) and error.strerror:
            raise DataError(f"{path} cannot be read: {error.strerror}; make it readable, or give another") from None
        cause = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise DataError(f"{path} is truncated, altered or not an official file ({cause}); fetch it again") from None


def load_bz2(path: Path, limit_bytes: int) -> Any:
    """Return the object of a `.pickle.pbz2` file.

    Args:
        path: the file, a bz2 stream of one pickle.
        limit_bytes: refuse more than this many bytes once decompressed.

    Raises:
        DataError: the file is missing, truncated, altered, too big, or requests a forbidden name.
    """
    with reading(path), bz2.open(path) as stream:
        data = stream.read(limit_bytes + 1)
        if len(data) > limit_bytes:
            raise DataError(f"{path} unpacks to more than {limit_bytes:,} bytes, so it is not an official file")
        return _Unpickler(io.BytesIO(data)).load()


@contextmanager
def open_bz2(path: Path) -> Iterator[BinaryIO]:
    """Yield the pickle of a `.pickle.pbz2` file as a stream. Errors while it is read become `DataError`."""
    with reading(path), bz2.open(path) as raw:
        yield from _to_the_end(io.BufferedReader(raw, 1 << 20))


@contextmanager
def open_torch(path: Path) -> Iterator[BinaryIO]:
    """Yield the pickle inside a `.pth` file as a stream, without torch. Errors while it is read become `DataError`.

    A zip container (torch >= 1.6) holds the pickle as its one member `*/data.pkl`. The older container is a sequence of
    pickles: a magic number, a version, a description of the machine, the object, and an empty list of tensors.
    The caller must read the pickle to its end.
    """
    with reading(path), path.open("rb") as file:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as container, container.open(_only_pickle(container)) as raw:
                yield from _to_the_end(io.BufferedReader(raw, 1 << 20))  # type: ignore[type-var]
            return
        file.seek(0)
        if _Unpickler(file).load() != _TORCH_MAGIC:
            raise ValueError("no torch container: neither a zip file nor one that starts with torch's magic number")
        for _ in range(2):
            _Unpickler(file).load()
        yield file
        if _Unpickler(file).load() != []:
            raise ForbiddenError("tensors")


def _to_the_end(stream: BinaryIO) -> Iterator[BinaryIO]:
    """Yield `stream` and check afterwards that it is at its end, where bz2 and zip compare checksums."""
    yield stream
    if stream.read(1):
        raise ValueError("there is data after the end of the pickle")


def _only_pickle(container: zipfile.ZipFile) -> str:
    members = [name for name in container.namelist() if name.endswith("/data.pkl")]
    if len(members) != 1:
        raise ValueError(f"{len(members)} members */data.pkl in the zip container instead of one")
    return members[0]
