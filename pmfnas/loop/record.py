"""The record of a run: one Parquet file, one row per ticket, whole or absent.

    OUT/runs/nb201-cifar100/asha/s0007.parquet        the record; the same bytes on every host
    OUT/runs/nb201-cifar100/asha/s0007.timing.json    the timings, which depend on the host; written first

The run's header (settings, seed, data fingerprint, how it ended) is JSON in the Parquet schema's metadata under the
key `pmfnas`. Its entry `seal` is the checksum of the whole file, compared whenever the file is opened. pandas, DuckDB
and pyarrow read the file; the columns are documented in `docs/reference/records.md`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pmfnas.core.errors import DataError, InputError, shown
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Diverged, Failed, Measured, Ok, Outcome, Request, Train
from pmfnas.files import read_small, reading, write_bytes
from pmfnas.loop.ledger import Entry
from pmfnas.loop.plain import from_text
from pmfnas.loop.runner import Finished
from pmfnas.seal import SEAL, check_seal, sealed

if TYPE_CHECKING:  # only the record of a run needs pyarrow
    import pyarrow as pa
    import pyarrow.parquet as pq

FORMAT = 3
"""Format of new records. In format 1 the settings were Python text; formats 1 and 2 have no seal."""
METADATA = b"pmfnas"
_NO_NAME, _LONGEST_NAME = frozenset('/\\\0\r\n:"'), 100
_REMEDY = "remove it to run it again"


@cache
def schema() -> "pa.Schema":
    """Return the columns of a record and their types."""
    import pyarrow as pa

    return pa.schema(
        [
            ("number", pa.int32()),
            ("kind", pa.dictionary(pa.int8(), pa.string())),
            ("arch", pa.dictionary(pa.int32(), pa.string())),
            ("schedule", pa.dictionary(pa.int8(), pa.string())),
            ("start", pa.int32()),
            ("stop", pa.int32()),
            ("replicate", pa.int16()),
            ("validate_at", pa.list_(pa.int32())),
            ("worker", pa.int16()),
            ("start_s", pa.float64()),
            ("end_s", pa.float64()),
            ("train_s", pa.float64()),
            ("valid_s", pa.float64()),
            ("setup_s", pa.float64()),
            ("before_s", pa.float64()),
            ("status", pa.dictionary(pa.int8(), pa.string())),
            ("train_loss", pa.float64()),
            ("train_acc", pa.float64()),
            ("valid_loss", pa.float64()),
            ("valid_acc", pa.float64()),
            ("value", pa.float64()),
            ("incumbent", pa.dictionary(pa.int32(), pa.string())),
            ("reason", pa.string()),
            ("failure", pa.string()),
        ]
    )


@dataclass(frozen=True, slots=True)
class RunHeader:
    """The identity, settings, end and totals of a run; equal on every host."""

    experiment: str
    dataset: str
    searcher: str
    settings: Mapping[str, Any]
    """Settings of the searcher, as plain data from `pmfnas.loop.plain.plain`."""
    seed: int
    budget_s: float
    n_workers: int
    accounting: str
    space: str
    data: str
    """The data stamp: OFFICIAL, ANCHORED, REAL-FINALS, SURROGATE, TRAINED or SYNTHETIC."""
    fingerprint: str
    """Fingerprint of the data."""
    status: str
    why: str
    clock_s: float
    recommended: tuple[str, ...]
    """Official strings, best first."""
    gpu_hours_resume: float
    gpu_hours_restart: float
    busy_hours: float
    evaluations: int

    @property
    def run_id(self) -> str:
        """For instance `nb201-cifar100/asha/s0007`."""
        return run_id(self.space, self.dataset, self.searcher, self.seed)


def run_id(space: str, dataset: str, searcher: str, seed: int) -> str:
    """Return the readable, stable name of a run."""
    return f"{space}-{dataset}/{searcher}/s{seed:04d}"


def is_name(text: str) -> bool:
    """Return whether a data set or searcher called so can have a folder of that name."""
    return 0 < len(text) <= _LONGEST_NAME and not text.startswith(".") and not set(text) & _NO_NAME


def record_path(out: Path, run: str) -> Path:
    """Return the path of the record of the run with this id under an experiment's folder."""
    return out / "runs" / f"{run}.parquet"


def write_record(out: Path, header: RunHeader, finished: Finished, space: Space) -> None:
    """Write timing and record, in this order; an existing record is never overwritten."""
    write_files(record_files(out, header, finished, space))


