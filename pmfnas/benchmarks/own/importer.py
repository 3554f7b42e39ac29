"""A file of curves and a file of choices become a table of one's own."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from pmfnas.benchmarks.header import HELD_OUT, OWN, PART_OF_NAME, TEST, VALIDATION, Header, Key, Own
from pmfnas.benchmarks.own.archs import archs_of, check_space, n_distinct
from pmfnas.benchmarks.own.figures import Figures, epoch_seconds, figures_of, measured
from pmfnas.benchmarks.own.layout import complete, layout_of, text_columns
from pmfnas.benchmarks.own.options import Options
from pmfnas.benchmarks.own.reading import Rows, read_rows
from pmfnas.benchmarks.own.trainings import Group, Trainings, spread, trainings_of
from pmfnas.benchmarks.table import CurveTable, TableWriter
from pmfnas.core.errors import InputError
from pmfnas.core.metric import Metric
from pmfnas.core.types import FloatArray
from pmfnas.progress import Progress
from pmfnas.spaces.own.choices import Choices
from pmfnas.spaces.own.described import choices_of

VERSION = "own-1"
_STEPS = ("read", "archs", "figures", "trainings", "written")


def import_curves(curves: Path, space: Path, out: Path, options: Options, *, progress: bool = False) -> CurveTable:
    """Return the table made from a file of curves, whose archs are those of the space file.

    Args:
        curves: one row per arch, schedule, trial and epoch; `pmfnas.benchmarks.own.layout` names the columns.
        space: the choices, as `pmfnas.spaces.own.described` reads them.
        out: folder to write, must not exist.
        options: what the user says of the file.
        progress: whether to show progress on standard error.

    Raises:
        InputError: a row, a column or the space is wrong; the first offending place is named. Nothing is written.
    """
    if out.exists():
        raise InputError(f"{out} exists already and is not overwritten; remove it or choose another --out")
    description = read_space(space)
    choices = choices_of(description)
    check_space(choices)
    with Progress("import", len(_STEPS), unit="step", shown=progress) as shown:
        rows = read_rows(curves, text_columns(choices.names))
        layout = layout_of(rows, options.columns)
        rows, left_out = complete(rows, layout)
        if not len(rows):
            raise InputError(f"{curves} has {left_out} and no others; there is nothing to import")
        shown.step()
        archs, place = archs_of(rows, layout, choices)
        shown.step()
        figures = figures_of(rows, layout, options)
        shown.step()
        trainings = trainings_of(rows, layout, place, len(archs), options)
        shown.step()
        header = _header(figures, trainings, description, choices, options, _source(curves, description, options))
        with TableWriter(out, header, archs) as writer:
            for group in trainings.groups:
                _write(writer, group, figures, len(archs), max(trainings.schedules.values()))
            writer.notes |= _notes(curves, rows, trainings, layout.form, left_out, options)
        shown.step()
    return CurveTable.open(out)


def read_space(path: Path) -> Mapping[str, Any]:
    """Return the object in a space file; raise `InputError` if it holds none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"--space {path} cannot be read ({error.strerror}); give a JSON file of choices") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"--space {path} is no JSON ({error}); mend it") from None
    if not isinstance(found, dict):
        raise InputError(f'--space {path} must hold an object such as {{"name": "mlp", "choices": {{...}}}}')
    name = found.get("name", "own")
    if not isinstance(name, str) or PART_OF_NAME.fullmatch(name) is None or name in ("nb201", "nats-sss"):
        raise InputError(f"--space {path} has the name {name!r}, but must have a plain one of its own, such as mlp")
    return found


def _header(
    figures: Figures,
    trainings: Trainings,
    description: Mapping[str, Any],
    choices: Choices,
    options: Options,
    source: str,
) -> Header:
    longest = max(trainings.schedules, key=lambda name: trainings.schedules[name])
    last = [group for group in trainings.groups if group.schedule == longest]
    if {group.dataset for group in last} != {group.dataset for group in trainings.groups}:
        raise InputError(f"schedule {longest} is the longest, but not every data set has it; import them one by one")
    finals = np.concatenate([figures.of(group, "valid")[:, -1] for group in last])
    metric = Metric(options.metric, options.goal, options.unit, **_scale(finals, options))
    own = Own(metric, _score(figures, last), description, n_distinct(choices))
    return Header(OWN, description.get("name", "own"), choices.cardinalities, VERSION, source, trainings.schedules, own)


def _scale(finals: FloatArray, options: Options) -> dict[str, float]:
    """Return what scores are measured against: a usual final value, and how far they lie apart."""
    finals = finals[np.isfinite(finals)]
    if options.unit in ("percent", "fraction") or not len(finals):
        return {}
    middle, spread_ = float(np.median(finals)), float(finals.std()) or 1.0
    return {"around": middle or spread_} if options.unit == "positive" else {"around": middle, "spread": spread_}


