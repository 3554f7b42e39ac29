"""Renders sheets, paragraphs and notes as Markdown, LaTeX, CSV and lines of a terminal.

A page is a title and its parts in order. Text is escaped for the output format, unless it is `ready`. The same parts
give the same bytes.
"""

import shutil
import sys
import textwrap
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pandas as pd

from harness.host.console import visible
from harness.show.sheet import Sheet

TERMINAL_WIDTH = 100
"""Characters of a line if the output is no terminal."""
_NARROWEST, _WIDEST = 60, 120
"""Width of a page on a narrower or wider screen; longer lines are hard to read."""
_LEAST = 24
"""Minimum width of the first column; a longer name is cut."""
LINE = "---"
"""A part that draws a horizontal line."""


@dataclass(frozen=True, slots=True)
class Notes:
    """A list of short texts, such as how to read the numbers."""

    items: Iterable[str]
    heading: str = ""
    ready: bool = False
    """Whether the texts are already Markdown."""


Part: TypeAlias = str | Notes | Sheet
"""A `str` is a paragraph."""


# ------------------------------------------------------------------------------------------------- Markdown


def markdown(title: str, parts: Iterable[Part]) -> str:
    """Return a page of Markdown; the first cell of a row marked "best" or "level" is bold or italic."""
    return "\n\n".join([f"# {plain(title)}", *(block for part in parts for block in _blocks(part))]) + "\n"


def _blocks(part: Part) -> list[str]:
    match part:
        case Sheet():
            body = [[plain(cell) for cell in row] for row in part.rows]
            for row, mark in zip(body, part.marks, strict=False):
                stars = {"best": "**", "level": "*"}.get(mark, "")
                row[0] = f"{stars}{row[0]}{stars}"
            around = [f"## {plain(part.caption)}", *([plain(part.note)] if part.note else [])]
            return [*around, "\n".join(pipes(part.titles, body)), *map(plain, part.remarks)]
        case Notes():
            lines = "\n".join(f"- {item if part.ready else plain(item)}" for item in part.items)
            return [block for block in (f"## {part.heading}" * bool(part.heading), lines) if block]
        case str():
            return [plain(part)]


def plain(text: str) -> str:
    """Return `text` on one line, with Markdown's special characters escaped."""
    line = visible(" ".join(text.split()))
    return "".join(f"\\{char}" if char in "\\|*_`<>[]#" else char for char in line)


