"""The parts of the page. Texts are plain: the template escapes them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from markupsafe import Markup

from harness.report.headers import meaning
from harness.show.sheet import Sheet


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing that does not change: an image, or inline SVG."""

    title: str
    alt: str
    """A text in place of the picture, for readers who do not see it."""
    width_px: int
    height_px: int
    source: str = ""
    """A data URI; empty for inline SVG."""
    svg: Markup | None = None
    is_wide: bool = False
    """Whether it takes the whole width of the page. A narrow screen scrolls it, so that its text stays legible."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure that the page's script draws from its numbers."""

    title: str
    alt: str
    data: str
    """JSON; see `harness.report.charts`."""


@dataclass(frozen=True, slots=True)
class Bars:
    """One horizontal bar per name, made of parts."""

    title: str
    unit: str
    rows: tuple[tuple[str, tuple[float, ...]], ...]
    parts: tuple[tuple[str, str], ...]
    """Name and colour of each part."""

    @property
    def longest(self) -> float:
        """The length of the longest bar."""
        return max((sum(lengths) for _, lengths in self.rows), default=0.0) or 1.0


Figure: TypeAlias = Picture | Chart | Bars


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of a legend."""

    name: str
    colour: str
    dark: str
    """The colour on a dark page."""
    width: float = 2.0
    switches: str = ""
    """Which lines of this name it switches on and off: `searcher` or `stage`; empty for none."""


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
    pictures: tuple[Figure, ...] = ()
    keys: tuple[Key, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    notes: tuple[str, ...] = ()
    """How to read the numbers."""
    folded: tuple[Folded, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    html: Markup | None = None
    """Rendered text, such as the verdict."""

    @property
    def meanings(self) -> dict[str, str]:
        """What the columns of the section's tables mean, by title."""
        sheets = [*self.sheets, *(sheet for fold in self.folded for sheet in fold.sheets)]
        titles = dict.fromkeys(title for sheet in sheets for title in sheet.titles)
        return {title: meaning(title) for title in titles if meaning(title)}


def listed(names: Iterable[str]) -> str:
    """Return names separated by commas, the last one by "and"."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
