"""The writer of a table: nothing is overwritten, and a table is whole or absent."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pmfnas.benchmarks.table import HEADER, Header, Key, TableWriter
from pmfnas.core.errors import InputError

ARCHS = ((0, 0, 0), (0, 1, 1), (1, 0, 1))
HEAD = Header("SYNTHETIC", "tiny", (2, 2, 2), "1", "by hand", {"12": 4})
ACC = Key("cifar100", "12", "train-acc")
VARYING = Key("cifar100", "12", "x-valid-s")
VALUES = np.arange(24, dtype=float).reshape(3, 2, 4)


def write(out: Path, head: Header = HEAD) -> Path:
    with TableWriter(out, head, ARCHS) as writer:
        writer.add(ACC, VALUES, range(1, 5))
    return out


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "table")


def test_nothing_is_overwritten(path: Path):
    with pytest.raises(InputError, match="exists already and is not overwritten"):
        write(path)


def test_an_unknown_stamp_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="stamp is 'REAL', but must be one of OFFICIAL"):
        write(tmp_path / "table", Header("REAL", "tiny", (2, 2, 2), "1", "x", {}))
    assert not list(tmp_path.iterdir())


def test_a_failed_writer_leaves_nothing(tmp_path: Path):
    out = tmp_path / "table"
    with pytest.raises(ZeroDivisionError), TableWriter(out, HEAD, ARCHS) as writer:
        writer.add(ACC, VALUES / (1 // len(writer.notes)), range(1, 5))
    with pytest.raises(TypeError), TableWriter(out, HEAD, ARCHS) as writer:
        writer.notes["cannot be written"] = object()
    with pytest.raises((OverflowError, ValueError)):
        TableWriter(out, HEAD, [(0, 0, 1000)])
    assert not list(tmp_path.iterdir())


def test_a_writer_sweeps_up_after_one_that_was_killed(tmp_path: Path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    abandoned, alive = (tmp_path / f".table.writing-{pid}" for pid in (ended.pid, os.getppid()))
    other = tmp_path / f".other.writing-{ended.pid}"
    for folder in (abandoned, alive, other):
        folder.mkdir()
    write(tmp_path / "table")
    assert sorted(tmp_path.iterdir()) == sorted([other, alive, tmp_path / "table"])


def test_the_header_is_written_last_and_is_plain_json(path: Path):
    raw = json.loads((path / HEADER).read_text())
    assert raw["fingerprint"] == HEAD.fingerprint
    newest = max(path.rglob("*"), key=lambda file: file.stat().st_mtime_ns if file.is_file() else 0)
    assert newest.name == HEADER


@pytest.mark.parametrize("step", ["archs", "add", "allocate", "header"])
def test_a_full_disk_is_one_error_and_leaves_nothing(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    out = tmp_path / "table"
    real = os.posix_fallocate

    def full_at(bad: str) -> None:
        def fallocate(descriptor: int, start: int, n_bytes: int) -> None:
            if step == bad:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            real(descriptor, start, n_bytes)

        monkeypatch.setattr(os, "posix_fallocate", fallocate)

    def fill() -> None:
        full_at("archs")
        with TableWriter(out, HEAD, ARCHS) as writer:
            full_at("add")
            writer.add(ACC, VALUES, range(1, 5))
            full_at("allocate")
            writer.allocate(VARYING, (3, 2, 4), np.float64, range(1, 5))[:] = 1
            if step == "header":
                monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.EROFS, "Read-only")))

    message = "Read-only" if step == "header" else r"No space left on device: [\d,]+ bytes are needed, [\d,]+ are free"
    with pytest.raises(InputError, match=rf"table cannot be written \({message}\); (make room|choose a path that can)"):
        fill()
    assert list(tmp_path.iterdir()) == []


def test_a_column_to_be_filled_has_its_bytes_on_the_disk(tmp_path: Path):
    with TableWriter(tmp_path / "table", HEAD, ARCHS) as writer:
        writer.allocate(ACC, (3, 200, 1000), np.float64, range(1, 1001))
        file = next(tmp_path.glob(f".table*/{ACC}.npy"))
        assert file.stat().st_blocks * 512 >= 3 * 200 * 1000 * 8
