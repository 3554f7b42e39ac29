"""Hostile files of every format that is read, each with the reader of that format.

`python -m harness.torture.hostile FOLDER quick|smoke|long` reads them, in a process whose memory is limited, and
prints one line of JSON per file: what came of it, the seconds of CPU, and the growth of memory. `quick` leaves out the
bombs.
"""

import bz2
import copyreg
import json
import pickle
import resource
import struct
import sys
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.experiment.folder import read_claim
from harness.players import protocol
from harness.players.child import Child
from harness.report.results import read_results
from harness.torture import pickles
from harness.torture.samples import damaged_table, record_table
from pmfnas.benchmarks.official.shards import read_columns, read_info
from pmfnas.benchmarks.official.stream import RecordStream, open_bz2, open_torch
from pmfnas.benchmarks.table import CurveTable
from pmfnas.benchmarks.unpickle import load_bz2
from pmfnas.core.errors import PmfnasError
from pmfnas.loop.journal import Journal
from pmfnas.loop.record import incumbent_steps, read_header, read_rows
from pmfnas.training.data.batches import read_batch
from pmfnas.training.data.npz import Arrays
from pmfnas.training.data.pictures import decode

Case = tuple[str, Callable[[Path], object]]
"""What the file is, and a function that writes it into a folder and reads it."""
_LIMIT_BYTES = 1 << 26
TRACE = "trace"


def cases(folder: Path, size: str) -> Iterator[Case]:
    """Yield the hostile files; `size` is quick, smoke or long."""
    smoke = size != "long"
    yield from _pickles(folder, smoke=smoke)
    if size != "quick":
        yield from _bombs(smoke=smoke)
    yield from _archives()
    yield from _arrays(smoke=smoke)
    yield from _parquet()
    yield from _pictures()
    yield from _texts(smoke=smoke)


# ------------------------------------------------------------------------------------------------- pickles


def _pickles(folder: Path, *, smoke: bool) -> Iterator[Case]:
    contents: dict[str, Callable[[], bytes]] = {
        name: partial(bytes, data) for name, data in pickles.calling(str(folder / TRACE)).items()
    }
    for name, make in {**contents, **pickles.exhausting(smoke)}.items():
        for reader, read in (("bz2", _by_bz2), ("stream", _by_stream), ("torch", _by_torch), ("batch", _by_batch)):
            yield f"pickle, {reader}: {name}", partial(_made, read, make)


def _bombs(*, smoke: bool) -> Iterator[Case]:
    for name, data in pickles.bombs(smoke):
        yield f"pickle, bz2: {name}", partial(_bomb, data, partial(load_bz2, limit_bytes=_LIMIT_BYTES))
        yield f"pickle, stream: {name}", partial(_bomb, data, _streamed)


def _made(read: Callable[[Path, bytes], object], make: Callable[[], bytes], folder: Path) -> object:
    return read(folder, make())


def _by_bz2(folder: Path, data: bytes) -> object:
    path = folder / "x.pickle.pbz2"
    path.write_bytes(bz2.compress(data, 1))
    return load_bz2(path, _LIMIT_BYTES)


def _by_stream(folder: Path, data: bytes) -> object:
    return _bomb(bz2.compress(data, 1), _streamed, folder)


def _streamed(path: Path) -> object:
    with open_bz2(path) as stream:
        records = RecordStream(stream)
        return list(records), records.value


def _bomb(data: bytes, read: Callable[[Path], object], folder: Path) -> object:
    path = folder / "x.pickle.pbz2"
    path.write_bytes(data)
    return read(path)


def _by_torch(folder: Path, data: bytes) -> object:
    path = folder / "x.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as container:
        container.writestr("archive/data.pkl", data)
    with open_torch(path) as stream:
        return list(RecordStream(stream))


def _by_batch(folder: Path, data: bytes) -> object:
    (folder / "data_batch_1").write_bytes(data)
    return read_batch(folder, "data_batch_1", None)


