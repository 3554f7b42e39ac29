"""Imports that are split, interrupted or killed make the same table as one that ran through."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from harness.torture.official_files import make, write_bz2
from pmfnas.benchmarks.official import import_official, importer
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.core.errors import DataError, InputError
from tests.support.processes import children, left_running

FEW = ("cifar10", "cifar100")  # of the data sets, where fewer columns do


def columns(table: CurveTable) -> dict[str, bytes]:
    return {file.relative_to(table.path).as_posix(): file.read_bytes() for file in table.path.rglob("*.npy")}


@pytest.mark.parametrize("form", ["archive", "single"])
def test_the_table_does_not_depend_on_shards_or_processes(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = make("sss", 6, FEW)
    path = files.archive(tmp_path) if form == "archive" else files.single(tmp_path)
    whole = columns(import_official(path, tmp_path / "whole"))
    monkeypatch.setattr(importer, "SHARD_ARCHS", 2)
    assert columns(import_official(path, tmp_path / "parts")) == whole
    if form == "archive":
        assert columns(import_official(path, tmp_path / "processes", n_jobs=2)) == whole
    assert not list(tmp_path.glob(".*"))


def test_shards_without_some_trials_or_schedules_are_joined_to_the_same_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = make("tss", 8, ("cifar100",))  # archs 5 and 6 have one and two of the three trials
    del files.records[2]["12"]
    folder = files.archive(tmp_path)
    table = import_official(folder, tmp_path / "whole")
    monkeypatch.setattr(importer, "SHARD_ARCHS", 1)
    assert columns(import_official(folder, tmp_path / "parts")) == columns(table)
    assert table.present("cifar100", "12")[:, 0].tolist() == [True, True, False, True, True, True, True, False]
    assert table.present("cifar100", "200")[[5, 6]].tolist() == [[False, True, False], [True, False, True]]
    expected = files.records[6]["200"]["all_results"]["cifar100", 999]["train_acc1es"][0]
    assert table.values(Key("cifar100", "200", "train-acc"))[6, 2, 0] == expected


def _interrupt_after(n_archs: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let reading stop like Ctrl-C after so many archs; return the list of archs that were interpreted."""
    read, done = importer.read_record, list[int]()

    def counted(schedules: Any, index: int, *others: Any) -> Any:
        if len(done) == n_archs:
            raise KeyboardInterrupt
        done.append(index)
        return read(schedules, index, *others)

    monkeypatch.setattr(importer, "read_record", counted)
    return done


