"""A table in words: its columns, its notes, and the other kinds of data of its space."""

from collections.abc import Iterator, Mapping
from typing import Any

from harness.experiment.data import SOURCES, Chosen
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.core.types import describe_epochs


def info(chosen: Chosen, space: str) -> Iterator[str]:
    """Yield the lines of `data info`."""
    table = chosen.table
    yield f"data         {chosen.described}"
    yield f"folder       {table.path}"
    yield f"archs        {table.n_known:,} of {table.header.n_archs:,} known"
    for name in table.datasets:
        for schedule in sorted({key.split("/")[1] for key in table.keys if key.startswith(f"{name}/")}, key=int):
            yield f"{name}, schedule {schedule}"
            yield from (f"  {line}" for line in _columns(table, name, schedule))
    yield from notes(table.notes)
    yield from _sources(space)


def _sources(space: str) -> Iterator[str]:
    """Yield the kinds of data of a space, best first, and which of them are at hand."""
    yield f"\nkinds of data of {space}, best first; `auto` takes the first that is at hand"
    for source in (s for s in SOURCES if space in s.spaces):
        yield f"  {source.stamp:<12} --data {source.name:<12} real: {source.holds}"
        yield f"  {'':<12} {source.not_offered(space) or 'at hand'}"


def _columns(table: CurveTable, name: str, schedule: str) -> Iterator[str]:
    present = table.present(name, schedule)
    yield f"{'trials':<16}{present.sum()} of {present.shape[0]} archs, at most {present.sum(axis=1).max()} each"
    for key in (Key(*column.split("/")) for column in table.keys if column.count("/") == 2):
        if (key.dataset, key.schedule) == (name, schedule) and key.metric != "present":
            epochs = table.epochs(key)
            yield f"{key.metric:<16}{describe_epochs(frozenset(epochs)) if epochs else 'one value'}"


def notes(of: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """Yield the lines of nested notes, such as those of a fit."""
    for name, value in of.items():
        if isinstance(value, Mapping):
            yield f"{'  ' * depth}{name}"
            yield from notes(value, depth + 1)
        else:
            yield f"{'  ' * depth}{name}: {value}"