def record_files(out: Path, header: RunHeader, finished: Finished, space: Space) -> list[tuple[Path, bytes]]:
    """Return path and content of timing and record, in the order in which `write_files` writes them.

    Raises:
        InputError: a name of the run cannot be that of a folder.
        DataError: the record exists.
    """
    for name in (header.space, header.dataset, header.searcher):
        if not is_name(name):
            raise InputError(f"a run is called {shown(name)}, but must be called as a folder can be; choose another")
    path = record_path(out, header.run_id)
    if path.exists():
        raise DataError(f"{path} exists already; a finished run is never overwritten")
    timing = json.dumps({"searcher_s": finished.searcher_s})
    return [(path.with_suffix(".timing.json"), timing.encode()), (path, _to_bytes(header, finished, space))]


def write_files(files: Sequence[tuple[Path, bytes]]) -> None:
    """Write files in order."""
    for path, content in files:
        write_bytes(path, content)


def read_header(path: Path) -> RunHeader:
    """Return the header of a record; raise `DataError` if the record is damaged or has another format."""
    from msgspec import convert

    with reading(path, _REMEDY):
        raw = _header(_opened(path))
        written = raw.pop("format")
        if written not in range(1, FORMAT + 1):
            raise DataError(f"{path} was written by another version of this program; use another --out")
        if written == 1:
            raw["settings"] = from_text(raw["settings"])
        raw.pop("seal", None)
        return convert(raw, RunHeader)


def read_rows(path: Path, columns: Sequence[str] | None = None) -> "pa.Table":
    """Return the rows of a record, of all columns or of those given; raise `DataError` if it is damaged.

    Older records lack the column `setup_s`. They are runs on tables, which need no set-up, so it is 0 for them.
    """
    import pyarrow as pa

    asked = list(columns) if columns is not None else schema().names
    with reading(path, _REMEDY):
        file = _opened(path)
        there = set(file.schema_arrow.names)
        for name in asked:
            _check_column(name, file.schema_arrow)
        rows = file.read([name for name in asked if name in there])
        rows.validate(full=True)
        if "setup_s" in asked and "setup_s" not in there:
            rows = rows.append_column(schema().field("setup_s"), pa.array([0.0] * len(rows)))
        return rows.select([name for name in asked if name in rows.column_names])


def _check_column(name: str, found: "pa.Schema") -> None:
    """Raise `ValueError` if a column is missing or holds values of another kind."""
    if name not in found.names:
        if name != "setup_s":
            raise ValueError(f"it has no column {name}")
    elif _kind(found.field(name).type) != _kind(schema().field(name).type):
        raise ValueError(f"its column {name} holds {found.field(name).type}")


def _kind(of: "pa.DataType") -> str:
    """Return what the values of a column are, whatever their width."""
    import pyarrow as pa

    if pa.types.is_dictionary(of):
        return _kind(of.value_type)
    kinds = {"integer": pa.types.is_integer, "number": pa.types.is_floating, "list": pa.types.is_list}
    kinds["text"] = pa.types.is_string
    return next((name for name, fits in kinds.items() if fits(of)), str(of))


