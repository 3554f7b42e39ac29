"""The frame around every figure: panels in a grid, a legend, a caption; and how a figure becomes files.

All lengths are inches, so that panels keep their size whatever stands around them. Drawing leaves the plotting
library's settings as they were and needs no display; the same frames give the same bytes on one version of the library.
"""

import io
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from harness.show.cells import least_to_most, rules_of
from harness.show.looks import GREY, Style, in_colour, line, settings
from harness.stats.decision import MIN_SEEDS, NO_CLAIM
from pmfnas.files import write_bytes

_DPI = 160
_CAPTION_PT = 6.2
_PER_INCH = 19
"""Characters of a caption on an inch."""
_LINE_IN = 0.125
"""Height of a line of a caption."""
_LABEL_PT = 6.8
_LABEL_LINE = 1.2
"""Distance of labels, in heights of their font."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the panels stand; lengths in inches."""

    n: int
    n_columns: int
    width: float
    """Of a panel."""
    height: float
    left: float
    """Room before the first panel of a row: ticks and label of the axis, names of rows."""
    right: float = 0.1
    """Room behind every panel: labels of lines."""
    between: float = 0.4
    """Room before every other panel of a row: its ticks."""
    above: float = 0.3
    """Room above every panel: its title."""
    below: float = 0.42
    """Room below every panel: ticks and label of the axis."""

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return -(-self.n // self.n_columns)

    @property
    def whole_width(self) -> float:
        """Width of the figure."""
        return self.left + self.n_columns * (self.width + self.right) + (self.n_columns - 1) * self.between

    @property
    def panels_height(self) -> float:
        """Height of all rows."""
        return self.n_rows * (self.above + self.height + self.below)

    def corner(self, place: int) -> tuple[float, float]:
        """Return how far the upper left corner of a panel is from the left and the upper edge of the figure."""
        row, column = divmod(place, self.n_columns)
        across = self.left + column * (self.width + self.right + self.between)
        return across, self.above + row * (self.above + self.height + self.below)


@contextmanager
def drawn_panels(
    titles: Iterable[str],
    caption: str,
    legend: Mapping[str, Style] | None = None,
    *,
    up: str = "",
    height: float = 2.1,
    left: float = 0.5,
    right: float = 0.1,
    above: float = 0.3,
    columns: int | None = None,
    width: float | None = None,
) -> Iterator[tuple[Figure, dict[str, Axes]]]:
    """Give a figure with one empty panel per title; add legend and caption when the block ends.

    Args:
        titles: of the panels.
        caption: stands below the panels, or in the free place of a grid that has one.
        legend: name -> look; none where the lines are labelled themselves.
        up: label of the vertical axis of the first panel of each row.
        height: of a panel, inches.
        left: room before the first panel, inches.
        right: room behind every panel, inches.
        above: room above every panel, inches.
        columns: panels beside each other; by default all.
        width: of a panel, inches; by default what fills a page.
    """
    names = list(dict.fromkeys(titles))
    n_columns = min(columns or len(names), len(names))
    grid = Grid(len(names), n_columns, width or max(2.1, 4.4 / n_columns), height, left, right, above=above)
    free = grid.n % n_columns and not legend
    across_in = grid.width if free else grid.whole_width
    lines = textwrap.wrap(caption, int(across_in * _PER_INCH), break_on_hyphens=False)
    legend_rows = _legend_rows(legend, grid.whole_width)
    legend_height = 0.15 * legend_rows + 0.08 if legend_rows else 0.0
    whole = grid.panels_height + (0.05 if free else legend_height + _LINE_IN * len(lines) + 0.05)
    with matplotlib.rc_context(settings()):
        figure = Figure(figsize=(grid.whole_width, whole))
        panels = {name: _panel(figure, grid, place, name, up) for place, name in enumerate(names)}
        yield figure, panels
        if legend:
            _add_legend(figure, legend, (whole - grid.panels_height + 0.02) / whole, legend_rows)
        across, down = grid.corner(grid.n) if free else (0.06, whole - 0.05)
        place: Any = {"va": "top" if free else "bottom", "linespacing": 1.3, "color": "#444444"}
        figure.text(
            across / grid.whole_width, 1 - down / whole, "\n".join(lines), fontsize=_CAPTION_PT, gid="caption", **place
        )


def _panel(figure: Figure, grid: Grid, place: int, name: str, up: str) -> Axes:
    across, down = grid.corner(place)
    width, height = grid.whole_width, float(figure.get_figheight())
    box = (across / width, 1 - (down + grid.height) / height, grid.width / width, grid.height / height)
    panel = figure.add_axes(box, title=name)
    if place % grid.n_columns == 0:
        panel.set_ylabel(up)
    return panel


def _legend_columns(legend: Mapping[str, Style], width: float) -> int:
    return max(1, int(width / (0.55 + 0.058 * max(map(len, legend)))))


def _legend_rows(legend: Mapping[str, Style] | None, width: float) -> int:
    return -(-len(legend) // _legend_columns(legend, width)) if legend else 0


def _add_legend(figure: Figure, legend: Mapping[str, Style], top: float, n_rows: int) -> None:
    handles = [line([], [], style, label=name) for name, style in legend.items()]
    n_columns = -(-len(legend) // n_rows)
    place: Any = {"loc": "upper center", "bbox_to_anchor": (0.5, top), "borderaxespad": 0.0}
    figure.legend(handles=handles, ncols=n_columns, frameon=False, handlelength=2.6, **place)


# ----------------------------------------------------------------------------------------- labels of lines


def label_room(styles: Mapping[str, Style]) -> float:
    """Return the room that labels of the searchers in colour need behind a panel, inches."""
    return 0.25 + 0.054 * max(map(len, in_colour(styles)), default=0)


def label_ends(panel: Axes, ends: Mapping[str, float], styles: Mapping[str, Style], *, height: float) -> None:
    """Write the name of each searcher in colour behind the end of its line, so that no two names overlap.

    Args:
        panel: its limits are set.
        ends: searcher -> where its line ends, in the unit of the vertical axis; NaN for a line that does not.
        styles: from `harness.show.looks.highlighted`.
        height: of the panel, inches.
    """
    low, high = panel.get_ylim()
    names = [name for name in in_colour(styles) if low <= ends.get(name, np.nan) <= high]
    if not names:
        return
    to_axes = panel.transData + panel.transAxes.inverted()
    heights = [float(to_axes.transform((panel.get_xlim()[1], ends[name]))[1]) for name in names]
    places = apart(heights, _LABEL_PT * _LABEL_LINE / 72 / height)
    look: Any = {"transform": panel.transAxes, "clip_on": False}
    for name, end, place in zip(names, heights, places, strict=True):
        colour = styles[name].colour
        panel.plot([1.005, 1.035], [end, place], color=colour, lw=0.6, **look)
        weight = "bold" if styles[name].front > 1 else "normal"
        panel.text(1.045, place, name, color=_dark(colour), fontsize=_LABEL_PT, va="center", weight=weight, **look)


def _dark(colour: str) -> tuple[float, ...]:
    """Return the colour darkened, so that it is legible as text on white."""
    return tuple(0.72 * part for part in to_rgb(colour))


def apart(wanted: Sequence[float], distance: float) -> list[float]:
    """Return places in [0, 1] near the wanted ones and in their order, each at least `distance` from the next.

    Places that are too near each other form a block around the mean of what its members wanted. More than fit are
    spread evenly.
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    step = min(distance, 1 / max(1, len(wanted) - 1))
    room = max(0.0, 1 - step * (len(wanted) - 1))
    blocks: list[list[float]] = []  # of places less the room of all below
    for below, i in enumerate(order):
        blocks.append([wanted[i] - below * step])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    placed = [float(np.clip(np.mean(block), 0.0, room)) for block in blocks for _ in block]
    places = [0.0] * len(wanted)
    for below, i in enumerate(order):
        places[i] = placed[below] + below * step
    return places


# ------------------------------------------------------------------------------------------------ captions


def caption_of(checked: pd.DataFrame, reading: str) -> str:
    """Return what every number of a figure names, then how it is read; data sets are told apart where they differ.

    Args:
        checked: runs from `harness.stats.runs.checked_runs`.
        reading: how the figure is to be read.
    """
    texts: dict[str, str] = {}
    few = checked[checked["ok"]].groupby(["dataset", "searcher"]).size().min() < MIN_SEEDS
    for dataset, rows in checked.groupby("dataset", sort=False):
        seeds = rows[rows["ok"]].groupby("searcher").size()
        texts[str(dataset)] = f"{', '.join(rules_of(rows.iloc[0]))}, n = {least_to_most(seeds)}"
    each = set(texts.values())
    same = each.pop() if len(each) == 1 else "; ".join(f"{name}: {text}" for name, text in texts.items())
    n_failed = int((~checked["ok"]).sum())
    failed = f"; {n_failed} failed runs left out" if n_failed else ""
    return f"{reading} {same}{failed}{f'; {NO_CLAIM}' if few else ''}."


def grey_ones(styles: Mapping[str, Style]) -> str:
    """Return a sentence that names the searchers in grey; empty if there are none."""
    names = [name for name, style in styles.items() if style.colour == GREY]
    return f"Grey: {', '.join(names)}. " if names else ""


# --------------------------------------------------------------------------------------------------- files


def write_figure(figure: Figure, folder: Path, stem: str) -> tuple[Path, Path]:
    """Write `stem`.png and `stem`.pdf to `folder` and return their paths; neither holds a date or a version.

    The PNG has a palette of 256 colours, which halves its size; `stem` may hold folders.
    """
    png, palette, pdf = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with matplotlib.rc_context(settings()):
        figure.savefig(png, format="png", dpi=_DPI, metadata={"Software": None})
        figure.savefig(pdf, format="pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None})
    Image.open(png).convert("RGB").quantize(256).save(palette, "PNG", optimize=True)
    paths = folder / f"{stem}.png", folder / f"{stem}.pdf"
    for path, buffer in zip(paths, (palette, pdf), strict=True):
        write_bytes(path, buffer.getvalue())
    return paths
