import bz2
import codecs
import contextlib
import io
import marshal
import os
import pickle
import subprocess
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.torture.official_files import make, write_bz2
from pmfnas.benchmarks.official.stream import RecordStream, open_bz2, open_torch
from pmfnas.benchmarks.unpickle import load_bz2, reading
from pmfnas.core.errors import DataError

LIMIT = 1 << 24
PLAIN = {
    "text": "x-valid@11",
    "numbers": [0, 255, 65_535, -1, 1 << 31, 1 << 70, 1.5, True, False, None],
    "nested": OrderedDict([("a", {1: (1, 2, 3, 4)}), ("b", ()), ("c", (1,))]),
    "scalars": [np.float64(0.1), np.float32(0.5), np.int64(-3), np.bool_(True)],
    "set": {1, 2},
    "list": list(range(2000)),
}


class Calls:
    """Pickles as a call of `function` with `arguments`."""

    def __init__(self, function: Callable[..., Any], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[object, ...]]:
        return self.call


def touch(path: str) -> None:
    Path(path).touch()


FORBIDDEN = {
    r"(posix|nt)\.system": Calls(os.system, "true"),
    r"(builtins|__builtin__)\.eval": Calls(eval, "1"),
    r"(builtins|__builtin__)\.getattr": Calls(getattr, 1, "real"),
    r"marshal\.loads": Calls(marshal.loads, b""),
    r"numpy\._core\.multiarray\._reconstruct": np.zeros(3),
    r"numpy\.dtype\('O8'\)": np.dtype("O"),
    r"numpy\.dtype\('V8'\)": np.dtype("V8"),
    r"pathlib\.PosixPath": Path("/"),
    r"_codecs\.encode\(\.\.\., 'utf-8'\)": Calls(codecs.encode, "x", "utf-8"),
    "a numpy scalar of str, bytes": Calls(np.float64(1).__reduce__()[0], "f8", b"12345678"),
}


def record_stream(data: bytes, path: Path) -> Any:
    """Return the object of a pickle, read by the machine for single files."""
    with reading(path):
        records = RecordStream(io.BytesIO(data))
        assert not list(records)
        return records.value


def by_bz2(data: bytes, path: Path) -> Any:
    path.write_bytes(bz2.compress(data))
    return load_bz2(path, LIMIT)


READERS = [by_bz2, record_stream]


# -------------------------------------------------------------------------------------------------------- plain data


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("read", READERS)
def test_plain_data_is_read_as_pickle_reads_it(read: Callable[..., Any], protocol: int, tmp_path: Path):
    found = read(pickle.dumps(PLAIN, protocol=protocol), tmp_path / "x.pickle.pbz2")
    assert found == PLAIN
    assert [type(value) for value in found["scalars"]] == [type(value) for value in PLAIN["scalars"]]  # type: ignore[attr-defined]
    assert list(found["nested"]) == ["a", "b", "c"]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("module", [b"numpy.core.multiarray", b"numpy._core.multiarray"])
def test_scalars_of_numpy_1_and_2_are_read(read: Callable[..., Any], module: bytes, tmp_path: Path):
    data = pickle.dumps([np.float64(0.1)], protocol=3)
    assert data.count(b"numpy._core.multiarray") == 1
    assert read(data.replace(b"numpy._core.multiarray", module), tmp_path / "x") == [0.1]


@pytest.mark.parametrize("read", READERS)
def test_numbers_of_the_other_byte_order_are_read(read: Callable[..., Any], tmp_path: Path):
    scalar, (dtype, data) = (
        np.array([0.1], dtype=">f8")[0].__reduce__()[0],
        (np.dtype(">f8"), b"?\xb9" + b"\x99" * 5 + b"\x9a"),
    )
    assert read(pickle.dumps(Calls(scalar, dtype, data)), tmp_path / "x") == 0.1


# -------------------------------------------------------------------------------------------------------- forbidden


@pytest.mark.parametrize("name", FORBIDDEN)
@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("read", READERS)
def test_what_no_official_file_needs_is_refused_by_name(
    read: Callable[..., Any], protocol: int, name: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=rf"bad\.pickle asks for {name}, which plain data do not need; it was refused"):
        read(pickle.dumps([FORBIDDEN[name]], protocol=protocol), tmp_path / "bad.pickle")


