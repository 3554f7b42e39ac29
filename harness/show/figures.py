"""Figures of an experiment, as PNG and PDF: accuracy and regret over GPU-hours, final accuracy per searcher.

Every figure has one panel per data set and says below which data, budget, workers, accounting and number of seeds it
shows. Drawing leaves the plotting library's settings as they were and needs no display; the same frames give the same
bytes on one version of the library. Looks and panels are those of `harness.show.looks`.
"""

import io
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from harness.score.words import words_of
from harness.show.cells import least_to_most, rules_of
from harness.show.looks import (
    ROLES,
    Roles,
    Style,
    accuracy_panel,
    line,
    mark_ceiling,
    regret_panel,
    settings,
    styles_of,
)
from harness.stats.curves import NOTHING_OK, Curves, mean_curves
from harness.stats.decision import MIN_SEEDS, NO_CLAIM
from harness.stats.runs import checked_runs, groups, scores
from pmfnas.core.errors import InputError
from pmfnas.core.types import FloatArray
from pmfnas.files import write_bytes

_DPI = 200
_POINTS = 60  # runs drawn as points per box; more only blacken it

_Best: TypeAlias = Literal["high", "low"]


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
    styles = _ranked(curves, styles_of(checked["searcher"], roles), best="high")
    caption, name = _caption(checked, "bands: 95 % bootstrap of the mean"), words_of(checked).accuracy
    with drawn_panels(curves, caption, styles, up=f"{name} of the incumbent (%)") as (figure, panels):
        for dataset, panel in panels.items():
            accuracy_panel(panel, curves[dataset], styles, ceiling=(ceilings or {}).get(dataset))
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
    styles = _ranked(curves, styles_of(checked["searcher"], roles), best="low")
    reading = "bands: 95 % bootstrap of the mean; a mean of zero stands on the lower edge"
    name = {"test_regret": words_of(checked).regret, "valid_regret": "validation regret"}[column]
    up = f"{name} of the incumbent (points)"
    with drawn_panels(curves, _caption(checked, reading), styles, up=up) as (figure, panels):
        for dataset, panel in panels.items():
            regret_panel(panel, curves[dataset], styles)
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
    styles = styles_of(checked["searcher"], roles)
    caption = _caption(
        checked, "box: quartiles and median; whiskers: 5 % and 95 %; diamond: mean; points: runs; <k: k runs lower"
    )
    with drawn_panels(values, caption, height=0.35 + 0.17 * len(names), left=1.35) as (figure, panels):
        for place, (dataset, panel) in enumerate(panels.items()):
            _boxes(panel, [values[dataset].get(name, np.empty(0)) for name in names], [styles[n] for n in names])
            mark_ceiling(panel, (ceilings or {}).get(dataset), along="x")
            panel.set_xlabel(f"{words_of(checked).accuracy} (%)")
            panel.set_yticks(range(len(names)), [""] * len(names) if place else names)
            panel.tick_params(axis="y", length=0)
    return figure


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


# --------------------------------------------------------------------------------------- order and captions


def _ranked(curves: Mapping[str, Curves], styles: Mapping[str, Style], *, best: _Best) -> dict[str, Style]:
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
        seeds = rows[rows["ok"]].groupby("searcher").size()
        texts[str(dataset)] = f"{', '.join(rules_of(rows.iloc[0]))}, n = {least_to_most(seeds)}"
    each = set(texts.values())
    same = each.pop() if len(each) == 1 else "; ".join(f"{name}: {text}" for name, text in texts.items())
    n_failed = int((~checked["ok"]).sum())
    failed = f"; {n_failed} failed runs left out" if n_failed else ""
    return f"{same}{failed}{f'; {NO_CLAIM}' if few else ''}; {reading}."


# ------------------------------------------------------------------------------------------------- drawing


@contextmanager
def drawn_panels(
    datasets: Iterable[str],
    caption: str,
    legend: Mapping[str, Style] | None = None,
    *,
    up: str = "",
    height: float = 2.1,
    left: float = 0.5,
) -> Iterator[tuple[Figure, dict[str, Axes]]]:
    """Give a figure with one empty panel per data set; add legend and caption when the block ends.

    All lengths are inches, so that panels keep their size whatever stands below them.
    """
    names = list(dict.fromkeys(datasets))
    n, gap, right, top = len(names), 0.4, 0.1, 0.3
    panel = max(2.1, 4.4 / n)
    width = left + n * panel + (n - 1) * gap + right
    lines = textwrap.wrap(caption, int(width * 20))
    n_columns = max(1, int(width / 1.45))
    legend_height = 0.15 * -(-len(legend) // n_columns) + 0.08 if legend else 0.0
    bottom = 0.42 + legend_height + 0.12 * len(lines)
    whole = top + height + bottom
    with matplotlib.rc_context(settings()):
        figure = Figure(figsize=(width, whole))
        panels = {}
        for i, dataset in enumerate(names):
            box = ((left + i * (panel + gap)) / width, bottom / whole, panel / width, height / whole)
            panels[dataset] = figure.add_axes(box, title=dataset)
        next(iter(panels.values())).set_ylabel(up)
        yield figure, panels
        if legend:
            handles = [line([], [], style, label=name) for name, style in legend.items()]
            place: Any = {"loc": "upper center", "bbox_to_anchor": (0.5, (bottom - 0.38) / whole)}
            figure.legend(handles=handles, ncols=n_columns, frameon=False, handlelength=3.2, **place)
        low = (0.06 / width, 0.05 / whole)
        figure.text(*low, "\n".join(lines), fontsize=5.8, color="#444444", va="bottom", linespacing=1.25)


def _boxes(panel: Axes, values: Sequence[FloatArray], styles: Sequence[Style]) -> None:
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
