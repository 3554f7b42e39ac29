"""What a section of the page holds. Texts are plain: the template escapes them."""

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from harness.show.sheet import Sheet


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


def listed(names: Iterable[str]) -> str:
    """Return names separated by commas, the last one by "and"."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
