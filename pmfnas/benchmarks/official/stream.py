"""Arch records out of one big pickle, one at a time.

The single-file form of the benchmark is one dictionary of 15,625 archs: 5 GB of pickle, some 29 GB once it is
Python objects. The import needs one record at a time, so `RecordStream` interprets the pickle itself. It yields each
record when it is complete and then forgets it. It accepts the instructions of protocols 2 to 5 that plain data
need, and the globals of `pmfnas.benchmarks.unpickle`; it refuses everything else. Depth, texts and the instructions
between two records are bounded, so that a small file cannot unpack to more than the memory.

The memo of the pickle grows: each record adds some 11,000 places, and later records may refer to any of them. From a
yielded record only texts, dtypes and callables are kept, equal ones once (`x-valid@11` occurs very often). A place
takes four bytes; everything else is forgotten.
"""

import bz2
import io
import struct
import sys
import zipfile
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, final

from pmfnas.benchmarks.unpickle import DtypeStandIn, ForbiddenError, find_global, reading, refuse_stored

_FORGOTTEN = object()
_DOUBLE = struct.Struct(">d")
_LONGEST_TEXT_BYTES = 1 << 16
_LONGEST_NAME_BYTES = 100
_MOST_TEXT_BYTES = 1 << 26
"""Of all long texts of a pickle; the real ones have none."""
_MOST_INSTRUCTIONS = 1 << 21
"""From one record to the next. The real ones have some 40,000, and 100,000 before the first and after the last."""
_TORCH_MAGIC = 0x1950A86A20F9469CFC6C  # first pickle of torch's container before 1.6


def _is_record(value: object) -> bool:
    """Whether `value` is one schedule of an arch."""
    return type(value) is dict and "all_results" in value


