"""What a section of the page holds. Texts are plain: the template escapes them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup

LONG = 40
"""Rows above which a table scrolls in a window of its own."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure inside the page."""

    title: str
    alt: str
    """What it shows, for those who do not see it."""
    source: str
    """A data URI."""
    width_px: int
    height_px: int
    is_wide: bool = False
    """Whether it takes the whole width of the page; a narrow screen scrolls it, so that its text stays legible."""


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of a legend."""

    name: str
    swatch: Markup
    """Inline SVG."""


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

    @property
    def is_long(self) -> bool:
        """Whether the page shows a part of it at a time."""
        return len(self.rows) > LONG

    @property
    def sides(self) -> tuple[str, ...]:
        """Per column "text", which stands left, or "number". Text is what mostly starts with a letter or a bar."""
        columns = tuple(zip(*self.rows, strict=True)) or tuple(() for _ in self.titles)
        begins = [[cell[:1].isalpha() or cell[:1] == "|" for cell in column if cell != "-"] for column in columns]
        return tuple("text" if 2 * sum(letters) > len(letters) else "number" for letters in begins)


@dataclass(frozen=True, slots=True)
class Folded:
    """Tables that open on demand."""

    title: str
    sheets: tuple[Sheet, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page with a heading of its own."""

    key: str
    """Its anchor: lower-case letters and dashes."""
    title: str
    words: tuple[str, ...] = ()
    """Paragraphs."""
    warnings: tuple[str, ...] = ()
    html: Markup | None = None
    """Rendered text, such as the verdict."""
    pictures: tuple[Picture, ...] = ()
    keys: tuple[Key, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    notes: tuple[str, ...] = ()
    """How the numbers are to be read."""
    folded: tuple[Folded, ...] = ()


def written(value: float | None, form: str = ".2f") -> str:
    """Return a number as text, a dash where there is none."""
    return "-" if value is None or value != value else format(value, form)


def listed(names: Iterable[str]) -> str:
    """Return names separated by commas, the last one by "and"."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def pairs(caption: str, values: Mapping[str, object], *, titles: tuple[str, str]) -> Sheet:
    """Return a two-column table of names and what they are."""
    return Sheet(caption, titles, tuple((name, str(value)) for name, value in values.items()), words=True)
