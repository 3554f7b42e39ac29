"""Reads pickles of plain data safely: no code of a pickle is run.

A pickle is a program: its `GLOBAL` instructions name callables and its `REDUCE` instructions call them. The official
benchmark files need the names below, all for plain values. Each name is replaced by a stand-in that can build plain
values only. Any other name is refused with an error that shows it.

    collections.OrderedDict             the dictionary of schedules, the seconds per epoch
    numpy(.core|._core).multiarray.scalar, numpy.dtype      a number that was a numpy scalar
    builtins.set, _codecs.encode        sets and bytes in pickle protocol 2 (`.pth`)

Without any name, a few bytes can make Python's own reader fill the memory, by a high place of the memo, or crash, by
the hash of a tuple within some 100,000 others. `load_bounded` refuses both.
"""

import bz2
import io
import pickle
import pickletools
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import numpy as np

from pmfnas.core.errors import DataError, PmfnasError

_NUMBER_CODES = frozenset({"b1", "i4", "i8", "u4", "u8", "f4", "f8"})
_MOST_TUPLES = 50_000
"""In a pickle that is read by Python's own reader. The official files have some hundreds."""
_MOST_BYTES = 1 << 30
"""Memory that a pickle may take. The official ones take some 10 MB."""


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


def load_bounded(reader: pickle.Unpickler, data: bytes) -> Any:
    """Return the object that `reader` makes of the pickle `data`, within a bounded depth and memory.

    Raises:
        ValueError: the pickle has more tuples than may lie within each other.
        MemoryError: it asks for more memory than plain data need.
    """
    may_be_deep = sum(data.count(code) for code in (b"t", b"\x85", b"\x86", b"\x87")) > _MOST_TUPLES
    if may_be_deep and sum("TUPLE" in code.name for code, _, _ in pickletools.genops(data)) > _MOST_TUPLES:
        raise ValueError(f"more than {_MOST_TUPLES:,} tuples")
    with _bounded_memory():
        return reader.load()


@contextmanager
def _bounded_memory() -> Iterator[None]:
    """Let this process take `_MOST_BYTES` more meanwhile, on systems that can tell what it has and hold it to that."""
    try:
        import resource

        taken = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        before, most = resource.getrlimit(resource.RLIMIT_AS)
    except (ImportError, OSError):
        yield
        return
    now = taken + _MOST_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (now if before == resource.RLIM_INFINITY else min(now, before), most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (before, most))


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
        return load_bounded(_Unpickler(io.BytesIO(data)), data)
