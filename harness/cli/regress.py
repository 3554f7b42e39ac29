"""The work of `regress`, the gate of the predictor: exit 0 where it is as good as the reference, 1 where worse."""

import argparse
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import pmfnas
from harness.experiment.data import ANCHORS, Chosen, choose
from harness.experiment.folder import REFERENCE_DIR
from harness.host.units import written_time
from harness.predictors.candidates import CONTESTANTS, REFERENCE, check_unchanged, predictor_from_file, study_hash
from harness.predictors.gate.groups import N_SPLITS, Group, fewer, plain_groups, real_groups
from harness.predictors.gate.measuring import Source, measure_groups
from harness.predictors.gate.reference import (
    MAKE,
    DataName,
    PredictorName,
    Section,
    accepted,
    read_reference,
    write_reference,
)
from harness.predictors.gate.report import means_table, rates_table, table, verdict
from harness.predictors.gate.simulation import draw, simulate
from harness.predictors.gate.verdict import Comparison, Values, check_values, compare
from harness.predictors.material import REAL_CURVES
from pmfnas.core.errors import DataError, InputError
from pmfnas.core.predictors import PredictorFactory
from pmfnas.core.rng import stream

DEFAULT = REFERENCE_DIR / "predictors.json"
ANCHORED = "ANCHORED"
FALLBACK = "SURROGATE"
"""What every machine has."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A call of the verb, checked."""

    path: Path
    sections: Mapping[str, Section]
    chosen: Chosen
    source: Source
    data: DataName
    predictor: PredictorName
    factory: PredictorFactory
    groups: tuple[Group, ...]
    n_jobs: int

    @property
    def before(self) -> Section | None:
        """What the reference has of this kind of data."""
        return self.sections.get(self.data.stamp)


def run(options: argparse.Namespace) -> int:
    """Compare with the reference, or make what is measured the reference."""
    _check_accepting(options)
    asked = _asked(options)
    if options.simulate:
        return _simulate(asked, options.simulate)
    if options.accept:
        return _accept(asked, options.reason.strip())
    before = _comparable(asked)
    now = _measured(asked)
    found = compare(before.values, now)
    _print_comparison(before, found, now)
    if any(c.worse for c in found):
        return 1
    return 2 if any(c.blind for c in found) else 0


def _accept(asked: _Asked, reason: str) -> int:
    """Measure, show what changes, and write the reference."""
    now, before = _measured(asked), asked.before
    for cell, figures in now.items():
        check_values(figures, f"{asked.predictor.name} in {cell}")
    both = _comparable_groups(before, now) if before is not None and before.data == asked.data else {}
    if before is not None and both:
        _print_comparison(before, compare(before.values, both), both)
    else:
        print(f"\n{means_table(now)}")
    why = (datetime.now(UTC).date().isoformat(), reason)
    section = accepted(before, now, asked.data, asked.predictor, why)
    write_reference(asked.path, {**asked.sections, asked.data.stamp: section})
    print(f"\naccepted as the reference of {asked.data.stamp}: {asked.path}, {len(now)} groups; {reason}")
    return 0


def _comparable_groups(before: Section, now: Values) -> Values:
    """Return the groups of `now` that the reference has too; none where it has fewer splits of one."""
    both = {cell: figures for cell, figures in now.items() if cell in before.values}
    covered = all(len(f["tau"]) <= len(before.values[cell]["tau"]) for cell, f in both.items())
    return both if covered else {}


def _simulate(asked: _Asked, n_runs: int) -> int:
    """Print how often the gate would cry wolf, and what it would notice."""
    print(f"data: {asked.chosen.described}\npredictor: {asked.predictor}")
    draws = draw(asked.factory, asked.source, asked.groups, n_jobs=asked.n_jobs)
    print(rates_table(simulate(draws, n_runs, rng=stream(0, "gate/simulation")), n_runs))
    return 0


# ------------------------------------------------------------------------------------------------------- asking


def _check_accepting(options: argparse.Namespace) -> None:
    """Raise `InputError` where a reference would be replaced without a reason, by another predictor, or by less."""
    if bool(options.accept) != bool(options.reason.strip()):
        raise InputError('--accept and --reason belong together: --accept --reason "why the figures changed"')
    if options.accept and options.simulate:
        raise InputError("--simulate compares nothing, so there is nothing to accept; leave one of the two out")
    if options.accept and options.splits:
        raise InputError("--splits is for a quick look, but a reference needs all splits; leave it out")
    if options.accept and options.predictor != REFERENCE and options.reference is None:
        raise InputError(
            f"--accept of {options.predictor} would replace the reference of {REFERENCE}; name a file of its own "
            "with --reference FILE"
        )


