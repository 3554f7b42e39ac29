"""The header of a curve table, `table.json`. It is written last and checked completely when it is read.

It holds the checksum of every column, which `CurveTable.verify` compares, and its own (`pmfnas.seal`).
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pmfnas.core.errors import DataError
from pmfnas.core.metric import Metric
from pmfnas.files import read_small, reading
from pmfnas.seal import SEAL, check_seal, sealed

FORMAT = 1
HEADER = "table.json"
REAL_FINALS = "REAL-FINALS"
OWN = "OWN"
"""Stamp of curves that a user brought."""
STAMPS = ("OFFICIAL", "ANCHORED", REAL_FINALS, OWN, "SURROGATE", "TRAINED", "SYNTHETIC")
TEST = "test"
"""Score by test accuracy, mean over trials."""
HELD_OUT = "held-out trials"
"""Score by final validation, mean over the trials that a run cannot see: for data without test accuracy."""


VALIDATION = "validation"
"""Score by final validation, mean over trials: for data with one trial and no held-out score. It flatters."""
SCORES = (TEST, HELD_OUT, VALIDATION)
_OWN = re.compile(r"OWN \((\w+)( in %)?, (maximised|minimised); scored by ([a-z -]+)\)")


@dataclass(frozen=True, slots=True)
class Label:
    """What the stamp of a table of one's own says of its figures."""

    metric: str
    in_percent: bool
    is_minimised: bool
    score: str


def label_of(stamp: str) -> Label | None:
    """Return what the stamp of a table of one's own says; None for the stamp of other data."""
    found = _OWN.match(stamp)
    return Label(found[1], bool(found[2]), found[3] == "minimised", found[4]) if found else None


def score_of(stamp: str) -> str:
    """Return the score of runs on data with this stamp, one of `SCORES`. A stamp may include its completeness."""
    label = label_of(stamp)
    if label is not None:
        return label.score
    return HELD_OUT if stamp.split(" ")[0] == REAL_FINALS else TEST


ARCHS = "archs"
"""Name of the column of archs."""
REMEDY = "make the table again"
PART_OF_NAME = re.compile(r"[\w-][\w.-]*")
"""Name of a data set or schedule."""
_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*){2}")
_DTYPE = re.compile(r"\|[biu]1|[<>][iuf][248]")
_MOST_ARCHS, _MOST_OWN = 1 << 24, 10**18
"""Largest space of a table: rows are looked up in an array with an entry for every arch, in one's own by the archs."""


@dataclass(frozen=True, slots=True)
class Key:
    """The name of a column: data set, schedule and metric, all in official spelling (`x-valid-acc`, `train-loss`)."""

    dataset: str
    schedule: str
    metric: str

    def __str__(self) -> str:
        return f"{self.dataset}/{self.schedule}/{self.metric}"


@dataclass(frozen=True, slots=True)
class Own:
    """What a table of one's own says of itself, which other tables have in common."""

    metric: Metric
    score: str
    """One of `SCORES`."""
    choices: Mapping[str, Any]
    """The space, as `pmfnas.spaces.own.described` reads it."""
    n_archs: int
    """Number of archs of the space; those that differ only in choices that do not exist count once."""

    @property
    def label(self) -> str:
        """What stands behind the stamp: metric, unit, direction, score."""
        unit = " in %" if self.metric.unit in ("fraction", "percent") else ""
        return f"({self.metric.name}{unit}, {self.metric.goal}d; scored by {self.score})"


@dataclass(frozen=True, slots=True)
class Header:
    """The description of a table, apart from its columns."""

    stamp: str
    """OFFICIAL, ANCHORED, REAL-FINALS, OWN, SURROGATE, TRAINED or (tests) SYNTHETIC."""
    space: str
    """Name of the space of the archs."""
    cardinalities: tuple[int, ...]
    version: str
    """Version of the code that made the table; part of the fingerprint."""
    source: str
    """SHA-256 (or an equally strong name) of the values that the table was made from; part of the fingerprint."""
    schedules: Mapping[str, int]
    """Epochs of each schedule."""
    own: Own | None = None
    """Of a table of one's own; None of the others."""

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that name the data. They are equal if format, stamp, space, version and source are."""
        text = json.dumps([FORMAT, self.stamp, self.space, self.version, self.source])
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def score(self) -> str:
        """The score of finished runs, one of `SCORES`."""
        return self.own.score if self.own else score_of(self.stamp)

    @property
    def described(self) -> str:
        """The stamp, of a table of one's own with what its figures are."""
        return f"{self.stamp} {self.own.label}" if self.own else self.stamp

    @property
    def n_archs(self) -> int:
        """Number of archs of the space."""
        return self.own.n_archs if self.own else math.prod(self.cardinalities)


