"""What the figures are drawn with: settings, a look for every searcher, and panels of anytime curves.

A panel draws into axes that the caller made, so the same curves stand in a wide figure for paper and in a narrow one
for a screen.

A figure of many searchers has a few of them in colour, each in one of its own, and all others in grey: `highlighted`.
`styles_of` gives everybody a look instead: the reference is thick, controls are black, the others have a colour with
dashes and a marker.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from harness.stats.anytime import Band
from harness.stats.curves import Curves
from pmfnas.core.types import FloatArray

_LOOK: Mapping[str, Any] = {
    **{"axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#e8e8e8"},
    "font.family": "DejaVu Sans",  # comes with the library, so that every host draws the same
    **{"svg.hashsalt": "pmfnas", "svg.fonttype": "path"},  # pictures inside a page
    "text.parse_math": False,  # names are shown as they are, dollar signs included
}
_SIZES: Mapping[str, Any] = {
    **{"axes.titlesize": 8, "axes.linewidth": 0.6, "grid.linewidth": 0.5},
    **{f"{axis}tick.major.{part}": size for axis in "xy" for part, size in (("width", 0.6), ("size", 2.5))},
}

# Twelve colours told apart under the common colour blindnesses: Tol's muted scheme and three more.
_STRONG = "#D55E00"
_MUTED = (
    *("#332288", "#CC6677", "#117733", "#88CCEE", "#882255", "#44AA99"),
    *("#999933", "#AA4499", "#CCAA33", "#661100", "#6699CC", "#888888"),
)
LEADING = 6
"""Searchers in colour where nobody chose others."""
_COLOURS = ("#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#882255", "#999933")
"""Okabe and Ito's colours (`_STRONG` is one of them) and two of Tol's: safe for colour-blind readers."""
MOST_COLOURED = len(_COLOURS)
GREY = "#b8b8b8"
_STAGES = ("#0072B2", "#E69F00", "#CC3377", "#44AA99", "#AA4499", "#999933", "#332288", "#661100")
_NO_STAGE = "#888888"
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*", "d")
_DASHES = ("-", (0, (4, 1.2)), (0, (1.2, 1)), (0, (5, 1, 1, 1)))
_CONTROL_MARKERS = ("", "+", "x", "1")


@dataclass(frozen=True, slots=True)
class Roles:
    """Who is drawn in front: the method in question, and the controls that it must beat."""

    reference: str = "pmf_nas"
    controls: tuple[str, ...] = ("random_search", "most_conv3x3", "most_params")


ROLES = Roles()


@dataclass(frozen=True, slots=True)
class Style:
    """How one searcher is drawn in a figure.

    From `styles_of` it follows from the set of searchers. From `highlighted` it follows from their ranks and from who
    is shown, so the same searcher may have another colour in figures of another result.
    """

    colour: str
    dashes: Any
    """As the plotting library takes it: a name, or (offset, lengths)."""
    marker: str
    width: float
    front: int
    """Drawing order: 2 the reference, 1 a control, 0 the rest."""


def settings() -> Any:
    """Return the settings to draw and to write under, for `matplotlib.rc_context`."""
    return {**sns.axes_style("ticks"), **sns.plotting_context("paper", font_scale=0.73), **_LOOK, **_SIZES}


def styles_of(searchers: Iterable[str], roles: Roles = ROLES) -> dict[str, Style]:
    """Return a style per searcher; it depends on the set of searchers, not on their order or results."""
    names = sorted(set(searchers))
    others = [name for name in names if name != roles.reference and name not in roles.controls]
    styles = {}
    for i, name in enumerate(others):
        dashes, marker = _DASHES[(i + i // 2) % len(_DASHES)], _MARKERS[i % len(_MARKERS)]
        styles[name] = Style(_MUTED[i % len(_MUTED)], dashes, marker, 0.9, 0)
    for i, name in enumerate(control for control in roles.controls if control in names):
        styles[name] = Style("#000000", _DASHES[(i + 1) % len(_DASHES)], _CONTROL_MARKERS[i % 4], 1.1, 1)
    if roles.reference in names:
        styles[roles.reference] = Style(_STRONG, "-", "", 2.2, 2)
    return styles


def highlighted(
    ranked: Iterable[str], shown: Collection[str] = (), reference: str = ROLES.reference
) -> dict[str, Style]:
    """Return a style per searcher: a few in colours of their own, the others thin and grey.

    Args:
        ranked: all searchers, the best first.
        shown: who is in colour; by default the reference and the best others, `LEADING` in all, or everybody where
            there are no more than `MOST_COLOURED`.
        reference: is drawn thick, in a colour that nobody else has.

    Returns:
        Those in colour first, the reference before all; within these, in the order of `ranked`.
    """
    names = list(dict.fromkeys(ranked))
    chosen = [name for name in names if name in shown] or _leading(names, reference)
    colours = iter(_COLOURS)
    styles = {reference: Style(_STRONG, "-", "", 2.2, 2)} if reference in chosen else {}
    styles |= {name: Style(next(colours), "-", "", 1.3, 1) for name in chosen if name != reference}
    return styles | {name: Style(GREY, "-", "", 0.7, 0) for name in names if name not in chosen}


def _leading(names: Sequence[str], reference: str) -> list[str]:
    if len(names) <= MOST_COLOURED:
        return list(names)
    first = [reference] if reference in names else []
    return (first + [name for name in names if name != reference])[:LEADING]


def stage_colours(stages: Iterable[str]) -> dict[str, str]:
    """Return a colour per stage of a run, in the order of first appearance; grey where no stage is named."""
    names = enumerate(dict.fromkeys(stages))
    return {name: _STAGES[i % len(_STAGES)] if name else _NO_STAGE for i, name in names}


def in_colour(styles: Mapping[str, Style]) -> list[str]:
    """Return the searchers that `highlighted` gave a colour of their own."""
    return [name for name, style in styles.items() if style.front]


def line(x: Any, y: Any, style: Style, **extra: Any) -> Line2D:
    """Return a line in the searcher's style; `extra` goes to the plotting library."""
    look: Any = {"color": style.colour, "ls": style.dashes, "lw": style.width, "marker": style.marker}
    size = 4.8 if style.front else 3.4
    return Line2D(x, y, ms=size, mew=0.8, zorder=3 + 2 * style.front, **look, **extra)