def _import_until(n_archs: int, path: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        _interrupt_after(n_archs, patch)
        with pytest.raises(KeyboardInterrupt):
            import_official(path, out)


@pytest.mark.parametrize("form", ["archive", "single"])
def test_an_interrupted_import_goes_on_where_it_was(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    files = make("sss", 8, FEW)
    path = files.archive(tmp_path) if form == "archive" else files.single(tmp_path)
    whole = columns(import_official(path, tmp_path / "whole"))
    monkeypatch.setattr(importer, "SHARD_ARCHS", 2)
    out = tmp_path / "table"
    _import_until(5, path, out, monkeypatch)
    assert not out.exists()
    assert len(list((tmp_path / ".table.import").glob("*.npz"))) == 2
    with monkeypatch.context() as patch:
        done = _interrupt_after(99, patch)
        table = import_official(path, out)
    assert done == [4, 5, 6]
    assert columns(table) == whole
    assert not list(tmp_path.glob(".*"))


def test_an_import_whose_source_changed_starts_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    files = make("sss", 6, FEW)
    folder = files.archive(tmp_path)
    monkeypatch.setattr(importer, "SHARD_ARCHS", 2)
    _import_until(4, folder, tmp_path / "table", monkeypatch)
    files.records[0]["90"]["all_results"]["cifar10", 777]["train_acc1es"][89] = 12.5
    write_bz2(folder / "000000.pickle.pbz2", files.records[0])
    (tmp_path / ".table.import" / ".half-written.npz.123").touch()
    _import_until(2, folder, tmp_path / "table", monkeypatch)
    assert len(list((tmp_path / ".table.import").glob("*.npz"))) == 1  # the shards of the old source are gone
    with monkeypatch.context() as patch:
        done = _interrupt_after(99, patch)
        table = import_official(folder, tmp_path / "table")
    assert done == [2, 3, 4]
    assert table.read(Key("cifar10", "90", "train-acc"), 0, 0, (90,)) == [12.5]


def test_a_damaged_shard_is_told_and_the_next_call_succeeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = make("sss", 6, FEW).archive(tmp_path)
    monkeypatch.setattr(importer, "SHARD_ARCHS", 2)
    _import_until(4, folder, tmp_path / "table", monkeypatch)
    shard = sorted((tmp_path / ".table.import").glob("*.npz"))[0]
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    with pytest.raises(DataError, match=rf"{shard.name} is damaged"):
        import_official(folder, tmp_path / "table")
    assert import_official(folder, tmp_path / "table").notes["n_archs_measured"] == 5


SLOWLY = """
import pathlib, sys, time
from pmfnas.benchmarks.official import importer

importer.SHARD_ARCHS, read = 2, importer.read_record
importer.read_record = lambda *arguments: (time.sleep(0.2), read(*arguments))[1]
importer.import_official(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
"""


def _started(folder: Path, out: Path, *, n_shards: int) -> subprocess.Popen[bytes]:
    """Return an import in a process of its own that has finished so many shards, and works on."""
    running = subprocess.Popen([sys.executable, "-c", SLOWLY, str(folder), str(out)])
    for _ in range(1000):
        if len(list(out.with_name(f".{out.name}.import").glob("*.npz"))) >= n_shards:
            break
        time.sleep(0.02)
    return running


def test_a_killed_import_goes_on_and_makes_the_same_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder, out = make("sss", 12, FEW).archive(tmp_path), tmp_path / "table"
    whole = columns(import_official(folder, tmp_path / "whole"))
    with _started(folder, out, n_shards=2) as running:
        running.kill()
    n_finished = len(list((tmp_path / ".table.import").glob("*.npz")))
    assert 2 <= n_finished < 6
    assert not out.exists()
    monkeypatch.setattr(importer, "SHARD_ARCHS", 2)
    done = _interrupt_after(99, monkeypatch)
    assert columns(import_official(folder, out)) == whole
    assert len(done) == 11 - 2 * n_finished
    assert not list(tmp_path.glob(".*"))


def test_a_target_that_another_process_makes_is_refused_and_left_alone(tmp_path: Path):
    folder, out = make("sss", 8, FEW).archive(tmp_path), tmp_path / "table"
    other = make("sss", 3, FEW).archive(tmp_path / "other")
    with _started(folder, out, n_shards=1) as running:
        for source in (folder, other):
            with pytest.raises(
                InputError, match=rf"table is being made by another import \(process {running.pid}\); wait"
            ):
                import_official(source, out)
    assert running.returncode == 0
    assert columns(CurveTable.open(out)) == columns(import_official(folder, tmp_path / "whole"))
    assert not list(tmp_path.glob(".*"))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
def test_the_processes_of_a_killed_import_end(tmp_path: Path):
    folder = make("sss", 8, FEW).archive(tmp_path)
    program = (
        "import pathlib, sys, time; from pmfnas.benchmarks.official import importer; importer.SHARD_ARCHS = 1;"
        "importer.import_official(*map(pathlib.Path, sys.argv[1:]), n_jobs=2);"
        "print('made', flush=True); time.sleep(60)"  # its processes wait for more
    )
    command = [sys.executable, "-c", program, str(folder), str(tmp_path / "table")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"made\n"
        pids = children(running.pid)
        running.kill()
    assert len(pids) >= 2
    assert left_running(pids, within_s=10) == []


@pytest.mark.parametrize("form", ["archive", "single"])
def test_a_disk_without_room_is_told_after_the_first_shard(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    files = make("sss", 8, FEW)
    path = files.archive(tmp_path) if form == "archive" else files.single(tmp_path)
    monkeypatch.setattr(importer, "SHARD_ARCHS", 2)
    done = _interrupt_after(99, monkeypatch)
    monkeypatch.setattr("pmfnas.files.free_bytes", lambda _: 1000)
    with pytest.raises(
        InputError, match=r"table cannot be written \(No space left .*: [\d,]{5,} bytes are needed, 1,000"
    ):
        import_official(path, tmp_path / "table")
    assert len(done) <= 3
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
