"""The work of `regress`, the gate of the predictor: exit 0 if it is as good as the reference, 1 if it is worse."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from time import perf_counter

from harness.experiment.checksums import list_checksums
from harness.experiment.data import ANCHORS
from harness.experiment.folder import REFERENCE_DIR
from harness.host.units import written_time
from harness.predictors.candidates import REFERENCE
from harness.predictors.gate.asking import DEFAULT, Asked, ask, comparable, comparable_groups, measured
from harness.predictors.gate.reference import Section, accepted, write_reference
from harness.predictors.gate.report import means_table, rates_table, table, verdict
from harness.predictors.gate.simulation import draw, simulate
from harness.predictors.gate.verdict import Comparison, Values, check_values, compare
from pmfnas.core.errors import InputError
from pmfnas.core.rng import stream


def run(options: argparse.Namespace) -> int:
    """Compare the predictor with the reference, or write its figures as the new reference."""
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
    if options.simulate:
        return _simulate(asked, options.simulate)
    if options.accept:
        return _accept(asked, options.reason.strip())
    before = comparable(asked)
    now = _measured(asked)
    found = compare(before.values, now)
    _print_comparison(before, found, now)
    if any(c.worse for c in found):
        return 1
    return 2 if any(c.blind for c in found) else 0


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


def _accept(asked: Asked, reason: str) -> int:
    """Measure the predictor, print the changes, and write the new reference."""
    now, before = _measured(asked), asked.before
    for cell, figures in now.items():
        check_values(figures, f"{asked.predictor.name} in {cell}")
    both = comparable_groups(before, asked.data, now)
    if before is not None and both:
        _print_comparison(before, compare(before.values, both), both)
    else:
        print(f"\n{means_table(now)}")
    why = (datetime.now(UTC).date().isoformat(), reason)
    section = accepted(before, now, asked.data, asked.predictor, why)
    write_reference(asked.path, {**asked.sections, asked.data.stamp: section})
    if asked.path == DEFAULT:
        list_checksums(REFERENCE_DIR, DEFAULT.name)
    print(f"\naccepted as the reference of {asked.data.stamp}: {asked.path}, {len(now)} groups; {reason}")
    return 0


def _simulate(asked: Asked, n_runs: int) -> int:
    """Print the gate's rate of false alarms and its power."""
    print(f"data: {asked.chosen.described}\npredictor: {asked.predictor}")
    draws = draw(asked.factory, asked.source, asked.groups, n_jobs=asked.n_jobs)
    print(rates_table(simulate(draws, n_runs, rng=stream(0, "gate/simulation")), n_runs))
    return 0


def _measured(asked: Asked) -> Values:
    """Measure the requested predictor and return its figures; print the data, predictor and time."""
    start = perf_counter()
    now = measured(asked)
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
