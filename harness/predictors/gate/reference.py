"""The reference of the gate: the accepted measures of the predictor, in one JSON file.

    {"format": 1, "checksum": "...", "sections": {"SURROGATE": {...}, "ANCHORED": {...}}}

A section is of one kind of data, and of the study's predictor or, in run, of the engine's ("SURROGATE, in run"): its
fingerprint, the predictor and its code, the splits, per group and measure the mean, its interval and the value of each
split, and the history, one entry per acceptance with its reason. The checksum covers everything else in the file, so a
measure changed by hand is noticed: only `--accept` changes measures.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from harness.host.front import typed
from harness.predictors.gate.groups import FIRST_SPLIT, N_QUERIES
from harness.predictors.gate.measuring import DECIMALS
from harness.predictors.gate.verdict import INTERVAL, Values
from pmfnas.core.errors import InputError
from pmfnas.core.types import FloatArray
from pmfnas.files import reading, write_text

FORMAT = 1


def how_to_make() -> str:
    """Return how a reference is made, for an error."""
    return f'make one: {typed("regress", "--accept", "--reason")} "why"'


@dataclass(frozen=True, slots=True)
class DataName:
    """The data on which measures were taken."""

    stamp: str
    fingerprint: str
    curves: str | None
    """Hash of the file of recorded curves; None if there was no such file."""
    splits: str = f"from {FIRST_SPLIT}, {N_QUERIES} judged"
    """The first split number, and the archs judged per split."""


@dataclass(frozen=True, slots=True)
class PredictorName:
    """The predictor that was measured."""

    name: str
    version: str
    """Version of the package that measured it."""
    code: str
    """Hash of its code."""

    def __str__(self) -> str:
        return f"{self.name} (pmfnas {self.version}, code {self.code})"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One acceptance of a reference, with its reason."""

    date: str
    """ISO 8601, UTC."""
    reason: str
    predictor: PredictorName
    fingerprint: str
    """Fingerprint of the data."""
    means: Mapping[str, float]
    """Measure -> mean over the groups."""


@dataclass(frozen=True, slots=True)
class Section:
    """The accepted measures on one kind of data."""

    data: DataName
    predictor: PredictorName
    values: Values
    history: tuple[Acceptance, ...]
    """Oldest first; the last one accepted the present values."""


# ------------------------------------------------------------------------------------------------------ reading


def read_reference(path: Path) -> dict[str, Section]:
    """Return the sections of a reference by their stamp.

    Raises:
        InputError: no such file, not a reference, or edited by hand.
    """
    if not path.exists():
        raise InputError(f"reference {path} is missing; restore it, or {how_to_make()}")
    with reading(path, "restore it from version control"):
        document = json.loads(path.read_text(encoding="utf-8"))
    _check(document, path)
    return {stamp: _section(found) for stamp, found in document["sections"].items()}


def _check(document: Any, path: Path) -> None:
    if not isinstance(document, dict) or not {"format", "checksum", "sections"} <= document.keys():
        raise InputError(f"{path} is no reference of the gate; restore it from version control")
    if document["format"] != FORMAT:
        raise InputError(f"reference {path} has format {document['format']}, but must have {FORMAT}; {how_to_make()}")
    if document["checksum"] != checksum(document):
        raise InputError(
            f"reference {path} was edited: its checksum is {document['checksum']!r}, but its content has "
            f"{checksum(document)!r}; restore it from version control and change it by --accept only"
        )


def checksum(document: Mapping[str, Any]) -> str:
    """Return sixteen hex digits of everything in a document but its own checksum."""
    rest = {key: value for key, value in document.items() if key != "checksum"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _section(found: Mapping[str, Any]) -> Section:
    values = {
        cell: {
            name: np.array([np.nan if v is None else v for v in one["values"]], dtype=float) for name, one in f.items()
        }
        for cell, f in found["groups"].items()
    }
    history = tuple(Acceptance(**{**e, "predictor": PredictorName(**e["predictor"])}) for e in found["history"])
    return Section(DataName(**found["data"]), PredictorName(**found["predictor"]), values, history)


# ------------------------------------------------------------------------------------------------------ writing


def accepted(
    before: Section | None, now: Values, data: DataName, predictor: PredictorName, why: tuple[str, str]
) -> Section:
    """Return the section that replaces `before`.

    Args:
        before: the present section, whose history is continued.
        now: the new measures.
        data: the data on which they were measured.
        predictor: the predictor that was measured.
        why: date and reason.
    """
    date, reason = why
    names = dict.fromkeys(name for measures in now.values() for name in measures)
    means = {n: _rounded(float(np.mean([of[n].mean() for of in now.values() if n in of]))) for n in names}
    kept = {name: mean for name, mean in means.items() if mean is not None}
    entry = Acceptance(date, reason, predictor, data.fingerprint, kept)
    return Section(data, predictor, now, (*(before.history if before else ()), entry))


def write_reference(path: Path, sections: Mapping[str, Section]) -> None:
    """Write a reference, whole or not at all."""
    document: dict[str, Any] = {
        "format": FORMAT,
        "sections": {stamp: _document(sections[stamp]) for stamp in sorted(sections)},
    }
    text = json.dumps({"checksum": checksum(document), **document}, indent=1)
    write_text(path, re.sub(r"\[[\d\s.,nul\-]+\]", _one_line, text) + "\n")


def _one_line(numbers: re.Match[str]) -> str:
    return "[" + ", ".join(numbers[0][1:-1].replace(",", " ").split()) + "]"


def _document(section: Section) -> dict[str, Any]:
    return {
        "data": asdict(section.data),
        "predictor": asdict(section.predictor),
        "groups": {
            cell: {name: _summary(values) for name, values in measures.items()}
            for cell, measures in section.values.items()
        },
        "history": [{**asdict(entry), "means": dict(entry.means)} for entry in section.history],
    }


def _summary(values: FloatArray) -> dict[str, Any]:
    """Return one measure in one group as mean, interval ends and values; None replaces NaN."""
    reach = float(stats.t.ppf(0.5 + INTERVAL / 2, len(values) - 1)) * float(values.std(ddof=1)) / len(values) ** 0.5
    mean = float(values.mean())
    summary = {"mean": mean, "low": mean - reach, "high": mean + reach}
    return {**{k: _rounded(v) for k, v in summary.items()}, "values": [_rounded(v) for v in values.tolist()]}


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(value, DECIMALS)