@dataclass(frozen=True, slots=True)
class Column:
    """An entry of `columns` in the header file."""

    epochs: tuple[int, ...]
    dtype: str
    shape: tuple[int, ...]
    sha256: str


def written(header: Header, columns: Mapping[str, Column], notes: Mapping[str, Any]) -> bytes:
    """Return the content of the header file."""
    content = {
        "format": FORMAT,
        "seal": SEAL,
        "fingerprint": header.fingerprint,
        "header": {name: value for name, value in asdict(header).items() if value is not None},
        "columns": {name: asdict(column) for name, column in sorted(columns.items())},
        "notes": notes,
    }
    return sealed(json.dumps(content, indent=1).encode())


def read_header(path: Path) -> tuple[Header, dict[str, Column], dict[str, Any]]:
    """Return header, columns and notes of the table in the folder `path`.

    Raises:
        DataError: the folder has no table, the table has another format, or its header was altered.
    """
    file = path / HEADER
    with reading(file, REMEDY):
        if not file.is_file():
            raise DataError(f"{path} is not a curve table: it has no {HEADER}; make one with `data import`")
        content = read_small(file, REMEDY)
        check_seal(content, file, REMEDY)
        raw = json.loads(content)
    found = raw.get("format") if isinstance(raw, dict) else None
    if found != FORMAT:
        raise DataError(f"{path} has table format {_short(found)}, but this version reads format {FORMAT}; {REMEDY}")
    with reading(file, REMEDY):
        check_seal(content, file, REMEDY, entry=raw.get("seal"))
        header = _header(raw["header"])
        columns = {
            name: Column(tuple(c["epochs"]), c["dtype"], tuple(c["shape"]), c["sha256"])
            for name, c in raw["columns"].items()
        }
        notes = dict(raw.get("notes", {}))
        _check_header(header, raw.get("fingerprint"))
        _check_columns(header, columns)
    return header, columns, notes


def _header(raw: Mapping[str, Any]) -> Header:
    own = raw.get("own")
    given = None if own is None else Own(**{**own, "metric": Metric(**own["metric"])})
    return Header(**{**raw, "cardinalities": tuple(raw["cardinalities"]), "own": given})


def _check_header(header: Header, fingerprint: Any) -> None:
    """Raise `ValueError` unless `TableWriter` could have written this header."""
    texts = (header.stamp, header.space, header.version, header.source)
    _require(all(isinstance(text, str) for text in texts), "stamp, space, version and source must be texts")
    _require(header.stamp in STAMPS, f"stamp is {header.stamp!r}, but must be one of {', '.join(STAMPS)}")
    _require(_are_counts(header.cardinalities, least=1), "cardinalities must be whole numbers from 1")
    most = _MOST_ARCHS if header.own is None else _MOST_OWN
    _require(1 < header.n_archs <= most, f"the space must have 2 to {most:,} archs")
    _require((header.stamp == OWN) == (header.own is not None), f"a table is {OWN} if and only if it has `own`")
    _require(header.own is None or header.own.score in SCORES, f"score must be one of {', '.join(SCORES)}")
    _require(_are_counts(tuple(header.schedules.values()), least=1), "schedules must have whole epochs from 1")
    _require(fingerprint == header.fingerprint, f"its fingerprint is not {header.fingerprint}, so it was altered")


def _check_columns(header: Header, columns: Mapping[str, Column]) -> None:
    """Raise `ValueError` unless the columns fit together."""
    _require(ARCHS in columns, f"it has no column {ARCHS}")
    for name, column in columns.items():
        _require(name == ARCHS or _NAME.fullmatch(name) is not None, f"column {name[:80]!r} has an illegal name")
        _require(
            _DTYPE.fullmatch(column.dtype) is not None, f"{name} has the dtype {column.dtype!r}, but must hold numbers"
        )
        _require(_are_counts(column.shape, least=0), f"{name} has the shape {column.shape}")
        _require(_are_counts(column.epochs, least=1), f"epochs of {name} must be whole numbers from 1")
        _require(list(column.epochs) == sorted(set(column.epochs)), f"epochs of {name} must rise")
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
            _require(fits, f"{name} holds {column.dtype}{column.shape}, which does not fit the other columns")


def _short(value: Any) -> str:
    """Return a value of a damaged file as a short text for an error message."""
    return f"{value!r}"[:40] if isinstance(value, int | float | str | None) else type(value).__name__


def _are_counts(values: tuple[Any, ...], *, least: int) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) and value >= least for value in values)


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)
