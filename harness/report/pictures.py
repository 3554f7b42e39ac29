"""Pictures of the page: one panel each, as wide as a column, so that they stand side by side or stack.

A picture is an SVG inside an `img`: sharp at every size, no identifiers that could clash with another's, and one text
that says what it shows. Legends are not part of it but text of the page, where they wrap and can be read aloud.
"""

import base64
import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path as Outline
from matplotlib.ticker import PercentFormatter

from harness.report.content import Key, Picture
from harness.show.looks import Style, line, plain_ticks, settings
from harness.stats.ranking import Ranking
from harness.stats.reaching import Shares

WIDTH_IN = 3.2
HEIGHT_IN = 2.3
_PX_PER_IN = 120


def picture(title: str, alt: str, draw: Callable[[Axes], None], *, height_in: float = HEIGHT_IN) -> Picture:
    """Return the picture of one panel that `draw` fills."""
    with matplotlib.rc_context(settings()):
        figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
        draw(figure.add_subplot())
        return Picture(title, alt, encoded(figure), round(WIDTH_IN * _PX_PER_IN), round(height_in * _PX_PER_IN))


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


# -------------------------------------------------------------------------------------------------- legends


def line_key(name: str, style: Style) -> Key:
    """Return the legend's entry of a searcher: its line with its marker."""
    dashes = "" if style.dashes == "-" else " ".join(f"{length * style.width:g}" for length in style.dashes[1])
    mark = MarkerStyle(style.marker or "None")
    outline = mark.get_path().transformed(mark.get_transform())
    size = 6.4 if style.front else 4.6
    drawn = (
        _outline(Outline(np.asarray(outline.vertices, float) * size * [1, -1] + [17, 6], outline.codes))
        if style.marker
        else ""
    )
    fill = style.colour if mark.is_filled() else "none"
    return Key(
        name,
        Markup(
            '<svg width="34" height="12" viewBox="0 0 34 12" aria-hidden="true">'
            '<path d="M1 6H33" fill="none" stroke="{}" stroke-width="{:g}" stroke-dasharray="{}"/>'
            '<path d="{}" fill="{}" stroke="{}" stroke-width="1"/></svg>'
        ).format(style.colour, 1.3 * style.width, dashes or "none", drawn, fill, style.colour),
    )


def box_key(name: str, colour: str) -> Key:
    """Return the legend's entry of a colour."""
    square = '<svg width="14" height="12" viewBox="0 0 14 12" aria-hidden="true">{}</svg>'
    box = Markup('<rect x="1" y="1" width="12" height="10" fill="{}" stroke="#444"/>').format(escape(colour))
    return Key(name, Markup(square).format(box))


def _outline(path: Outline) -> str:
    """Return a path as the text of an SVG's `d`."""
    letters = {
        Outline.MOVETO: "M",
        Outline.LINETO: "L",
        Outline.CURVE3: "Q",
        Outline.CURVE4: "C",
        Outline.CLOSEPOLY: "Z",
    }
    parts = []
    for points, code in path.iter_segments():
        numbers = "" if code == Outline.CLOSEPOLY else " ".join(f"{value:.2f}" for value in points)
        parts.append(f"{letters[code]}{numbers}")
    return "".join(parts)


# --------------------------------------------------------------------------------------------------- panels


def shares_panel(panel: Axes, shares: Shares, styles: Mapping[str, Style], *, across: str, censored: bool) -> None:
    """Draw shares of runs with bands over a logarithmic axis; a plus at the end where runs are censored."""
    drawn = [name for name in styles if name in shares.bands]
    apart = max(1, len(shares.at) // 3)
    panel.set_xscale("log")
    for i, name in enumerate(drawn):
        band, style = shares.bands[name], styles[name]
        opacity, layer = (0.05, 0.1, 0.25)[style.front], 2 + 2 * style.front
        panel.fill_between(
            shares.at, band.low, band.high, step="post", color=style.colour, alpha=opacity, lw=0, zorder=layer
        )
        every = (apart // 3 + i * apart // len(drawn), apart)
        panel.add_line(line(shares.at, band.mean, style, markevery=every, drawstyle="steps-post"))
        if censored and shares.n_censored[name]:
            panel.plot(shares.at[-1:], band.mean[-1:], "+", color=style.colour, ms=6, mew=1.1, zorder=9, clip_on=False)
    panel.set_xlim(shares.at[0], shares.at[-1])
    panel.set_ylim(-0.02, 1.03)
    panel.yaxis.set_major_formatter(PercentFormatter(1.0))
    plain_ticks(panel.xaxis, *panel.get_xlim())
    panel.set_xlabel(across)
    panel.set_ylabel("share of runs")


def rank_panel(panel: Axes, ranking: Ranking, styles: Mapping[str, Style]) -> None:
    """Draw a critical-difference diagram upright: ranks down the axis, names beside, bars over who is level."""
    names, ranks = ranking.searchers, ranking.mean_ranks
    n = len(names)
    heights = np.linspace(1, n, n)
    for name, rank, height in zip(names, ranks, heights, strict=True):
        panel.plot([0, 0.32, 0.42], [rank, height, height], color=styles[name].colour, lw=0.8, zorder=2)
        panel.plot([0], [rank], "o", color=styles[name].colour, ms=3.5, zorder=3)
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


def bars_panel(
    panel: Axes, names: Sequence[str], parts: Mapping[str, Sequence[float]], colours: Mapping[str, str], *, across: str
) -> None:
    """Draw one bar per name from the top down, its parts from left to right."""
    begin = np.zeros(len(names))
    look: Any = {"edgecolor": "white", "linewidth": 0.4, "height": 0.74}
    for part, lengths in parts.items():
        values = np.asarray(lengths, dtype=np.float64)
        panel.barh(range(len(names)), values, left=begin, color=colours[part], **look)
        begin += values
    panel.set_yticks(range(len(names)), names)
    panel.tick_params(axis="y", length=0)
    panel.set_ylim(len(names) - 0.45, -0.55)
    panel.set_xlabel(across)
    panel.grid(visible=False, axis="y")
