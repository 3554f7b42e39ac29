"""A table as a value: cells that are text already, for a page, Markdown, LaTeX or the terminal alike.

rows --columns--> Sheet --harness.show.render--> Markdown, LaTeX, terminal
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeAlias, TypeVar

from harness.show.cells import NONE

Row = TypeVar("Row")

LONG = 40
"""Rows above which a table scrolls in a window of its own."""

Chunk: TypeAlias = tuple[int, float | str, int]
"""Part of a cell: (0, number, -1 below it or 0 or 1 above it), or (1, text, 0); numbers come before text."""

_NUMBER = re.compile(r"(?P<side>[<>≤≥])?\s*(?P<number>(?:(?<![^\s(<>≤≥])[+-])?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")
_DURATION = re.compile(r"(?:([\d.]+) h)? ?(?:([\d.]+) min)? ?(?:([\d.]+) s)?")
_SIDES = {"<": -1, "≤": 0, "≥": 0, ">": 1}


@dataclass(frozen=True)
class Column(Generic[Row]):
    """A column: its title, its text for a row, and what the rows must have for it to be shown."""

    title: str
    cell: Callable[[Row], str]
    needs: str = ""


def filled(columns: Iterable[Column[Row]], rows: Iterable[Row]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the titles and the cells of a `Sheet` with these columns, a line per row."""
    shown = tuple(columns)
    return tuple(column.title for column in shown), tuple(tuple(c.cell(row) for c in shown) for row in rows)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table; the first cell of a row heads it."""

    caption: str
    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marks: tuple[str, ...] = ()
    """Per row "best", "level" or empty; no marks at all where it has no entries."""
    remarks: tuple[str, ...] = ()
    """Lines below."""
    words: bool = False
    """Whether the cells are sentences, which wrap."""
    note: str = ""
    """Between caption and cells: what every number names."""
    spare: tuple[str, ...] = ()
    """Titles of columns that a narrow screen leaves out, the first one first."""

    def without(self, title: str) -> "Sheet":
        """Return the table less the column of that title."""
        kept = [place for place, name in enumerate(self.titles) if name != title]
        rows = tuple(tuple(row[place] for place in kept) for row in self.rows)
        return replace(self, titles=tuple(self.titles[place] for place in kept), rows=rows)

    @property
    def is_long(self) -> bool:
        """Whether the page shows a part of it at a time."""
        return len(self.rows) > LONG

    @property
    def order(self) -> tuple[tuple[int | None, ...], ...]:
        """Per cell its place when its column is sorted upwards, equal cells alike; None for a cell without a value."""
        columns = []
        for column in zip(*self.rows, strict=True):
            keys = [sort_key(cell) for cell in column]
            places = {key: place for place, key in enumerate(sorted({key for key in keys if key}))}
            columns.append([places.get(key) for key in keys])
        return tuple(zip(*columns, strict=True))

    @property
    def sides(self) -> tuple[str, ...]:
        """Per column "text", which stands left, or "number". Text is what mostly starts with a letter or a bar."""
        columns = tuple(zip(*self.rows, strict=True)) or tuple(() for _ in self.titles)
        begins = [[cell[:1].isalpha() or cell[:1] == "|" for cell in column if cell != NONE] for column in columns]
        return tuple("text" if 2 * sum(letters) > len(letters) else "number" for letters in begins)


def sort_key(cell: str) -> tuple[Chunk, ...]:
    """Return what a cell is sorted by; empty for one without a value, such as `-`, `ref` or `n<20`.

    Numbers count as numbers wherever they stand, so `12@3` comes before `12@12`, `9:00:00` before `10:00:00` and
    `<.001` before `.001`; times with units, such as `2 h 5 min`, are compared in seconds.
    """
    text = cell.strip()
    if text in ("", NONE, "ref") or text.startswith("n<"):
        return ()
    duration = _DURATION.fullmatch(text)
    if duration:
        hours, minutes, seconds = (float(part or 0) for part in duration.groups())
        return ((0, 3600 * hours + 60 * minutes + seconds, 0),)
    chunks: list[Chunk] = []
    begin = 0
    for found in _NUMBER.finditer(text):
        if found.start() > begin:
            chunks.append((1, text[begin : found.start()].casefold(), 0))
        chunks.append((0, float(found["number"]), _SIDES.get(found["side"] or "", 0)))
        begin = found.end()
    return (*chunks, (1, text[begin:].casefold(), 0)) if begin < len(text) else tuple(chunks)


def pairs(caption: str, values: Mapping[str, object], *, titles: tuple[str, str]) -> Sheet:
    """Return a two-column table of names and what they are."""
    return Sheet(caption, titles, tuple((name, str(value)) for name, value in values.items()), words=True)