@pytest.mark.parametrize("read", READERS)
def test_nothing_of_a_refused_file_was_run(read: Callable[..., Any], tmp_path: Path):
    trace = tmp_path / "trace"
    data = pickle.dumps(Calls(touch, str(trace)))
    with pytest.raises(DataError, match=r"test_unpickle\.touch"):
        read(data, tmp_path / "bad.pickle")
    assert not trace.exists()
    pickle.loads(data)
    assert trace.exists()  # it would have been


@pytest.mark.parametrize("read", READERS)
def test_stored_objects_and_foreign_state_are_refused(read: Callable[..., Any], tmp_path: Path):
    persistent = b"\x80\x02X\x07\x00\x00\x00storageQ."
    with pytest.raises(DataError, match="bad asks for a stored object, such as a tensor"):
        read(persistent, tmp_path / "bad")
    state_of_a_dict = b"\x80\x02}}b."
    with pytest.raises(DataError, match=r"bad (asks for state of a dict|is truncated, altered)"):
        read(state_of_a_dict, tmp_path / "bad")


def test_a_memo_cannot_be_made_to_fill_the_memory(tmp_path: Path):
    with pytest.raises(DataError, match="memo place 4294967295 before 0"):
        record_stream(b"\x80\x02}r\xff\xff\xff\xff.", tmp_path / "bad")
    with pytest.raises(DataError, match="a text of 4,294,967,295 bytes"):
        record_stream(b"\x80\x02X\xff\xff\xff\xff.", tmp_path / "bad")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="this system does not hold a process to its memory")
def test_a_high_place_of_the_memo_is_refused_by_python_s_own_reader(tmp_path: Path):
    with pytest.raises(DataError, match="needs more memory than there is"):
        by_bz2(b"\x80\x02Nr\xff\xff\xff\x7f.", tmp_path / "bad")


@pytest.mark.parametrize("read", READERS)
def test_tuples_within_tuples_without_end_are_refused(read: Callable[..., Any], tmp_path: Path):
    with pytest.raises(DataError, match=r"more than 50,000 tuples|a tuple within a tuple"):
        read(b"\x80\x02}N" + b"\x85" * 1_000_000 + b"Ns.", tmp_path / "bad")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x80\x02]" + b"N" * (1 << 21) + b"e.", "more than 2,097,152 instructions without a record"),
        (b"\x80\x02" + (b"X\x00\x00\x01\x00" + b"x" * 65_536) * 1_025 + b".", "a text of 65,536 bytes"),
        (b"\x80\x02c" + b"x" * 1_000, "a name that begins with 'xxx"),
    ],
)
def test_a_stream_that_unpacks_without_end_is_refused(data: bytes, why: str, tmp_path: Path):
    with pytest.raises(DataError, match=why):
        record_stream(data, tmp_path / "bad")


def test_a_file_that_unpacks_without_end_is_refused(tmp_path: Path):
    path = tmp_path / "bomb.pickle.pbz2"
    write_bz2(path, "x" * 100_000)
    assert path.stat().st_size < 1000
    with pytest.raises(DataError, match=r"bomb\.pickle\.pbz2 unpacks to more than 5,000 bytes"):
        load_bz2(path, 5_000)
    assert len(load_bz2(path, 200_000)) == 100_000


# ---------------------------------------------------------------------------------------------------------- damaged


@pytest.mark.parametrize("keep", [0, 1, 10, 500, -1])
def test_a_truncated_file_is_named(keep: int, tmp_path: Path):
    path = tmp_path / "cut.pickle.pbz2"
    write_bz2(path, PLAIN)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"cut\.pickle\.pbz2 is truncated"):
        load_bz2(path, LIMIT)
    with pytest.raises(DataError, match=r"cut\.pickle\.pbz2 is truncated"), open_bz2(path) as stream:
        list(RecordStream(stream))


@pytest.mark.parametrize("container", ["zip", "legacy"])
@pytest.mark.parametrize("part", [0.0, 0.001, 0.5, 0.99, 0.9999])
def test_a_truncated_torch_file_is_named(container: str, part: float, tmp_path: Path):
    path = make("tss", 2).pth(tmp_path, container)
    data = path.read_bytes()
    path.write_bytes(data[: int(part * len(data))])
    with pytest.raises(DataError, match=r"096897\.pth is truncated"), open_torch(path) as stream:
        list(RecordStream(stream))


