"""The work of `regress`, the gate of the predictors: exit 0 if they are as good as the reference, 1 if one is worse."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from time import perf_counter

from harness.experiment.checksums import list_checksums
from harness.experiment.data import ANCHORS
from harness.experiment.folder import REFERENCE_DIR
from harness.host.units import written_time
from harness.predictors.candidates import REFERENCE
from harness.predictors.gate.asking import DEFAULT, Asked, Part, ask, comparable, comparable_groups
from harness.predictors.gate.inrun.simulation import simulate_engine
from harness.predictors.gate.reference import Section, accepted, write_reference
from harness.predictors.gate.report import means_table, notice_table, rates_table, table, verdict
from harness.predictors.gate.simulation import draw, simulate
from harness.predictors.gate.verdict import Comparison, Values, check_values, compare
from pmfnas.core.errors import InputError
from pmfnas.core.rng import stream


def run(options: argparse.Namespace) -> int:
    """Compare the predictors with the reference, or write their figures as the new reference."""
    _check_accepting(options)
    asked = ask(
        options.predictor,
        options.data,
        options.reference,
        most_splits=options.splits,
        n_jobs=options.n_jobs,
        accept=options.accept,
        simulate=bool(options.simulate),
    )
    parts = asked.parts(options.only)
    if options.simulate:
        return _simulate(asked, parts, options.simulate)
    if options.accept:
        return _accept(asked, parts, options.reason.strip())
    references = [comparable(asked, part) for part in parts]
    codes = [_compare(asked, part, before) for part, before in zip(parts, references, strict=True)]
    return 1 if 1 in codes else max(codes)


def _check_accepting(options: argparse.Namespace) -> None:
    """Raise `InputError` if `--accept` lacks a reason, or would store another predictor or fewer splits."""
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


def _compare(asked: Asked, part: Part, before: Section) -> int:
    """Measure a part and print how it compares; return its exit code."""
    now = _measured(asked, part)
    found = compare(before.values, now, part.measures)
    _print_comparison(before, found, now)
    if any(c.worse for c in found):
        return 1
    return 2 if any(c.blind for c in found) else 0


def _accept(asked: Asked, parts: Sequence[Part], reason: str) -> int:
    """Measure the parts, print the changes, and write the new reference."""
    sections = dict(asked.sections)
    for part in parts:
        sections[part.key] = _accepted(asked, part, reason)
    write_reference(asked.path, sections)
    if asked.path == DEFAULT:
        list_checksums(REFERENCE_DIR, DEFAULT.name)
    print(f"\naccepted as the reference of {' and '.join(part.key for part in parts)}: {asked.path}; {reason}")
    return 0


def _accepted(asked: Asked, part: Part, reason: str) -> Section:
    now, before = _measured(asked, part), asked.sections.get(part.key)
    for cell, figures in now.items():
        check_values(figures, f"{part.predictor.name} in {cell}")
    both = comparable_groups(before, part.data, now)
    if before is not None and both:
        _print_comparison(before, compare(before.values, both, part.measures), both)
    else:
        print(f"\n{means_table(now)}")
    why = (datetime.now(UTC).date().isoformat(), reason)
    return accepted(before, now, part.data, part.predictor, why)


def _simulate(asked: Asked, parts: Sequence[Part], n_runs: int) -> int:
    """Print the gate's rate of false alarms and its power."""
    for part in parts:
        print(f"data: {asked.chosen.described}\npredictor: {part.predictor}")
        rng = stream(0, "gate/simulation")
        if part.key == asked.data.stamp:
            draws = draw(asked.factory, asked.source, asked.groups, n_jobs=asked.n_jobs)
            print(rates_table(simulate(draws, n_runs, rng=rng), n_runs))
        else:
            found = simulate_engine(asked.chosen.table.path, asked.plan, n_runs, n_jobs=asked.n_jobs, rng=rng)
            print(notice_table(found, n_runs))
    return 0


def _measured(asked: Asked, part: Part) -> Values:
    """Measure a part and return its figures; print the data, predictor and time."""
    start = perf_counter()
    now = part.take()
    took = f"{part.size} in {written_time(perf_counter() - start)} on {asked.n_jobs} processes"
    print(f"data: {asked.chosen.described}\npredictor: {part.predictor}; {took}")
    return now


def _print_comparison(before: Section, found: Sequence[Comparison], now: Values) -> None:
    last = before.history[-1]
    print(f"reference: {before.predictor}, accepted {last.date}: {last.reason}\n\n{table(found)}\n")
    if left_out := [cell for cell in before.values if cell not in now]:
        print(f"left out, since {ANCHORS} is not set and their curves are not here: {', '.join(left_out)}")
    print(verdict(found))
