"""Files whole or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pmfnas import files
from pmfnas.core.errors import DataError, InputError


def test_a_file_is_written_with_its_folders_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "table.md"
    files.write_text(path, "± one\n")
    files.write_bytes(path, b"two\r\n")
    assert path.read_bytes() == b"two\r\n"
    assert list(path.parent.iterdir()) == [path]


def test_a_reader_of_the_old_file_sees_no_part_of_the_new(tmp_path: Path) -> None:
    path = tmp_path / "table.md"
    files.write_text(path, "old")
    with path.open() as reader:
        files.write_text(path, "new and longer")
        assert reader.read() == "old"


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.md"
    files.write_text(path, "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    message = r"table\.md cannot be written \(No space left on device: 3 bytes are needed, [0-9,]+ are free\); make"
    with pytest.raises(InputError, match=message):
        files.write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_impossible_path_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        files.write_text(tmp_path / "file" / "table.md", "text")


def test_what_a_killed_writer_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (tmp_path / "runs").mkdir()
    dead, alive = (tmp_path / "runs" / f".s0001.parquet.writing-{pid}-0123abcd" for pid in (ended.pid, os.getpid()))
    foreign, finished = tmp_path / f".notes.writing-{ended.pid}", tmp_path / "runs" / "s0001.parquet"
    for file in (dead, alive, foreign, finished):
        file.write_bytes(b"part")
    files.remove_abandoned(tmp_path, "table.md")
    assert dead.exists()
    files.remove_abandoned(tmp_path)
    assert not dead.exists()
    assert all(file.exists() for file in (alive, foreign, finished))


def test_an_endless_file_is_refused_before_it_fills_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pmfnas.files.MOST_BYTES", 7)
    (tmp_path / "x").write_bytes(b"1234567")
    assert files.read_small(tmp_path / "x", "mend it") == b"1234567"
    (tmp_path / "x").write_bytes(b"12345678")
    with pytest.raises(DataError, match="x must have at most 7 bytes, but has more; mend it"):
        files.read_small(tmp_path / "x", "mend it")
    with pytest.raises(DataError, match="cannot be read"):
        files.read_small(tmp_path / "y", "mend it")