def _asked(options: argparse.Namespace) -> _Asked:
    path = options.reference or DEFAULT
    predictor, factory = _predictor(options.predictor)
    needs_none = options.simulate or (options.accept and not path.exists())
    sections = {} if needs_none else read_reference(path)
    chosen = _data(options.data, sections)
    anchors = _real_curves(chosen)
    header = chosen.table.header
    groups = fewer(plain_groups() + (real_groups() if anchors else ()), options.splits or max(N_SPLITS.values()))
    return _Asked(
        path,
        sections,
        chosen,
        Source(chosen.table.path, anchors),
        DataName(header.stamp, header.fingerprint, _hash(anchors / REAL_CURVES) if anchors else None),
        predictor,
        factory,
        groups,
        options.n_jobs,
    )


def _data(text: str, sections: Mapping[str, Section]) -> Chosen:
    """Return the data that `--data` names; `auto` passes over what the reference has no figures of."""
    chosen = choose(text)
    stamp = chosen.table.header.stamp
    if text != "auto" or not sections or stamp in sections or FALLBACK not in sections:
        return chosen
    why = f"the reference has no figures of {stamp}, which auto takes elsewhere"
    return Chosen(choose(FALLBACK.lower()).table, why)


def _predictor(text: str) -> tuple[PredictorName, PredictorFactory]:
    """Return the predictor that `--predictor` names, a known one or one in a file."""
    if text in CONTESTANTS:
        return PredictorName(text, pmfnas.__version__, study_hash()), CONTESTANTS[text]
    name, factory = predictor_from_file(text)
    return PredictorName(name, pmfnas.__version__, factory.source), factory


def _real_curves(chosen: Chosen) -> Path | None:
    """Return the folder that has the recorded curves of the table's archs, if there is one."""
    folder = os.environ.get(ANCHORS)
    has = chosen.table.header.stamp == ANCHORED and folder and (Path(folder) / REAL_CURVES).is_file()
    return Path(str(folder)) if has else None


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


def _comparable(asked: _Asked) -> Section:
    """Return the reference's section for the data; raise `DataError` where there is none or it is of other data."""
    before, data = asked.before, asked.data
    if before is None:
        raise DataError(f"reference {asked.path} has nothing of {data.stamp} data; {MAKE}")
    if before.data.fingerprint != data.fingerprint:
        raise DataError(
            f"data are {data.stamp} {data.fingerprint}, but the reference {asked.path} is of "
            f"{before.data.fingerprint}: figures of different data do not compare; use those data, or {MAKE}"
        )
    if before.data.splits != data.splits:
        raise DataError(f"splits are {data.splits}, but the reference {asked.path} is of {before.data.splits}; {MAKE}")
    if None not in (before.data.curves, data.curves) and before.data.curves != data.curves:
        raise DataError(
            f"recorded curves are {data.curves}, but the reference {asked.path} is of {before.data.curves}; "
            f"restore {REAL_CURVES} in the folder of real values, or {MAKE}"
        )
    return before


# ------------------------------------------------------------------------------------------------------- telling


def _measured(asked: _Asked) -> Values:
    """Return the figures of the predictor asked for, and print what they are of."""
    start = perf_counter()
    now = measure_groups(asked.factory, asked.source, asked.groups, n_jobs=asked.n_jobs)
    check_unchanged(asked.factory)
    n_splits = sum(group.n_splits for group in asked.groups)
    took = f"{n_splits} splits in {written_time(perf_counter() - start)} on {asked.n_jobs} processes"
    print(f"data: {asked.chosen.described}\npredictor: {asked.predictor}; {took}")
    return now


def _print_comparison(before: Section, found: Sequence[Comparison], now: Values) -> None:
    last = before.history[-1]
    print(f"reference: {before.predictor}, accepted {last.date}: {last.reason}\n\n{table(found)}\n")
    if left_out := [cell for cell in before.values if cell not in now]:
        print(f"left out, since {ANCHORS} is not set and their curves are not here: {', '.join(left_out)}")
    print(verdict(found))
