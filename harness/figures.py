"""Figures of an experiment, as PNG and SVG: accuracy and regret over GPU-hours, final accuracy per searcher.

Every figure has one panel per data set and says below which data, budget, workers, accounting and number of seeds it
shows. Drawing leaves the plotting library's settings as they were and needs no display; the same frames give the same
bytes on one version of the library.

Many lines are told apart by more than colour: the reference is thick, the learning-free controls are black, everybody
else has a colour that survives colour blindness, and each has dashes and a marker of its own.
"""

import io
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from harness.files import write_bytes
from harness.stats.anytime import Band
from harness.stats.curves import NOTHING_OK, Curves, mean_curves
from harness.stats.runs import checked_runs, groups, scores
from harness.stats.summary import MIN_SEEDS, NO_CLAIM
from pmfnas.core.errors import InputError
from pmfnas.core.types import FloatArray

_DPI = 200
_POINTS = 60  # runs drawn as points per box; more only blacken it

_RC: Mapping[str, Any] = {
    **{"font.family": "DejaVu Sans", "font.size": 7, "axes.titlesize": 8, "axes.labelsize": 7},
    **{"xtick.labelsize": 6.5, "ytick.labelsize": 6.5, "legend.fontsize": 6.5, "axes.linewidth": 0.6},
    **{"xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.major.size": 2.5, "ytick.major.size": 2.5},
    **{"axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True},
    **{"axes.grid": True, "grid.color": "#e8e8e8", "grid.linewidth": 0.5},
    **{"svg.hashsalt": "pmfnas", "svg.fonttype": "path"},
}

# Twelve colours told apart under the common colour blindnesses: Tol's muted scheme and three more.
_STRONG = "#D55E00"
_MUTED = (
    *("#332288", "#CC6677", "#117733", "#88CCEE", "#882255", "#44AA99"),
    *("#999933", "#AA4499", "#CCAA33", "#661100", "#6699CC", "#888888"),
)
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*", "d")
_DASHES = ("-", (0, (4, 1.2)), (0, (1.2, 1)), (0, (5, 1, 1, 1)))
_CONTROL_MARKERS = ("", "+", "x", "1")

_Best: TypeAlias = Literal["high", "low"]


@dataclass(frozen=True, slots=True)
class Roles:
    """Who is drawn in front: the method in question, and the controls that it must beat."""

    reference: str = "pmf_nas"
    controls: tuple[str, ...] = ("random_search", "most_conv3x3", "most_params")


ROLES = Roles()


@dataclass(frozen=True, slots=True)
class _Style:
    colour: str
    dashes: Any
    marker: str
    width: float
    front: int
    """Drawing order: 2 the reference, 1 a control, 0 the rest."""


# ------------------------------------------------------------------------------------------------- figures


def accuracy_figure(
    runs: pd.DataFrame,
    steps: pd.DataFrame,
    *,
    roles: Roles = ROLES,
    ceilings: Mapping[str, float] | None = None,
    rng: np.random.Generator,
) -> Figure:
    """Return mean test accuracy over GPU-hours with 95 % bands, one panel per data set.

    The x-axis is logarithmic, workers x clock. Both axes are cut to where the searchers differ; one that ends below
    is named at the lower edge. A line begins when all runs of its searcher have an incumbent.

    Args:
        runs: see `harness.stats.runs`; failed runs are left out.
        steps: see there.
        roles: who is drawn in front.
        ceilings: per data set, an accuracy to mark with a thin line, such as the best test accuracy.
        rng: seeds the bootstrap of the bands.

    Raises:
        InputError: the frames are not what `harness.stats.runs` describes, or no run is ok.
    """
    checked = checked_runs(runs)
    curves = mean_curves(checked, steps, "test", rng=rng)
    styles = _ranked(curves, _styles(checked, roles), best="high")
    with _drawing(list(curves), _caption(checked, "bands: 95 % bootstrap of the mean"), styles) as (figure, panels):
        for dataset, panel in panels.items():
            ceiling = _mark_ceiling(panel, dataset, ceilings, along="y")
            lowest = _cut(panel, curves[dataset].bands, ceiling)
            _lines(panel, curves[dataset], styles, lowest=lowest)
        next(iter(panels.values())).set_ylabel("test accuracy of the incumbent (%)")
    return figure


def regret_figure(
    runs: pd.DataFrame,
    steps: pd.DataFrame,
    *,
    column: Literal["test_regret", "valid_regret"] = "test_regret",
    roles: Roles = ROLES,
    rng: np.random.Generator,
) -> Figure:
    """Return mean regret over GPU-hours on two logarithmic axes, one panel per data set.

    A mean regret of zero has no place on the axis: it is drawn on the lower edge, a factor of two below the smallest
    positive mean. Arguments and errors as in `accuracy_figure`.
    """
    checked = checked_runs(runs)
    curves = mean_curves(checked, steps, column, rng=rng)
    styles = _ranked(curves, _styles(checked, roles), best="low")
    reading = "bands: 95 % bootstrap of the mean; a mean of zero stands on the lower edge"
    with _drawing(list(curves), _caption(checked, reading), styles) as (figure, panels):
        for dataset, panel in panels.items():
            floor = _smallest_positive(curves[dataset]) / 2
            panel.set_yscale("log")
            _lines(panel, _raised(curves[dataset], floor), styles)
            panel.set_ylim(bottom=0.92 * floor)
            _plain_ticks(panel.yaxis, *panel.get_ylim())
        name = {"test_regret": "test regret", "valid_regret": "validation regret"}[column]
        next(iter(panels.values())).set_ylabel(f"{name} of the incumbent (points)")
    return figure


def final_figure(runs: pd.DataFrame, *, roles: Roles = ROLES, ceilings: Mapping[str, float] | None = None) -> Figure:
    """Return the final test accuracy per searcher: box, mean and single runs, the best mean rank on top.

    A box spans the quartiles with the median in it, whiskers 5 % to 95 %; the diamond is the mean. The axis leaves out
    the lowest hundredth of a panel's runs, and outliers far below, and counts them at its edge.
    Arguments and errors as in `accuracy_figure`.
    """
    checked = checked_runs(runs)
    values: dict[str, dict[str, FloatArray]] = {}
    for (dataset, searcher), rows in groups(checked).items():
        if rows["ok"].any():
            values.setdefault(dataset, {})[searcher] = scores(rows, "test")
    if not values:
        raise InputError(NOTHING_OK)
    names = _by_rank({d: {s: float(v.mean()) for s, v in of.items()} for d, of in values.items()}, best="high")
    styles = _styles(checked, roles)
    caption = _caption(
        checked, "box: quartiles and median; whiskers: 5 % and 95 %; diamond: mean; points: runs; <k: k runs lower"
    )
    with _drawing(list(values), caption, height=0.35 + 0.17 * len(names), left=1.35) as (figure, panels):
        for place, (dataset, panel) in enumerate(panels.items()):
            _boxes(panel, [values[dataset].get(name, np.empty(0)) for name in names], [styles[n] for n in names])
            _mark_ceiling(panel, dataset, ceilings, along="x")
            panel.set_xlabel("test accuracy (%)")
            panel.set_yticks(range(len(names)), [""] * len(names) if place else names)
            panel.tick_params(axis="y", length=0)
    return figure


def write_figure(figure: Figure, folder: Path, stem: str) -> tuple[Path, Path]:
    """Write `stem`.png and `stem`.svg to `folder` and return their paths; neither holds a date or a version."""
    png, svg = io.BytesIO(), io.BytesIO()
    with matplotlib.rc_context(_settings()):
        figure.savefig(png, format="png", dpi=_DPI, metadata={"Software": None})
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    paths = folder / f"{stem}.png", folder / f"{stem}.svg"
    for path, buffer in zip(paths, (png, svg), strict=True):
        write_bytes(path, buffer.getvalue())
    return paths


# --------------------------------------------------------------------------------------- order and captions


def _ranked(curves: Mapping[str, Curves], styles: Mapping[str, _Style], *, best: _Best) -> dict[str, _Style]:
    """Return the styles of the searchers drawn, best mean rank of the final value first."""
    finals = {d: {name: float(band.mean[-1]) for name, band in of.bands.items()} for d, of in curves.items()}
    return {name: styles[name] for name in _by_rank(finals, best=best)}


def _by_rank(finals: Mapping[str, Mapping[str, float]], *, best: _Best) -> list[str]:
    ranks = pd.DataFrame(finals).sort_index().rank(ascending=best == "low").mean(axis=1)
    return [str(name) for name in ranks.sort_values(kind="stable").index]


def _caption(checked: pd.DataFrame, reading: str) -> str:
    """Return what every number of the figure names; data sets are told apart only where they differ."""
    texts: dict[str, str] = {}
    few = checked[checked["ok"]].groupby(["dataset", "searcher"]).size().min() < MIN_SEEDS
    for dataset, rows in checked.groupby("dataset", sort=False):
        seeds, first = rows[rows["ok"]].groupby("searcher").size(), rows.iloc[0]
        n = f"{seeds.min()} to {seeds.max()}" if seeds.nunique() > 1 else f"{seeds.max() if len(seeds) else 0}"
        workers = f"{first['n_workers']} worker{'' if first['n_workers'] == 1 else 's'}"
        rules = f"budget {first['budget_s'] / 3600:.2f} h, {workers}, {first['accounting']} accounting"
        texts[str(dataset)] = f"{first['data']} data {str(first['fingerprint'])[:12]}, {rules}, n = {n}"
    each = set(texts.values())
    same = each.pop() if len(each) == 1 else "; ".join(f"{name}: {text}" for name, text in texts.items())
    n_failed = int((~checked["ok"]).sum())
    failed = f"; {n_failed} failed runs left out" if n_failed else ""
    return f"{same}{failed}{f'; {NO_CLAIM}' if few else ''}; {reading}."


# ------------------------------------------------------------------------------------------------- drawing


def _settings() -> Any:
    return dict(_RC)


def _styles(checked: pd.DataFrame, roles: Roles) -> dict[str, _Style]:
    """Return a style per searcher; it depends on the set of searchers, not on their results."""
    names = sorted(checked["searcher"].unique())
    others = [name for name in names if name != roles.reference and name not in roles.controls]
    styles = {}
    for i, name in enumerate(others):
        dashes, marker = _DASHES[(i + i // 2) % len(_DASHES)], _MARKERS[i % len(_MARKERS)]
        styles[name] = _Style(_MUTED[i % len(_MUTED)], dashes, marker, 0.9, 0)
    for i, name in enumerate(control for control in roles.controls if control in names):
        styles[name] = _Style("#000000", _DASHES[(i + 1) % len(_DASHES)], _CONTROL_MARKERS[i % 4], 1.1, 1)
    if roles.reference in names:
        styles[roles.reference] = _Style(_STRONG, "-", "", 2.2, 2)
    return styles


@contextmanager
def _drawing(
    datasets: Sequence[str],
    caption: str,
    legend: Mapping[str, _Style] | None = None,
    *,
    height: float = 2.1,
    left: float = 0.5,
) -> Iterator[tuple[Figure, dict[str, Axes]]]:
    """Give a figure with one empty panel per data set; add legend and caption when the block ends.

    All lengths are inches, so that panels keep their size whatever stands below them.
    """
    n, gap, right, top = len(datasets), 0.4, 0.1, 0.3
    panel = max(2.1, 4.4 / n)
    width = left + n * panel + (n - 1) * gap + right
    lines = textwrap.wrap(caption, int(width * 20))
    n_columns = max(1, int(width / 1.45))
    legend_height = 0.15 * -(-len(legend) // n_columns) + 0.08 if legend else 0.0
    bottom = 0.42 + legend_height + 0.12 * len(lines)
    whole = top + height + bottom
    with matplotlib.rc_context(_settings()):
        figure = Figure(figsize=(width, whole))
        panels = {}
        for i, dataset in enumerate(datasets):
            box = ((left + i * (panel + gap)) / width, bottom / whole, panel / width, height / whole)
            panels[dataset] = figure.add_axes(box, title=dataset)
        yield figure, panels
        if legend:
            handles = [_line([], [], style, label=name) for name, style in legend.items()]
            place: Any = {"loc": "upper center", "bbox_to_anchor": (0.5, (bottom - 0.38) / whole)}
            figure.legend(handles=handles, ncols=n_columns, frameon=False, handlelength=3.2, **place)
        low = (0.06 / width, 0.05 / whole)
        figure.text(*low, "\n".join(lines), fontsize=5.8, color="#444444", va="bottom", linespacing=1.25)


def _line(x: Any, y: Any, style: _Style, **extra: Any) -> Line2D:
    look: Any = {"color": style.colour, "ls": style.dashes, "lw": style.width, "marker": style.marker}
    size = 4.8 if style.front else 3.4
    return Line2D(x, y, ms=size, mew=0.8, zorder=3 + 2 * style.front, **look, **extra)


def _lines(panel: Axes, curves: Curves, styles: Mapping[str, _Style], *, lowest: float = 0.0) -> None:
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
        panel.fill_between(hours, band.low, band.high, color=style.colour, alpha=opacity, lw=0, zorder=layer)
        start = first + apart // 3 + i * apart // len(drawn)
        panel.add_line(_line(hours, band.mean, style, markevery=(start, apart)))
    panel.set_xlim(hours[max(first - 2, 0)], hours[-1])
    panel.autoscale_view(scalex=False)
    _plain_ticks(panel.xaxis, *panel.get_xlim())
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


def _plain_ticks(axis: Axis, low: float, high: float) -> None:
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


def _mark_ceiling(
    panel: Axes, dataset: str, ceilings: Mapping[str, float] | None, *, along: Literal["x", "y"]
) -> float | None:
    value = (ceilings or {}).get(dataset)
    if value is not None:
        draw = panel.axhline if along == "y" else panel.axvline
        draw(value, color="#555555", lw=0.7, ls=(0, (1, 2)), zorder=1)
    return value


def _boxes(panel: Axes, values: Sequence[FloatArray], styles: Sequence[_Style]) -> None:
    """Draw one box per searcher from the top down, with the first runs spread evenly over its height."""
    pooled = np.concatenate(list(values))
    hundredth, tenth, high = (float(value) for value in np.quantile(pooled, [0.01, 0.1, 1], method="lower"))
    low = max(hundredth, high - 3 * (high - tenth))
    margin = max(0.1 * (high - low), 0.05)  # on the left it holds the counts of runs left out
    for place, (runs, style) in enumerate(zip(values, styles, strict=True)):
        if not runs.size:
            continue
        shown = runs[runs >= low][:_POINTS]
        heights = place + 0.3 * (np.linspace(0, 38 * np.pi, len(shown)) % 2 - 1)
        panel.plot(shown, heights, ".", color=style.colour, ms=2.4, mew=0, alpha=0.6, zorder=2)
        _box(panel, runs, place, style.colour)
        n_below = int((runs < low).sum())
        if n_below:
            text = panel.text(low - 0.9 * margin, place, f"<{n_below}", fontsize=5.5, va="center", zorder=9)
            text.set_bbox({"facecolor": "white", "lw": 0, "pad": 0.4})
    panel.set_ylim(len(values) - 0.4, -0.6)
    panel.set_xlim(low - margin, high + margin / 2)
    panel.locator_params(axis="x", nbins=5)
    panel.grid(visible=False, axis="y")


def _box(panel: Axes, runs: FloatArray, place: int, colour: str) -> None:
    line = {"color": colour, "lw": 0.8}
    shape: Any = {"orientation": "horizontal", "widths": 0.62, "whis": (5, 95), "patch_artist": True, "zorder": 3}
    looks: Any = {
        "boxprops": {"facecolor": (colour, 0.18), "edgecolor": colour, "lw": 0.8},
        "medianprops": {"color": colour, "lw": 1.6},
        "meanprops": {"marker": "D", "mfc": "white", "mec": "black", "ms": 2.8, "mew": 0.6},
        **{"whiskerprops": line, "capprops": line},
    }
    panel.boxplot([runs], positions=[place], showfliers=False, showmeans=True, manage_ticks=False, **shape, **looks)
