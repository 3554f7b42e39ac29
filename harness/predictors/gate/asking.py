"""A call of the gate, its arguments checked: predictor, data, groups, and the reference to compare with."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pmfnas
from harness.experiment.data import Chosen, choose
from harness.experiment.folder import REFERENCE_DIR
from harness.players.class_file import check_unchanged
from harness.predictors.candidates import CANDIDATES, predictor_from_file, study_hash
from harness.predictors.gate.groups import N_SPLITS, Group, fewer, plain_groups, real_groups
from harness.predictors.gate.measuring import measure_groups
from harness.predictors.gate.reference import DataName, PredictorName, Section, how_to_make, read_reference
from harness.predictors.gate.verdict import Values
from harness.predictors.material import REAL_CURVES, Source, real_curves_of
from pmfnas.core.errors import DataError
from pmfnas.core.predictors import PredictorFactory

DEFAULT = REFERENCE_DIR / "predictors.json"
FALLBACK = "SURROGATE"
"""Data that every machine has."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked call of the gate."""

    path: Path
    """Of the reference."""
    sections: Mapping[str, Section]
    """Of the reference, by stamp; empty where none is read."""
    chosen: Chosen
    source: Source
    data: DataName
    predictor: PredictorName
    factory: PredictorFactory
    groups: tuple[Group, ...]
    n_jobs: int

    @property
    def before(self) -> Section | None:
        """The reference's section for this kind of data, if any."""
        return self.sections.get(self.data.stamp)


def ask(
    predictor: str, data: str, path: Path | None, *, most_splits: int | None, n_jobs: int, accept: bool, simulate: bool
) -> Asked:
    """Return a call of the gate.

    Args:
        predictor: a known name, or `[NAME=]FILE.py:CLASS`.
        data: as `--data` names it; `auto` passes over data that the reference has no figures of.
        path: the reference; None for the project's own.
        most_splits: of a group; None for all.
        n_jobs: processes.
        accept: a reference is to be written, so none need be there.
        simulate: nothing is compared, so none is read.

    Raises:
        InputError: predictor, data or reference cannot be used.
    """
    path = path or DEFAULT
    name, factory = _predictor(predictor)
    sections = {} if simulate or (accept and not path.exists()) else read_reference(path)
    chosen = _data(data, sections)
    anchors, header = real_curves_of(chosen.table, ("ANCHORED",)), chosen.table.header
    groups = fewer(plain_groups() + (real_groups() if anchors else ()), most_splits or max(N_SPLITS.values()))
    curves = hashlib.sha256((anchors / REAL_CURVES).read_bytes()).hexdigest()[:12] if anchors else None
    of = DataName(header.stamp, header.fingerprint, curves)
    return Asked(path, sections, chosen, Source(chosen.table.path, anchors), of, name, factory, groups, n_jobs)


def _data(text: str, sections: Mapping[str, Section]) -> Chosen:
    chosen = choose(text)
    stamp = chosen.table.header.stamp
    if text != "auto" or not sections or stamp in sections or FALLBACK not in sections:
        return chosen
    why = f"the reference has no figures of {stamp}, which auto takes elsewhere"
    return Chosen(choose(FALLBACK.lower()).table, why)


def _predictor(text: str) -> tuple[PredictorName, PredictorFactory]:
    if text in CANDIDATES:
        return PredictorName(text, pmfnas.__version__, study_hash()), CANDIDATES[text]
    name, factory = predictor_from_file(text)
    return PredictorName(name, pmfnas.__version__, factory.source), factory


def comparable(asked: Asked) -> Section:
    """Return the reference's section for the data; raise `DataError` if it is missing or of other data."""
    before, data = asked.before, asked.data
    if before is None:
        raise DataError(f"reference {asked.path} has nothing of {data.stamp} data; {how_to_make()}")
    if before.data.fingerprint != data.fingerprint:
        raise DataError(
            f"data are {data.stamp} {data.fingerprint}, but the reference {asked.path} is of "
            f"{before.data.fingerprint}: figures of different data do not compare; use those data, or {how_to_make()}"
        )
    if before.data.splits != data.splits:
        raise DataError(
            f"splits are {data.splits}, but the reference {asked.path} is of {before.data.splits}; {how_to_make()}"
        )
    if None not in (before.data.curves, data.curves) and before.data.curves != data.curves:
        raise DataError(
            f"recorded curves are {data.curves}, but the reference {asked.path} is of {before.data.curves}; "
            f"restore {REAL_CURVES} in the folder of real values, or {how_to_make()}"
        )
    return before


def comparable_groups(before: Section | None, data: DataName, now: Values) -> Values:
    """Return the groups of `now` that a section of the same data has too; none where it has fewer splits of one."""
    if before is None or before.data != data:
        return {}
    both = {cell: figures for cell, figures in now.items() if cell in before.values}
    covered = all(len(f["tau"]) <= len(before.values[cell]["tau"]) for cell, f in both.items())
    return both if covered else {}


def measured(asked: Asked) -> Values:
    """Return the figures of the predictor; raise `InputError` where its file was changed meanwhile."""
    now = measure_groups(asked.factory, asked.source, asked.groups, n_jobs=asked.n_jobs)
    check_unchanged(asked.factory)
    return now
