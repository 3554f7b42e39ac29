"""A call of the gate, its arguments checked: predictor, data, groups, and the reference to compare with.

The gate has two parts, which are measured and compared alike: the predictor of the study, and the engine in run.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pmfnas
from harness.experiment.data import Chosen, choose
from harness.experiment.folder import REFERENCE_DIR
from harness.host.code import code_hash
from harness.players.class_file import check_unchanged
from harness.predictors.candidates import CANDIDATES, REFERENCE, predictor_from_file, study_hash
from harness.predictors.gate.groups import N_SPLITS, Group, fewer, plain_groups, real_groups
from harness.predictors.gate.inrun.engines import WHOLE
from harness.predictors.gate.inrun.measures import IN_RUN
from harness.predictors.gate.inrun.measuring import FIRST_SEED, FULL, Plan, measure_engine
from harness.predictors.gate.measures import MEASURES, Measure
from harness.predictors.gate.measuring import measure_groups
from harness.predictors.gate.reference import DataName, PredictorName, Section, how_to_make, read_reference
from harness.predictors.gate.verdict import Values, n_splits
from harness.predictors.material import REAL_CURVES, Source, real_curves_of
from pmfnas.core.errors import DataError, InputError
from pmfnas.core.predictors import PredictorFactory

DEFAULT = REFERENCE_DIR / "predictors.json"
FALLBACK = "SURROGATE"
"""Data that every machine has: the model is shipped with the package."""


ENGINE_CODE = ("pmfnas/core/*.py", "pmfnas/engine/**/*.py", "harness/predictors/gate/inrun/*.py")
"""The files that decide the in-run figures."""
PARTS = ("predictor", "in-run")
"""Parts of the gate."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the gate."""

    key: str
    """Its section of the reference."""
    data: DataName
    predictor: PredictorName
    measures: Mapping[str, Measure]
    size: str
    """What is measured, in words."""
    take: Callable[[], Values]
    """Measures it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked call of the gate."""

    path: Path
    """Path of the reference file."""
    sections: Mapping[str, Section]
    """Sections of the reference, by stamp; empty if no reference is read."""
    chosen: Chosen
    source: Source
    data: DataName
    predictor: PredictorName
    factory: PredictorFactory
    groups: tuple[Group, ...]
    plan: Plan
    """Of the engine in run."""
    n_jobs: int

    def parts(self, only: str | None) -> tuple[Part, ...]:
        """Return the parts that are measured: the one named, or all. A predictor of a user's takes part in no run."""
        is_ours = self.predictor.name == REFERENCE
        if only == "in-run" and not is_ours:
            raise InputError(
                f"--only in-run guards the engine's own predictor; leave out --predictor {self.predictor.name}"
            )
        named = [name for name in PARTS if only in (None, name) and (is_ours or name == "predictor")]
        return tuple(_study_part(self) if name == "predictor" else _engine_part(self) for name in named)


def ask(
    predictor: str, data: str, path: Path | None, *, most_splits: int | None, n_jobs: int, accept: bool, simulate: bool
) -> Asked:
    """Return a call of the gate.

    Args:
        predictor: a known name, or `[NAME=]FILE.py:CLASS`.
        data: value of `--data`; `auto` skips data for which the reference has no figures.
        path: the reference file; None for the project's own.
        most_splits: largest number of splits per group; None for all.
        n_jobs: processes.
        accept: the call writes a reference, so the file need not exist.
        simulate: the call only simulates, so no reference is read.

    Raises:
        InputError: predictor, data or reference cannot be used.
    """
    path = path or DEFAULT
    name, factory = _predictor(predictor)
    sections = {} if simulate or (accept and not path.exists()) else read_reference(path)
    chosen = _data(data, sections)
    anchors, header = real_curves_of(chosen.table, ("ANCHORED",)), chosen.table.header
    most = most_splits or max(N_SPLITS.values())
    groups = fewer(plain_groups() + (real_groups() if anchors else ()), most)
    curves = hashlib.sha256((anchors / REAL_CURVES).read_bytes()).hexdigest()[:12] if anchors else None
    of = DataName(header.stamp, header.fingerprint, curves)
    return Asked(
        path,
        sections,
        chosen,
        Source(chosen.table.path, anchors),
        of,
        name,
        factory,
        groups,
        FULL.at_most(most),
        n_jobs,
    )


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


def _study_part(asked: Asked) -> Part:
    size = f"{sum(group.n_splits for group in asked.groups)} splits"
    return Part(asked.data.stamp, asked.data, asked.predictor, MEASURES, size, lambda: measured(asked))


def _engine_part(asked: Asked) -> Part:
    data = replace(asked.data, curves=None, splits=f"seeds from {FIRST_SEED}")
    predictor = PredictorName("the engine's", pmfnas.__version__, code_hash(ENGINE_CODE))
    size = f"{asked.plan.n_runs} courses and searches"

    def take() -> Values:
        return measure_engine(WHOLE, asked.chosen.table.path, asked.plan, n_jobs=asked.n_jobs)

    return Part(f"{data.stamp}, in run", data, predictor, IN_RUN, size, take)


def comparable(asked: Asked, part: Part) -> Section:
    """Return the reference's section for a part; raise `DataError` if it is missing or was measured on other data."""
    before, data = asked.sections.get(part.key), part.data
    if before is None:
        raise DataError(f"reference {asked.path} has nothing of {part.key} data; {how_to_make()}")
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
    """Return the groups of `now` that `before` has too; none if its data differ or it has fewer splits of any group."""
    if before is None or before.data != data:
        return {}
    both = {cell: figures for cell, figures in now.items() if cell in before.values}
    covered = all(n_splits(f) <= n_splits(before.values[cell]) for cell, f in both.items())
    return both if covered else {}


def measured(asked: Asked) -> Values:
    """Return the measures of the predictor; raise `InputError` if its file has changed since it was given."""
    now = measure_groups(asked.factory, asked.source, asked.groups, n_jobs=asked.n_jobs)
    check_unchanged(asked.factory)
    return now