@given(flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=3))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_whatever_is_altered_the_file_is_named_or_read(
    flips: list[tuple[float, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No flipped bits provoke anything but a `DataError`; a compressed file never comes out different."""
    data = bytearray(pickle.dumps(PLAIN, protocol=2))
    folder = tmp_path_factory.mktemp("fuzz")
    packed = bytearray(bz2.compress(data))
    for place, bits in flips:
        data[int(place * len(data))] ^= bits
        packed[int(place * len(packed))] ^= bits
    with contextlib.suppress(DataError):  # nothing else: what is not refused is read
        record_stream(bytes(data), folder / "fuzzed")
    if bytes(packed) != bz2.compress(pickle.dumps(PLAIN, protocol=2)):
        (folder / "fuzzed").write_bytes(packed)
        with contextlib.suppress(DataError):  # the few bits that bz2 does not use change nothing
            assert load_bz2(folder / "fuzzed", LIMIT) == PLAIN


def test_an_altered_zip_container_is_named(tmp_path: Path):
    path = make("tss", 2).pth(tmp_path, "zip")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"096897\.pth is truncated, altered"), open_torch(path) as stream:
        list(RecordStream(stream))


@pytest.mark.parametrize("read", [lambda path: load_bz2(path, LIMIT), lambda path: open_torch(path).__enter__()])
def test_what_cannot_be_read_is_named(read: Callable[[Path], object], tmp_path: Path):
    with pytest.raises(DataError, match=r"absent\.pth cannot be read: No such file"):
        read(tmp_path / "absent.pth")
    with pytest.raises(DataError, match=r"cannot be read: Is a directory"):
        read(tmp_path)
    (tmp_path / "text.pth").write_text("version https://git-lfs.github.com/spec/v1")
    with pytest.raises(DataError, match=r"text\.pth is truncated, altered or not an official file"):
        read(tmp_path / "text.pth")


def test_other_zip_files_and_torch_files_with_tensors_are_refused(tmp_path: Path):
    for names in ([], ["a/data.pkl", "b/data.pkl"]):
        path = tmp_path / f"{len(names)}.pth"
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("readme", "")
            for name in names:
                file.writestr(name, pickle.dumps(1))
        with pytest.raises(DataError, match=rf"{len(names)} members \*/data.pkl in the zip container instead of one"):
            open_torch(path).__enter__()
    torch = pytest.importorskip("torch", reason="torch is not installed")
    for zipped in (True, False):
        torch.save({"a": torch.zeros(2)}, tmp_path / "t.pth", _use_new_zipfile_serialization=zipped)
        with (
            pytest.raises(DataError, match=r"t\.pth asks for .*refused"),
            open_torch(tmp_path / "t.pth") as stream,
        ):
            list(RecordStream(stream))


# --------------------------------------------------------------------------------------------------- the record machine


@pytest.mark.parametrize("protocol", [2, 4])
def test_records_come_one_by_one_and_are_gone_afterwards(protocol: int):
    records = make("sss", 5).records
    content = {"meta_archs": ["a"], "arch2infos": records, "evaluated_indexes": {1}}
    stream = RecordStream(io.BytesIO(pickle.dumps(content, protocol=protocol)))
    before = None
    for index, found in enumerate(stream):
        assert before is None or before == {}
        assert found == records[index]
        before = found
    assert stream.value == {**content, "arch2infos": {index: {} for index in records}}


def test_memory_does_not_grow_with_the_number_of_records():
    program = """
import io, pickle, sys, tracemalloc
from harness.torture.official_files import make
from pmfnas.benchmarks.official.stream import RecordStream
n = int(sys.argv[1])
record = make("sss", 2).records[0]
data = pickle.dumps({"arch2infos": {i: pickle.loads(pickle.dumps(record)) for i in range(n)}})
del record
tracemalloc.start()
for _ in RecordStream(io.BytesIO(data)): pass
print(tracemalloc.get_traced_memory()[1])
"""
    peaks = [
        int(subprocess.run([sys.executable, "-c", program, n], capture_output=True, text=True, check=True).stdout)
        for n in ("2", "20")
    ]
    assert peaks[1] < 3 * peaks[0]


def test_records_that_share_a_dictionary_are_refused(tmp_path: Path):
    records = make("sss", 3).records
    records[1]["12"]["all_results"] = records[0]["12"]["all_results"]
    with pytest.raises(DataError, match="two archs share a part of their records"), reading(tmp_path / "x"):
        list(RecordStream(io.BytesIO(pickle.dumps({"arch2infos": records}))))
