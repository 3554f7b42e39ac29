"""Pictures that do not change, as images inside the page."""

import base64
import io
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from harness.report.content import Key, Picture
from harness.show.looks import settings
from harness.stats.ranking import Ranking

WIDTH_IN = 3.2
_PX_PER_IN = 120


def picture(title: str, alt: str, draw: Callable[[Axes], None], *, height_in: float) -> Picture:
    """Return the picture of one panel that `draw` fills."""
    with matplotlib.rc_context(settings()):
        figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
        draw(figure.add_subplot())
        return Picture(title, alt, round(WIDTH_IN * _PX_PER_IN), round(height_in * _PX_PER_IN), encoded(figure))


def encoded(figure: Figure) -> str:
    """Return a figure as a data URI; the same figure gives the same text."""
    sink = io.StringIO()
    figure.savefig(sink, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = re.sub(r' d="[^"]*"', _rounded, sink.getvalue())
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _rounded(outline: re.Match[str]) -> str:
    """Round the coordinates of an outline to hundredths of a point: a third of the bytes, nothing to be seen."""
    short = re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), outline[0])
    return " ".join(short.split()).join((" ", ""))


def png(path: Path) -> Picture:
    """Return a figure of a folder, as wide as the page."""
    with Image.open(path) as image:
        width, height = image.size
    source = "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
    title = path.stem.replace("_", " ")
    alt = f"Figure {path.name} of the folder; its numbers are in the tables."
    return Picture(title, alt, width, height, source, is_wide=True)


def rank_panel(panel: Axes, ranking: Ranking, keys: Iterable[Key]) -> None:
    """Draw a critical-difference diagram upright: ranks down the axis, names beside, bars over who is level."""
    names, ranks, colours = ranking.searchers, ranking.mean_ranks, {key.name: key.colour for key in keys}
    n = len(names)
    heights = np.linspace(1, n, n)
    for name, rank, height in zip(names, ranks, heights, strict=True):
        panel.plot([0, 0.32, 0.42], [rank, height, height], color=colours[name], lw=0.8, zorder=2)
        panel.plot([0], [rank], "o", color=colours[name], ms=3.5, zorder=3)
        panel.text(0.45, height, f"{name}  {rank:.1f}", va="center", fontsize=7)
    for place, (first, last) in enumerate(ranking.groups):
        panel.plot(
            [-0.05 - 0.035 * place] * 2, [ranks[first], ranks[last]], color="#333333", lw=3, solid_capstyle="butt"
        )
    panel.set_xlim(-0.1 - 0.035 * len(ranking.groups), 1.15)
    panel.set_ylim(n + 0.5, 0.5)
    panel.set_ylabel("mean rank")
    panel.set_xticks([])
    panel.spines["bottom"].set_visible(False)
    panel.grid(visible=False)