def pipes(titles: Sequence[str], body: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table; the first column is left-aligned, the others right-aligned."""
    rule = ["---", *("---:" for _ in titles[1:])]
    return [f"| {' | '.join(cells)} |" for cells in (titles, rule, *body)]


def csv(frame: pd.DataFrame) -> str:
    """Return a frame as CSV, six significant digits."""
    return str(frame.to_csv(index=False, float_format="%.6g", lineterminator="\n"))


# ------------------------------------------------------------------------------------------------- terminal


def terminal(title: str, parts: Iterable[Part]) -> str:
    """Return a page as wide as the screen (`screen_width`); `*` marks the best, `~` those level with the best."""
    blocks = [_screen(part) for part in parts]
    return "\n\n".join(["\n".join(block) for block in (wrap(title), *blocks) if any(block)]) + "\n"


def screen_width() -> int:
    """Return the characters per line of the terminal, within limits; `TERMINAL_WIDTH` if there is no terminal."""
    columns = shutil.get_terminal_size((TERMINAL_WIDTH, 24)).columns
    return min(max(columns, _NARROWEST), _WIDEST)


def _screen(part: Part) -> list[str]:
    match part:
        case Sheet():
            head = wrap(f"{part.caption} {part.note}")
            below = [line for remark in part.remarks for line in wrap(remark)]
            shown, left_out = _fitted(part)
            is_loose = part.words or _others_width(shown) > screen_width() - _LEAST
            body = _loose(shown) if is_loose else aligned(shown.titles, shown.rows, shown.marks)
            return [
                *head,
                *body,
                *below,
                *(wrap(f"Not shown, since the screen is narrow: {', '.join(left_out)}.") if left_out else ()),
            ]
        case Notes():
            lines = [line for item in part.items for line in wrap(item)]
            return [*wrap(part.heading), *lines]
        case str():
            return ["-" * screen_width()] if part == LINE else wrap(part)


def _fitted(sheet: Sheet) -> tuple[Sheet, list[str]]:
    """Drop spare columns until the table fits the screen; return the table and the titles of the dropped columns."""
    left_out: list[str] = []
    for title in sheet.spare:
        first, *others = widths_of((sheet.titles, *sheet.rows))
        if 2 + min(first, _LEAST) + sum(others) + len(others) <= screen_width():
            break
        sheet = sheet.without(title)
        left_out.append(title)
    return sheet, left_out


def _others_width(sheet: Sheet) -> int:
    """Return the width of all columns but the first."""
    return sum(widths_of((sheet.titles, *sheet.rows))[1:])


def wrap(text: str) -> list[str]:
    """Return `text` as lines of a screen."""
    return textwrap.wrap(" ".join(text.split()), screen_width(), subsequent_indent="    ", break_on_hyphens=False)


def aligned(titles: Sequence[str], body: Sequence[Sequence[str]], marks: Sequence[str] = ()) -> list[str]:
    """Return the lines of a grid; if it is too wide, narrow the gaps, then the first column."""
    widths = widths_of((titles, *body))
    free = screen_width() - 2 - sum(widths)
    gap = 2 if free >= 2 * (len(titles) - 1) else 1
    widths[0] = max(8, min(widths[0], widths[0] + free - gap * (len(titles) - 1)))
    lines = []
    for mark, (first, *rest) in zip(("", *(marks or [""] * len(body))), (titles, *body), strict=True):
        name = first if len(first) <= widths[0] else first[: widths[0] - 1] + "…"
        lines.append(f"{_MARKS.get(mark, ' ')} {justified([name, *rest], widths, {0}, gap=gap)}".rstrip())
    return lines


_MARKS = {"best": "*", "level": "~"}


def justified(cells: Sequence[str], widths: Sequence[int], left: Collection[int], *, gap: int = 2) -> str:
    """Return a line of cells: cells at the places `left` are left-aligned, all others right-aligned."""
    placed = enumerate(zip(cells, widths, strict=True))
    return (" " * gap).join(f"{cell:{'<' if at in left else '>'}{width}}" for at, (cell, width) in placed).rstrip()


def widths_of(lines: Iterable[Sequence[str]], most: int = sys.maxsize) -> list[int]:
    """Return the width of each column, at most `most`; a longer cell shifts the rest of its line."""
    return [min(max(map(len, column)), most) for column in zip(*lines, strict=True)]


def _loose(sheet: Sheet) -> list[str]:
    """Return the lines of a table of long cells, wrapped behind an aligned first column; long words are not broken."""
    width = max(len(row[0]) for row in (sheet.titles, *sheet.rows))
    lines: list[str] = []
    for first, *rest in sheet.rows:
        head, indent = f"  {first:<{width}}  ", " " * (width + 4)
        looks: Any = {"subsequent_indent": indent, "break_long_words": False, "break_on_hyphens": False}
        lines += textwrap.wrap("  ".join(rest), screen_width(), initial_indent=head, **looks) or [head.rstrip()]
    return lines


# ---------------------------------------------------------------------------------------------------- LaTeX


_TEX = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{"<": "$<$", ">": "$>$", "|": "$|$"},
}


def tex(text: str) -> str:
    """Return `text` on one line, escaped, in ASCII; of other characters only the plus-minus sign is kept."""
    parts = (part.encode("ascii", "backslashreplace").decode() for part in " ".join(text.split()).split("±"))
    return r"$\pm$".join("".join(_TEX.get(char, char) for char in part) for part in parts)


def latex(sheet: Sheet, label: str) -> str:
    """Return a floating booktabs table, pure ASCII, for `\\input`; caption, note and remarks form its caption."""
    noted = f"{sheet.caption}: {sheet.note}." if sheet.note else sheet.caption
    body = [[tex(cell) for cell in row] for row in sheet.rows]
    for row, mark in zip(body, sheet.marks, strict=False):
        command = {"best": "textbf", "level": "textit"}.get(mark)
        row[0] = f"\\{command}{{{row[0]}}}" if command else row[0]
    lines = [
        r"\begin{table}[t]",
        r"  \centering\scriptsize\setlength{\tabcolsep}{2pt}",
        f"  \\caption{{{tex(' '.join([noted, *sheet.remarks]))}}}",
        f"  \\label{{{label}}}",
        f"  \\begin{{tabular}}{{@{{}}l{'r' * (len(sheet.titles) - 1)}@{{}}}}",
        r"    \toprule",
        f"    {' & '.join(map(tex, sheet.titles))} \\\\",
        r"    \midrule",
        *(f"    {' & '.join(cells)} \\\\" for cells in body),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines)