def _opened(path: Path) -> "pq.ParquetFile":
    """Return an open record; raise `DataError` if it is not as it was written."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = path.read_bytes()
    check_seal(content, path, _REMEDY)
    file = pq.ParquetFile(pa.BufferReader(content))
    check_seal(content, path, _REMEDY, entry=_header(file).get("seal"))
    return file


def _header(file: "pq.ParquetFile") -> dict[str, Any]:
    """Return the header of a Parquet file as it is written; empty if it has none."""
    return dict(json.loads((file.schema_arrow.metadata or {}).get(METADATA, "{}")))


def read_timing(path: Path) -> dict[str, float]:
    """Return the host-dependent figures beside a record."""
    file = path.with_suffix(".timing.json")
    remedy = f"remove {path} to run it again"
    with reading(file, remedy):
        return {str(name): float(value) for name, value in json.loads(read_small(file, remedy)).items()}


def _to_bytes(header: RunHeader, finished: Finished, space: Space) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = _columns(finished.entries, space)
    metadata = {METADATA: json.dumps({"format": FORMAT, "seal": SEAL, **asdict(header)}, sort_keys=True).encode()}
    table = pa.table(columns, schema=schema().with_metadata(metadata))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return sealed(sink.getvalue().to_pybytes())


@lru_cache(maxsize=1 << 16)
def _name(space: Space, arch: Arch) -> str:
    """Return the official string; the runs of a process have many archs in common."""
    return space.format(arch)


def _columns(entries: Sequence[Entry], space: Space) -> dict[str, list[Any]]:
    """Return the values of all columns of `schema`, one per entry; None where an entry has no such value."""
    archs = {entry.ticket.request.arch for entry in entries} | {entry.incumbent for entry in entries}
    names = {arch: None if arch is None else _name(space, arch) for arch in archs}
    return {
        "number": [entry.ticket.number for entry in entries],
        "arch": [names[entry.ticket.request.arch] for entry in entries],
        **_asked([entry.ticket.request for entry in entries]),
        "worker": [entry.worker for entry in entries],
        "start_s": [entry.start_s for entry in entries],
        "end_s": [entry.end_s for entry in entries],
        "train_s": [entry.cost.train_s for entry in entries],
        "valid_s": [entry.cost.valid_s for entry in entries],
        "setup_s": [entry.cost.setup_s for entry in entries],
        "before_s": [entry.before_s for entry in entries],
        "status": [entry.status for entry in entries],
        **_told([entry.outcome for entry in entries]),
        "incumbent": [names[entry.incumbent] for entry in entries],
        "reason": [json.dumps(dict(entry.reason)) if entry.reason else None for entry in entries],
    }


def _asked(requests: Sequence[Request]) -> dict[str, list[Any]]:
    """Return the columns that say what was asked for."""
    trained = [request if isinstance(request, Train) else None for request in requests]
    return {
        "kind": ["measure" if train is None else "train" for train in trained],
        "schedule": [r.schedule if isinstance(r, Train) else r.metric for r in requests],
        "start": [None if train is None else train.start for train in trained],
        "stop": [None if train is None else train.stop for train in trained],
        "replicate": [None if train is None else train.replicate for train in trained],
        "validate_at": [None if train is None else train.validations for train in trained],
    }


def _told(outcomes: Sequence[Outcome | None]) -> dict[str, list[Any]]:
    """Return the columns that say what the searcher was told."""
    curves = [outcome.curve if isinstance(outcome, (Ok, Diverged)) else None for outcome in outcomes]
    validated = [curve if curve is not None and curve.valid_epochs else None for curve in curves]
    return {
        "train_loss": [None if curve is None else float(curve.train_loss[-1]) for curve in curves],
        "train_acc": [None if curve is None else float(curve.train_acc[-1]) for curve in curves],
        "valid_loss": [None if curve is None else float(curve.valid_loss[-1]) for curve in validated],
        "valid_acc": [None if curve is None else float(curve.valid_acc[-1]) for curve in validated],
        "value": [outcome.value if isinstance(outcome, Measured) else None for outcome in outcomes],
        "failure": [outcome.reason if isinstance(outcome, Failed) else None for outcome in outcomes],
    }


def incumbent_steps(rows: "pa.Table") -> list[tuple[float, str]]:
    """Return (time_s, arch string) whenever the incumbent changed; right-continuous steps."""
    steps: list[tuple[float, str]] = []
    for time_s, arch in zip(rows["end_s"].to_pylist(), rows["incumbent"].to_pylist(), strict=True):
        if arch is not None and (not steps or steps[-1][1] != arch):
            steps.append((time_s, arch))
    return steps


def find_record(named: str, folder: Path | None) -> Path:
    """Return the path of the record that `named` gives: a file, or a run id within the experiment's folder.

    Raises:
        InputError: there is no such file; the message gives the remedy.
    """
    if folder is not None:
        path = record_path(folder, named.removesuffix(".parquet"))
        if path.is_file():
            return path
        ids = _run_ids(folder)
        holds = f"{len(ids)} others, such as {ids[0]}" if ids else "no run at all"
        raise InputError(f"RUN is {named!r}, but {folder} holds no such run; it holds {holds}")
    if Path(named).is_dir():
        ids = _run_ids(Path(named))
        remedy = f"of results; name one of its {len(ids)} runs: {ids[0]} --in {named}" if ids else "without runs"
        raise InputError(f"RUN is {named!r}, but that is a folder {remedy}")
    if not Path(named).is_file():
        raise InputError(
            f"RUN is {named!r}, but no such file exists; give the path of a record, or an id and --in, the folder of "
            "the experiment"
        )
    return Path(named)


def _run_ids(folder: Path) -> list[str]:
    """Return the ids of the runs whose records are in the experiment's folder."""
    runs = folder / "runs"
    return [file.relative_to(runs).with_suffix("").as_posix() for file in sorted(runs.glob("*/*/s*.parquet"))]
