"""What a curve table says of itself: `table.json`, written last and checked whole when it is read."""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pmfnas.core.errors import DataError
from pmfnas.files import reading

FORMAT = 1
HEADER = "table.json"
REAL_FINALS = "REAL-FINALS"
STAMPS = ("OFFICIAL", "ANCHORED", REAL_FINALS, "SURROGATE", "TRAINED", "SYNTHETIC")
TEST = "test"
"""Score by test accuracy, mean over trials."""
HELD_OUT = "held-out trials"
"""Score by the final validation of the trials that a run cannot see, mean over them: for data without test accuracy."""


def score_of(stamp: str) -> str:
    """Return by what runs on data with this stamp are judged, `TEST` or `HELD_OUT`; a stamp may say what is known."""
    return HELD_OUT if stamp.split(" ")[0] == REAL_FINALS else TEST


ARCHS = "archs"
"""The column of archs."""
REMEDY = "make the table again"
_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*){2}")
_DTYPE = re.compile(r"[|<>][biuf][1248]")
_MOST_ARCHS = 1 << 24
"""A table of a larger space than this is refused: its rows are looked up in an array with a place for every arch."""


@dataclass(frozen=True, slots=True)
class Key:
    """Names a column: data set, schedule and metric, all in official spelling (`x-valid-acc`, `train-loss`)."""

    dataset: str
    schedule: str
    metric: str

    def __str__(self) -> str:
        return f"{self.dataset}/{self.schedule}/{self.metric}"


@dataclass(frozen=True, slots=True)
class Header:
    """What a table is, apart from its columns."""

    stamp: str
    """OFFICIAL, ANCHORED, REAL-FINALS, SURROGATE, TRAINED or (tests) SYNTHETIC."""
    space: str
    """Name of the space whose archs the rows are."""
    cardinalities: tuple[int, ...]
    version: str
    """Version of whatever made the table; part of the fingerprint."""
    source: str
    """SHA-256 (or an equally strong name) of what it was made from; part of the fingerprint."""
    schedules: Mapping[str, int]
    """Epochs of each schedule."""

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that name the data: equal if and only if made from the same source by the same version."""
        text = json.dumps([FORMAT, self.stamp, self.space, self.version, self.source])
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def score(self) -> str:
        """By what finished runs are judged: `TEST` or `HELD_OUT`."""
        return score_of(self.stamp)

    @property
    def n_archs(self) -> int:
        """How many archs the space has."""
        return math.prod(self.cardinalities)


@dataclass(frozen=True, slots=True)
class Column:
    """An entry of `columns` in the header file."""

    epochs: tuple[int, ...]
    dtype: str
    shape: tuple[int, ...]
    sha256: str


def written(header: Header, columns: Mapping[str, Column], notes: Mapping[str, Any]) -> str:
    """Return the text of the header file."""
    content = {
        "format": FORMAT,
        "fingerprint": header.fingerprint,
        "header": asdict(header),
        "columns": {name: asdict(column) for name, column in sorted(columns.items())},
        "notes": notes,
    }
    return json.dumps(content, indent=1)


def read_header(path: Path) -> tuple[Header, dict[str, Column], dict[str, Any]]:
    """Return header, columns and notes of the table in the folder `path`.

    Raises:
        DataError: there is no table, it is of another version, or its header was altered.
    """
    file = path / HEADER
    with reading(file, REMEDY):
        if not file.is_file():
            raise DataError(f"{path} is not a curve table: it has no {HEADER}; make one with `data import`")
        raw = json.loads(file.read_text(encoding="utf-8"))
    found = raw.get("format") if isinstance(raw, dict) else None
    if found != FORMAT:
        raise DataError(f"{path} has table format {_short(found)}, but this version reads format {FORMAT}; {REMEDY}")
    with reading(file, REMEDY):
        header = Header(**{**raw["header"], "cardinalities": tuple(raw["header"]["cardinalities"])})
        columns = {
            name: Column(tuple(c["epochs"]), c["dtype"], tuple(c["shape"]), c["sha256"])
            for name, c in raw["columns"].items()
        }
        notes = dict(raw.get("notes", {}))
        _check_header(header, raw.get("fingerprint"))
        _check_columns(header, columns)
    return header, columns, notes


def _check_header(header: Header, fingerprint: Any) -> None:
    """Raise `ValueError` where the header is none that was written."""
    texts = (header.stamp, header.space, header.version, header.source)
    _require(all(isinstance(text, str) for text in texts), "stamp, space, version and source must be texts")
    _require(header.stamp in STAMPS, f"stamp is {header.stamp!r}, but must be one of {', '.join(STAMPS)}")
    _require(_are_counts(header.cardinalities, least=1), "cardinalities must be whole numbers from 1")
    _require(1 < header.n_archs <= _MOST_ARCHS, f"the space must have 2 to {_MOST_ARCHS:,} archs")
    _require(_are_counts(tuple(header.schedules.values()), least=1), "schedules must have whole epochs from 1")
    _require(fingerprint == header.fingerprint, f"its fingerprint is not {header.fingerprint}, so it was altered")


def _check_columns(header: Header, columns: Mapping[str, Column]) -> None:
    """Raise `ValueError` where columns do not fit together."""
    _require(ARCHS in columns, f"it has no column {ARCHS}")
    for name, column in columns.items():
        _require(name == ARCHS or _NAME.fullmatch(name) is not None, f"column {name[:80]!r} is no name of a column")
        _require(
            _DTYPE.fullmatch(column.dtype) is not None, f"{name} has the dtype {column.dtype!r}, which is no number"
        )
        _require(_are_counts(column.shape, least=0), f"{name} has the shape {column.shape}")
        _require(_are_counts(column.epochs, least=1), f"{name} has epochs that are no whole numbers from 1")
        _require(list(column.epochs) == sorted(set(column.epochs)), f"{name} has epochs that do not rise")
    archs = columns[ARCHS]
    rows = archs.shape[:1]
    fits = archs.dtype == "|u1" and archs.shape == (*rows, len(header.cardinalities))
    _require(fits, f"{ARCHS} has the dtype {archs.dtype!r} and the shape {archs.shape}")
    _require(0 < rows[0] <= header.n_archs, f"{rows[0]} rows do not fit a space of {header.n_archs} archs")
    for name, column in columns.items():
        if name != ARCHS:
            group, _, metric = name.rpartition("/")
            present = columns.get(f"{group}/present")
            trials = (present or column).shape[1:2]
            last = () if metric == "present" else (max(1, len(column.epochs)),)
            fits = column.shape == (*rows, *trials, *last) and (column.dtype == "|b1") == (metric == "present")
            _require(fits, f"{name} holds {column.dtype}{column.shape}, which does not fit the others")


def _short(value: Any) -> str:
    """Return a value of a damaged file so short that it fits into an error."""
    return f"{value!r}"[:40] if isinstance(value, int | float | str | None) else type(value).__name__


def _are_counts(values: tuple[Any, ...], *, least: int) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) and value >= least for value in values)


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)