def accuracy_panel(panel: Axes, curves: Curves, styles: Mapping[str, Style], *, ceiling: float | None = None) -> None:
    """Draw mean accuracy with bands over logarithmic GPU-hours, cut to where the searchers differ."""
    mark_ceiling(panel, ceiling, along="y")
    _lines(panel, curves, styles, lowest=_cut(panel, curves.bands, ceiling))


def regret_panel(panel: Axes, curves: Curves, styles: Mapping[str, Style]) -> None:
    """Draw mean regret with bands on two logarithmic axes; a mean of zero stands on the lower edge."""
    floor = _smallest_positive(curves) / 2
    panel.set_yscale("log")
    _lines(panel, _raised(curves, floor), styles)
    panel.set_ylim(bottom=0.92 * floor)
    plain_ticks(panel.yaxis, *panel.get_ylim())


def _lines(panel: Axes, curves: Curves, styles: Mapping[str, Style], *, lowest: float = 0.0) -> None:
    """Draw curves and bands over logarithmic GPU-hours, from where the first mean reaches `lowest`.

    Markers are staggered over the hours shown so that they do not cover each other.
    """
    panel.set_xscale("log")
    hours, drawn = curves.hours, [name for name in styles if name in curves.bands]
    first = int(np.argmax(np.any([curves.bands[name].mean >= lowest for name in drawn], axis=0)))
    apart = max(1, (len(hours) - first) // 3)
    for i, name in enumerate(drawn):
        band, style = curves.bands[name], styles[name]
        opacity, layer = (0.07, 0.12, 0.25)[style.front], 2 + 2 * style.front
        if style.colour != GREY:
            panel.fill_between(hours, band.low, band.high, color=style.colour, alpha=opacity, lw=0, zorder=layer)
        start = first + apart // 3 + i * apart // len(drawn)
        panel.add_line(line(hours, band.mean, style, markevery=(start, apart)))
    panel.set_xlim(hours[max(first - 2, 0)], hours[-1])
    panel.autoscale_view(scalex=False)
    plain_ticks(panel.xaxis, *panel.get_xlim())
    panel.set_xlabel("GPU-hours")


def _raised(curves: Curves, floor: float) -> Curves:
    raised = {
        name: Band(np.maximum(band.mean, floor), np.maximum(band.low, floor), np.maximum(band.high, floor), band.n)
        for name, band in curves.bands.items()
    }
    return Curves(curves.hours, raised)


def _smallest_positive(curves: Curves) -> float:
    means = np.concatenate([band.mean for band in curves.bands.values()])
    positive = means[means > 0]
    return float(positive.min()) if positive.size else 0.01


def plain_ticks(axis: Axis, low: float, high: float) -> None:
    """Label a logarithmic axis with round numbers, of the first of these sets that leaves room."""
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    for steps in ((1, 1.5, 2, 3, 4, 5, 6, 8), (1, 2, 3, 5), (1, 2, 5), (1,)):
        ticks = [step * power for power in powers for step in steps if low <= step * power <= high]
        if len(ticks) <= 7:
            break
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _cut(panel: Axes, bands: Mapping[str, Band], ceiling: float | None) -> float:
    """Cut the y-axis to where the searchers differ, name those that end below, and return its lower end."""
    finals = {name: float(band.mean[-1]) for name, band in bands.items() if not np.isnan(band.mean[-1])}
    values = np.array(list(finals.values()) or [0.0, 100.0])
    top, lowest = float(values.max()), float(values[values >= _outlying(values)].min())
    span = max(top - lowest, 0.1 if len(values) > 1 else 0.5)
    highest = max([top, *(float(np.nanmax(band.mean)) for band in bands.values() if not np.isnan(band.mean).all())])
    bottom, peak = lowest - 0.9 * span, highest + 0.12 * span
    if ceiling is not None and ceiling < top + span:
        peak = max(peak, ceiling + 0.05 * span)
    panel.set_ylim(bottom, peak)
    below = [f"{name} {value:.1f}" for name, value in finals.items() if value < bottom]
    if below:
        text = "\n".join(["below:", *below])
        shown = panel.text(0.98, 0.03, text, transform=panel.transAxes, ha="right", fontsize=5.8, zorder=9)
        shown.set_bbox({"facecolor": "white", "alpha": 0.85, "lw": 0, "pad": 1.5})
    return bottom


def _outlying(values: FloatArray) -> float:
    """Return the accuracy below which an axis is not stretched: five times as far from the best as the median is."""
    top = float(values.max())
    return top - 5 * max(top - float(np.median(values)), 0.1)


def mark_ceiling(panel: Axes, value: float | None, *, along: Literal["x", "y"]) -> None:
    """Draw a thin line at `value`, such as the best test accuracy; nothing where it is None."""
    if value is not None:
        draw = panel.axhline if along == "y" else panel.axvline
        draw(value, color="#555555", lw=0.7, ls=(0, (1, 2)), zorder=1)