@final
class RecordStream:
    """Iterates over the arch records of a pickle: dictionaries from schedule to results.

    A record is emptied when the next one is requested. After the last one `value` is the whole object, with
    emptied records. Errors are those of `pickle`: iterate inside `unpickle.reading`.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.value: Any = None
        self._read = stream.read
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: list[Any] = []  # memo places of the current record
        self._kept = array("I")  # earlier places: the number of the value of each
        self._values: dict[Any, int] = {}  # value -> number
        self._numbered: list[Any] = []
        self._text_bytes = 0  # of long texts
        self._dispatch = self._instructions()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while (record := self._next()) is not None:
            yield record
            self._forget(record)
        self.value = self._stack.pop()

    def _next(self) -> dict[str, Any] | None:
        """Return the next record; None at the end of the pickle."""
        read, dispatch = self._read, self._dispatch
        for _ in range(_MOST_INSTRUCTIONS):
            code = read(1)
            if code == b".":
                return None
            handler = dispatch.get(code)
            if handler is None:
                raise ForbiddenError(f"pickle instruction {code!r}") if code else EOFError("it ends too early")
            record = handler()
            if record is not None:
                return record
        raise ValueError(f"more than {_MOST_INSTRUCTIONS:,} instructions without a record")

    def _forget(self, record: dict[str, Any]) -> None:
        record.clear()
        for value in self._memo:
            kept = value if isinstance(value, str | DtypeStandIn) or callable(value) else _FORGOTTEN
            number = self._values.setdefault(kept, len(self._numbered))
            if number == len(self._numbered):
                self._numbered.append(kept)
            self._kept.append(number)
        self._memo.clear()

    def _instructions(self) -> dict[bytes, Callable[[], dict[str, Any] | None]]:
        """Return the handler of each instruction; names as in the module `pickletools`."""
        take, push, number = self._take, self._stack.append, self._number
        return {
            b"\x80": lambda: take(1, None),  # PROTO
            b"\x95": lambda: take(8, None),  # FRAME
            b"(": lambda: self._marks.append(len(self._stack)),  # MARK
            b"N": lambda: push(None),  # NONE
            b"\x88": lambda: push(True),  # NEWTRUE
            b"\x89": lambda: push(False),  # NEWFALSE
            b"K": lambda: push(number(1)),  # BININT1
            b"M": lambda: push(number(2)),  # BININT2
            b"J": lambda: push(number(4, signed=True)),  # BININT
            b"\x8a": lambda: push(number(number(1), signed=True)),  # LONG1
            b"G": lambda: push(_DOUBLE.unpack(self._bytes(8))[0]),  # BINFLOAT
            b"\x8c": lambda: push(self._text(number(1))),  # SHORT_BINUNICODE
            b"X": lambda: push(self._text(number(4))),  # BINUNICODE
            b"C": lambda: push(self._bytes(number(1))),  # SHORT_BINBYTES
            b"}": lambda: push({}),  # EMPTY_DICT
            b"]": lambda: push([]),  # EMPTY_LIST
            b"\x8f": lambda: push(set()),  # EMPTY_SET
            b")": lambda: push(()),  # EMPTY_TUPLE
            b"\x85": lambda: self._tuple(len(self._stack) - 1),  # TUPLE1
            b"\x86": lambda: self._tuple(len(self._stack) - 2),  # TUPLE2
            b"\x87": lambda: self._tuple(len(self._stack) - 3),  # TUPLE3
            b"t": lambda: self._tuple(self._marks.pop()),  # TUPLE
            b"a": lambda: self._extend(len(self._stack) - 1),  # APPEND
            b"e": lambda: self._extend(self._marks.pop()),  # APPENDS
            b"\x90": lambda: self._extend(self._marks.pop()),  # ADDITEMS
            b"s": lambda: self._set_items(len(self._stack) - 2),  # SETITEM
            b"u": lambda: self._set_items(self._marks.pop()),  # SETITEMS
            b"\x94": lambda: self._memo.append(self._stack[-1]),  # MEMOIZE
            b"q": lambda: self._put(number(1)),  # BINPUT
            b"r": lambda: self._put(number(4)),  # LONG_BINPUT
            b"h": lambda: self._get(number(1)),  # BINGET
            b"j": lambda: self._get(number(4)),  # LONG_BINGET
            b"c": lambda: push(find_global(self._line(), self._line())),  # GLOBAL
            b"\x93": self._stack_global,  # STACK_GLOBAL
            b"R": self._reduce,  # REDUCE
            b"b": self._build,  # BUILD
            b"Q": lambda: refuse_stored(self._stack[-1]),  # BINPERSID
        }

    def _bytes(self, n: int) -> bytes:
        data = self._read(n)
        if len(data) != n:
            raise EOFError("it ends too early")
        return data

    def _take(self, n: int, answer: None) -> None:
        self._bytes(n)
        return answer

    def _number(self, n: int, *, signed: bool = False) -> int:
        return int.from_bytes(self._bytes(n), "little", signed=signed)

    def _text(self, n: int) -> str:
        if n > 255:
            self._text_bytes += n
            if n > _LONGEST_TEXT_BYTES or self._text_bytes > _MOST_TEXT_BYTES:
                raise ValueError(f"a text of {n:,} bytes")
        return sys.intern(self._bytes(n).decode("utf-8", "surrogatepass"))

    def _line(self) -> str:
        line = bytearray()
        while (letter := self._bytes(1)) != b"\n":
            line += letter
            if len(line) > _LONGEST_NAME_BYTES:
                raise ForbiddenError(f"a name that begins with {line.decode('ascii', 'replace')!r}")
        return line.decode()

    def _tuple(self, start: int) -> None:
        made = tuple(self._stack[start:])
        if any(type(part) is tuple for part in made):  # a deep one would exceed the stack when it is hashed
            raise ValueError("a tuple within a tuple")
        self._stack[start:] = [made]

    def _extend(self, start: int) -> None:
        items = self._stack[start:]
        del self._stack[start:]
        target = self._stack[-1]
        if isinstance(target, list):
            target.extend(items)
        elif isinstance(target, set):
            target.update(items)
        else:
            raise ValueError(f"items for a {type(target).__name__}")

    def _set_items(self, start: int) -> dict[str, Any] | None:
        stack = self._stack
        items = stack[start:]
        del stack[start:]
        target = stack[-1]
        if not isinstance(target, dict) or not items:
            raise ValueError(f"{len(items)} items for a {type(target).__name__}")
        target.update(zip(items[::2], items[1::2], strict=True))
        return target if _is_record(items[-1]) else None

    def _put(self, place: int) -> None:
        memo, here = self._memo, place - len(self._kept)
        if here == len(memo):
            memo.append(self._stack[-1])
        elif 0 <= here < len(memo):
            memo[here] = self._stack[-1]
        else:
            raise ValueError(f"memo place {place} before {len(self._kept) + len(memo)}")

    def _get(self, place: int) -> None:
        here = place - len(self._kept)
        value = self._memo[here] if here >= 0 else self._numbered[self._kept[place]]
        if value is _FORGOTTEN:
            raise ValueError("two archs share a part of their records; only the archive folder can be read then")
        self._stack.append(value)

    def _stack_global(self) -> None:
        module, name = self._stack[-2:]
        self._stack[-2:] = [find_global(module, name)]

    def _reduce(self) -> None:
        # The results of `find_global` are the only callables on the stack.
        function, arguments = self._stack[-2:]
        self._stack[-2:] = [function(*arguments)]

    def _build(self) -> None:
        target, state = self._stack[-2:]
        if not isinstance(target, DtypeStandIn):
            raise ForbiddenError(f"state of a {type(target).__name__}")
        target.__setstate__(state)
        self._stack.pop()


# ------------------------------------------------------------------------------------------------- containers


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
        is_pickle = file.read(1) == b"\x80"
        file.seek(0)
        if not is_pickle or _value(file) != _TORCH_MAGIC:
            raise ValueError("no torch container: neither a zip file nor one that starts with torch's magic number")
        for _ in range(2):
            _value(file)
        yield file
        if _value(file) != []:
            raise ForbiddenError("tensors")


def _value(stream: BinaryIO) -> Any:
    """Return the object of a pickle without records."""
    records = RecordStream(stream)
    if any(True for _ in records):
        raise ValueError("records where none belong")
    return records.value


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