def _archives() -> Iterator[Case]:
    for name in ("../data.pkl", "/data.pkl", "a/../../data.pkl", "C:\\data.pkl"):
        yield f"zip with {name}", partial(_zip_of, name)
    for name, kind in (("../../cifar/data_batch_1", tarfile.REGTYPE), ("cifar/data_batch_1", tarfile.SYMTYPE)):
        yield f"tar with {name}, type {kind!r}", partial(_tar_of, name, kind, 0)
    yield "tar with a member of 8 TB", partial(_tar_of, "cifar/data_batch_1", tarfile.REGTYPE, 1 << 43)


def _zip_of(name: str, folder: Path) -> object:
    path = folder / "x.pth"
    with zipfile.ZipFile(path, "w") as container:
        container.writestr(name, pickle.dumps({"a": 1}, protocol=2))
        container.writestr("other/data.pkl", b"\x80\x02cos\nsystem\n.")
    with open_torch(path) as stream:
        return list(RecordStream(stream))


def _tar_of(name: str, kind: bytes, size: int, folder: Path) -> object:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, "/etc/passwd", size
    (folder / "cifar.tar").write_bytes(member.tobuf() + bytes(10_240))
    return read_batch(folder, "cifar/data_batch_1", None)


def _arrays(*, smoke: bool) -> Iterator[Case]:
    huge = (1 << 24) if smoke else (1 << 29)
    headers = {
        "code": b"{'descr': __import__('os').system('touch trace'), 'fortran_order': False, 'shape': (1,)}",
        "objects": b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
        "a shape beyond all memory": b"{'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775807, 9)}",
        "a negative shape": b"{'descr': '<f8', 'fortran_order': False, 'shape': (-3, -2)}",
        "a dtype within a dtype": b"{'descr': [('a', [('b', '|O')])], 'fortran_order': False, 'shape': (1,)}",
        "brackets": b"{'descr': " + b"(" * 5000 + b")" * 5000 + b"}",
        "no end": b" " * huge,
    }
    for name, header in headers.items():
        data = b"\x93NUMPY\x02\x00" + struct.pack("<I", len(header)) + header + pickle.dumps(print)
        yield f"npy with {name}, in a table", partial(_column, data)
        yield f"npy with {name}, in an npz", partial(_images, data)
        yield f"npy with {name}, in a shard", partial(_shard, data)


def _column(data: bytes, folder: Path) -> object:
    table, column = damaged_table(folder)
    column.write_bytes(data)
    opened = CurveTable.open(table)
    return [opened._array(name) for name in opened.keys]


def _images(data: bytes, folder: Path) -> object:
    path = folder / "x.npz"
    _packed(path, {"images.npy": data})
    return Arrays(path)["images"]


def _shard(data: bytes, folder: Path) -> object:
    path = folder / "x-00000.npz"
    _packed(path, {"info.npy": data})
    return read_columns(path, read_info(path).groups)