def _score(figures: Figures, last: Sequence[Group]) -> str:
    """Return how runs on the table are scored: by the held-out figure, by trials that a run cannot see, or neither."""
    if figures.has("test"):
        return TEST
    fewest = min(int(np.bincount(group.arch)[np.unique(group.arch)].min()) for group in last)
    return HELD_OUT if fewest > 1 else VALIDATION


def _source(curves: Path, description: Mapping[str, Any], options: Options) -> str:
    """Return a hash of everything that the table is made from."""
    with curves.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
    digest.update(json.dumps([description, asdict(replace(options, columns=dict(options.columns)))]).encode())
    return digest.hexdigest()


def _write(writer: TableWriter, group: Group, figures: Figures, n_archs: int, longest: int) -> None:
    """Write the columns of one data set and schedule; `longest` is the length of the longest schedule."""

    def add(name: str, values: FloatArray, epochs: tuple[int, ...] = ()) -> None:
        writer.add(Key(group.dataset, group.schedule, name), spread(group, n_archs, values), epochs)

    n_epochs = group.row.shape[1]
    present = np.zeros((n_archs, int(group.slot.max()) + 1), dtype=bool)
    present[group.arch, group.slot] = True
    writer.add_present(group.dataset, group.schedule, present)
    for role, (values, epochs) in _curves(group, figures):
        add(role.replace("_", "-"), values, epochs)
    if figures.has("test") and not (n_epochs < longest and np.isnan(figures.of(group, "test")).all()):
        _add_test(add, group, figures)
    add("train-s", epoch_seconds(figures, group), tuple(range(1, n_epochs + 1)))
    passes = figures.of(group, "valid_seconds") if figures.has("valid_seconds") else np.zeros(group.row.shape)
    add("valid-s", np.nan_to_num(passes).mean(axis=1, keepdims=True))
    for role in ("params_m", "flops_m"):
        if figures.has(role):
            add(role.replace("_", "-"), _sizes(figures, group, role, n_archs))


def _curves(group: Group, figures: Figures) -> Iterator[tuple[str, tuple[FloatArray, tuple[int, ...]]]]:
    """Yield the curves by role, each with its epochs; refuse one that is not there at the epochs where it must be."""
    valid = measured(figures, group, "valid")
    yield "valid", valid
    every = tuple(range(1, group.row.shape[1] + 1))
    wanted = {"train": every, "train_loss": every, "valid_loss": valid[1]}
    for role, epochs in wanted.items():
        if figures.has(role):
            found = measured(figures, group, role)
            if found[1] != epochs:
                row = int(group.row[0, min(set(epochs) ^ set(found[1])) - 1])
                where = "where valid is" if role == "valid_loss" else "at every epoch"
                figures.refuse(row, role, f"but it must be there {where}; mend it, or leave the column out")
            yield role, found


def _add_test(add: Any, group: Group, figures: Figures) -> None:
    """Write the held-out figure of the end of each training."""
    values = figures.of(group, "test")
    lacks = np.isnan(values[:, -1])
    if lacks.any():
        row = int(group.row[lacks, -1].min())
        figures.refuse(row, "test", "but the end of every training needs a held-out figure, or none has one")
    add("test", values[:, -1:], (group.row.shape[1],))


def _sizes(figures: Figures, group: Group, role: str, n_archs: int) -> FloatArray:
    """Return the size of each training's arch; refuse the first that is not positive or contradicts another."""
    given = figures.of(group, role)
    bad = ~(given > 0)
    if bad.any():
        figures.refuse(int(group.row[bad].min()), role, "but a size is a positive number")
    of_arch = np.zeros(n_archs)
    of_arch[group.arch] = given[:, 0]
    differs = given != of_arch[group.arch][:, None]
    if differs.any():
        figures.refuse(
            int(group.row[differs].min()), role, "but another row of the same arch has another size; mend it"
        )
    return given[:, :1]


def _notes(
    curves: Path, rows: Rows, trainings: Trainings, form: str, left_out: str, options: Options
) -> dict[str, Any]:
    """Return the notes of the table."""
    notes: dict[str, Any] = {"file": curves.name, "form": form, "rows": len(rows)}
    if left_out:
        notes["left out"] = left_out
    if trainings.n_dropped:
        notes["trainings left out, with missing epochs"] = trainings.n_dropped
    if len(trainings.seeds) <= 64:
        notes["trials"] = ", ".join(trainings.seeds)
    given = {"duplicates": options.duplicates, "missing": options.missing, "unequal trials": options.unequal_trials}
    return notes | {name: value for name, value in given.items() if value != "refuse"}
