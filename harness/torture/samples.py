"""Small valid inputs of every kind that is read, made here: to be damaged, changed at random, or told apart."""

import json
import pickle
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from baselines import SEARCHERS
from harness.torture.official_files import make
from pmfnas.benchmarks.table import CurveTable, Header, Key, TableWriter
from pmfnas.core.rng import stream
from pmfnas.loop.executor import SimulatedExecutor, paired_trials
from pmfnas.loop.journal import Journal, JournalledExecutor
from pmfnas.loop.record import METADATA, RunHeader, record_path, write_record
from pmfnas.loop.runner import Finished, Setting, make_searcher, search
from pmfnas.spaces import CellSpace
from pmfnas.testing.synthetic import SyntheticBenchmark

SPACE = CellSpace(n_classes=10, image_size=32)
_ACC = Key("cifar100", "4", "train-acc")


def write_table(path: Path) -> CurveTable:
    """Write a table of three archs, and return it."""
    header = Header("SYNTHETIC", "tiny", (2, 2, 2), "torture-1", "made up", {"4": 4})
    with TableWriter(path, header, [[0, 0, 0], [0, 1, 1], [1, 0, 1]]) as writer:
        writer.add_present("cifar100", "4", np.array([[True, True], [True, False], [True, True]]))
        writer.add(_ACC, np.arange(24.0).reshape(3, 2, 4), epochs=range(1, 5))
    return CurveTable.open(path)


def damaged_table(folder: Path) -> tuple[Path, Path]:
    """Write a table, and return its path and that of one of its columns."""
    table = write_table(folder / "table")
    return table.path, table.path / f"{_ACC}.npy"


def read_all_of_table(path: Path) -> None:
    """Read everything that a table holds."""
    table = CurveTable.open(path)
    for name in table.keys:
        table._array(name)
    table.read(_ACC, table.row((0, 1, 1)), 0, range(1, 5))
    assert table.stamp
    table.verify()


def played(journal: Path | None = None) -> Finished:
    """Return a finished run of random search on a made-up benchmark; its journal is kept where one is named."""
    benchmark = SyntheticBenchmark(SPACE, schedules=("12", "36"))
    setting = Setting(SPACE, benchmark.fidelities, 600.0, 2)
    executor = SimulatedExecutor(benchmark, paired_trials(benchmark, 0), n_workers=2, accounting="resume")
    searcher = make_searcher(SEARCHERS["asha"], setting, rng=stream(0, "searcher"))
    return search(searcher, JournalledExecutor(executor, Journal(journal)) if journal else executor, setting)


def header_of(**changed: Any) -> RunHeader:
    """Return the header of a record, with some of its entries changed."""
    known: dict[str, Any] = {
        **{"experiment": "table2", "dataset": "cifar10", "searcher": "asha", "settings": {"eta": 3}, "seed": 0},
        **{"budget_s": 600.0, "n_workers": 2, "accounting": "resume", "space": "nb201", "data": "SYNTHETIC"},
        **{"fingerprint": "0123456789ab", "status": "ok", "why": "budget", "clock_s": 600.0, "recommended": ()},
        **{"gpu_hours_resume": 0.1, "gpu_hours_restart": 0.1, "busy_hours": 0.1, "evaluations": 3},
    }
    return RunHeader(**{**known, **changed})


def record(folder: Path, **changed: Any) -> Path:
    """Write the record of a run, and return its path."""
    header = header_of(**changed)
    write_record(folder, header, played(), SPACE)
    return record_path(folder, header.run_id)


@cache
def record_bytes(compression: str = "zstd") -> bytes:
    """Return a record without its seal, as of format 2, so that changes reach the readers behind the seal."""
    sink = BytesIO()
    pq.write_table(record_table(), sink, compression=compression)
    return sink.getvalue()


@cache
def record_table() -> pa.Table:
    """Return the rows of a record of format 2, with the header."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        rows = pq.read_table(record(Path(folder)))
    header = json.loads(rows.schema.metadata[METADATA])
    del header["seal"]
    return rows.replace_schema_metadata({METADATA: json.dumps({**header, "format": 2})})


def official_pickle() -> bytes:
    """Return a torch file of the older kind with the records of one arch."""
    files = make("sss", 2, ("cifar10",))
    record_of = files.records[0]
    content = {"meta_archs": files.archs, "total_archs": 2, "arch2infos": {0: {"01": record_of["01"]}}}
    parts: tuple[Any, ...] = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, content, [])
    return b"".join(pickle.dumps(part, protocol=2) for part in parts)