def _packed(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as container:
        for name, content in members.items():
            container.writestr(name, content)


def _parquet() -> Iterator[Case]:
    good = record_table()
    for name in ("end_s", "arch", "status", "incumbent"):
        place = good.schema.get_field_index(name)
        other = pa.array([{"a": [1]}] * len(good))
        yield f"record without {name}", partial(_record, good.drop_columns([name]))
        yield f"record with another type of {name}", partial(_record, good.set_column(place, name, other))
    yield "record without a header", partial(_record, good.replace_schema_metadata(None))
    header = json.loads(good.schema.metadata[b"pmfnas"])
    for name, value in (("seed", "x"), ("budget_s", []), ("recommended", 7), ("settings", None), ("clock_s", {})):
        changed = {b"pmfnas": json.dumps({**header, name: value})}
        yield f"record whose header has {name} = {value!r}", partial(_record, good.replace_schema_metadata(changed))
    yield "frames with another schema", _frames


def _record(rows: pa.Table, folder: Path) -> object:
    path = folder / "s0000.parquet"
    pq.write_table(rows, path)
    return incumbent_steps(read_rows(path)), read_header(path)


def _frames(folder: Path) -> object:
    (folder / "spec.json").write_text('{"experiment": "table2"}')
    (folder / "manifest.json").write_text("{}")
    for name in ("runs.parquet", "steps.parquet"):
        pq.write_table(pa.table({"x": [1]}), folder / name)
    return read_results(folder)


def _pictures() -> Iterator[Case]:
    wide = _png(60_000, 60_000, b"")
    texts = b"".join(_chunk(b"zTXt", b"k%d\0\0" % i + zlib.compress(bytes(1 << 22), 9)) for i in range(64))
    yield "PNG of 3.6 gigapixels", lambda _: decode(wide, "x.png")
    yield "PNG of 179 megapixels", lambda _: decode(_png(13_400, 13_400, b""), "x.png")
    yield "PNG with 256 MB of text", lambda _: decode(_png(8, 8, texts), "x.png")
    yield "GIF of a size beyond its data", lambda _: decode(b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(99), "x.gif")
    yield "TIFF that refers to itself", lambda _: decode(b"II*\0\x08\0\0\0\x01\0" + b"\0" * 12 + b"\x08\0\0\0", "x.tif")
    yield "PPM of digits without end", lambda _: decode(b"P6 " + b"9" * 1_000_000, "x.ppm")
    yield "EPS, which calls a program", lambda _: decode(b"%!PS-Adobe-3.0 EPSF-3.0\n(touch trace) system\n", "x.eps")


def _png(width: int, height: int, more: bytes) -> bytes:
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = _chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", size) + more + data + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _texts(*, smoke: bool) -> Iterator[Case]:
    n_mb = 70 if smoke else 1000
    deep = b"[" * 1_000_000
    yield f"a line of {n_mb} MB from a searcher", partial(_endless, n_mb)
    for name, read in (
        ("j", lambda path: Journal(path).read()),
        ("spec.json", lambda path: read_claim(path.parent)),
        ("table.json", lambda path: CurveTable.open(path.parent)),
    ):
        yield f"a line of {n_mb} MB in {name}", partial(_long_line, name, n_mb, read)
    yield "a journal of brackets", lambda folder: Journal(_file(folder / "j", deep + b"\n")).read()
    yield "a journal of numbers", lambda folder: Journal(_file(folder / "j", b"7\n" * 9)).read()
    yield "a claim of brackets", lambda folder: read_claim(_file(folder / "spec.json", deep).parent)
    yield "a table of brackets", lambda folder: CurveTable.open(_file(folder / "table.json", deep).parent)
    yield "a message of brackets", lambda _: protocol.decode(deep)
    yield "a message of digits", lambda _: protocol.decode(b'{"a": ' + b"9" * 100_000 + b"}")
    yield "a message of half a character", lambda _: protocol.decode(b'{"a": "\\ud800"}')


def _long_line(name: str, n_mb: int, read: Callable[[Path], object], folder: Path) -> object:
    with (folder / name).open("wb") as stream:
        stream.write(b'{"a": "')
        for _ in range(n_mb):
            stream.write(b"x" * 10**6)
        stream.write(b'"}\n')
    return read(folder / name)


def _endless(n_mb: int, folder: Path) -> object:
    del folder
    program = f"import sys; sys.stdin.readline(); [sys.stdout.write('x' * 10**6) for _ in range({n_mb})]"
    child = Child([sys.executable, "-c", program], {}, max_line_bytes=protocol.MAX_LINE_BYTES)
    try:
        return child.exchange(b"hello\n", limit_s=60.0)
    finally:
        child.close()


def _file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


# --------------------------------------------------------------------------------------------- the process


def outcome(read: Callable[[Path], object], folder: Path) -> dict[str, Any]:
    """Return what came of reading a file in `folder`: refused, read or a fault, with seconds and memory."""
    begin_s, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        read(folder)
        what = "read"
    except PmfnasError:
        what = "refused"
    except Exception as error:
        what = f"{type(error).__name__}: {error}"[:200]
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"what": what, "seconds": time.process_time() - begin_s, "grown_mb": grown_kb / 1024}


def main(folder: Path, size: str) -> None:
    """Read all hostile files in folders of their own below `folder`, and print what came of each."""
    for number, code in enumerate((1, 257, 65_793), start=1):
        copyreg.add_extension("os", ("system", "popen", "execv")[number - 1], code)
    for number, (name, read) in enumerate(cases(folder, size)):
        own = folder / "inside" / f"{number:03d}"
        own.mkdir(parents=True)
        print(json.dumps({"name": name}), flush=True)
        print(json.dumps(outcome(read, own)), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
