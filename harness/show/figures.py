"""The three main figures of an experiment: accuracy and regret over GPU-hours, final accuracy per searcher.

Every figure has one panel per data set and says which data, budget, workers, accounting and number of seeds it shows.
A few searchers are in colour and labelled at the end of their lines; the others are grey
(`harness.show.looks.highlighted`). A row of panels has the labels once, at its last panel.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.score.words import words_of
from harness.show.looks import Style, accuracy_panel, highlighted, mark_ceiling, regret_panel
from harness.show.panels import band_note, caption_of, colour_rule, drawn_panels, label_ends, label_room
from harness.stats.curves import NOTHING_OK, Curves, mean_curves
from harness.stats.decision import MIN_SEEDS
from harness.stats.runs import checked_runs, groups, scores
from pmfnas.core.errors import InputError
from pmfnas.core.types import FloatArray

COLUMNS = 3
"""Number of columns of panels with labelled lines."""
HEIGHT = 2.1
"""Height of a panel with labelled lines, inches."""
_POINTS = 60  # maximum number of runs drawn as points per box


def accuracy_figure(
    runs: pd.DataFrame,
    steps: pd.DataFrame,
    *,
    styles: Mapping[str, Style] | None = None,
    chosen: bool = False,
    ceilings: Mapping[str, float] | None = None,
    rng: np.random.Generator,
) -> Figure:
    """Return mean test accuracy over GPU-hours, one panel per data set; 95 % bands from 20 seeds on.

    The x-axis is logarithmic, workers x clock. Both axes are cut to the range in which the searchers differ; a searcher
    that ends below it is named at the lower edge. A line begins when all runs of its searcher have an incumbent.

    Args:
        runs: see `harness.stats.runs`; failed runs are left out.
        steps: see `harness.stats.runs`.
        styles: from `harness.show.looks.highlighted`; by default the leading searchers are in colour.
        chosen: whether the caller chose the searchers in colour.
        ceilings: per data set, an accuracy to mark with a thin line, such as the best test accuracy.
        rng: seeds the bootstrap of the bands.

    Raises:
        InputError: the frames are not what `harness.stats.runs` describes, or no run is ok.
    """
    checked = checked_runs(runs)
    curves, looks = mean_curves(checked, steps, "test", rng=rng), styles or highlighted(surest_first(checked))
    words = words_of(checked)
    dotted = f" Dotted: best {words.accuracy} of the data set." if ceilings else ""
    reading = f"{colour_rule(checked, looks, chosen=chosen)}{band_note(checked)}{dotted}"
    with _curve_panels(curves, caption_of(checked, reading), looks, f"mean {words.axis}") as (figure, panels):
        for dataset, panel in panels.items():
            accuracy_panel(panel, curves[dataset], looks, ceiling=(ceilings or {}).get(dataset))
            if dataset in _row_ends(panels):
                label_ends(panel, _ends(curves[dataset]), looks, height=HEIGHT)
    return figure


def regret_figure(
    runs: pd.DataFrame,
    steps: pd.DataFrame,
    *,
    column: Literal["test_regret", "valid_regret"] = "test_regret",
    styles: Mapping[str, Style] | None = None,
    chosen: bool = False,
    rng: np.random.Generator,
) -> Figure:
    """Return mean regret over GPU-hours on two logarithmic axes, one panel per data set.

    A mean regret of zero is drawn on the lower edge, a factor of two below the smallest positive mean. Arguments and
    errors as in `accuracy_figure`.
    """
    checked = checked_runs(runs)
    curves, looks = mean_curves(checked, steps, column, rng=rng), styles or highlighted(surest_first(checked))
    words = words_of(checked)
    name = {"test_regret": words.regret, "valid_regret": "validation regret"}[column]
    reading = (
        f"{colour_rule(checked, looks, chosen=chosen)}Regret: {words.points} below the best of the data set; a mean of "
        f"zero is drawn on the lower edge. {band_note(checked)}"
    )
    with _curve_panels(curves, caption_of(checked, reading), looks, f"mean {name} ({words.short_points})") as (
        figure,
        panels,
    ):
        for dataset, panel in panels.items():
            regret_panel(panel, curves[dataset], looks)
            if dataset in _row_ends(panels):
                low = panel.get_ylim()[0] / 0.92  # a mean of zero is drawn here
                ends = {who: max(end, low) for who, end in _ends(curves[dataset]).items()}
                label_ends(panel, ends, looks, height=HEIGHT)
    return figure


def _curve_panels(
    curves: Mapping[str, Curves], caption: str, looks: Mapping[str, Style], up: str
) -> AbstractContextManager[tuple[Figure, dict[str, Axes]]]:
    return drawn_panels(curves, caption, up=up, height=HEIGHT, left=0.55, after=label_room(looks), columns=COLUMNS)


def _row_ends(panels: Mapping[str, Axes]) -> list[str]:
    """Return the data sets whose panels are the last of their row."""
    names = list(panels)
    return [*names[COLUMNS - 1 :: COLUMNS], names[-1]]


def _ends(curves: Curves) -> dict[str, float]:
    return {name: float(band.mean[-1]) for name, band in curves.bands.items()}


def final_figure(
    runs: pd.DataFrame,
    *,
    styles: Mapping[str, Style] | None = None,
    chosen: bool = False,
    ceilings: Mapping[str, float] | None = None,
) -> Figure:
    """Return the final test accuracy per searcher: box, mean and single runs, the best mean rank on top.

    A box spans the quartiles and shows the median; whiskers reach from 5 % to 95 %; the diamond is the mean. The axis
    omits the lowest hundredth of a panel's runs and outliers far below, and the edge shows their number.
    Arguments and errors as in `accuracy_figure`.
    """
    checked = checked_runs(runs)
    values: dict[str, dict[str, FloatArray]] = {}
    for (dataset, searcher), rows in groups(checked).items():
        if rows["ok"].any():
            values.setdefault(dataset, {})[searcher] = scores(rows, "test")
    if not values:
        raise InputError(NOTHING_OK)
    names, words = ranked(checked), words_of(checked)
    looks = styles or highlighted(surest_first(checked))
    dotted = f" Dotted: best {words.accuracy} of the data set." if ceilings else ""
    reading = (
        f"{colour_rule(checked, looks, chosen=chosen)}Box: quartiles and median; whiskers: 5 % and 95 % of the "
        f"runs; diamond: mean; points: the first {_POINTS} runs; <k: k runs lie lower than the axis.{dotted}"
    )
    with row_panels(values, caption_of(checked, reading), names) as (figure, panels):
        for dataset, panel in panels.items():
            _boxes(panel, [values[dataset].get(name, np.empty(0)) for name in names], [looks[n] for n in names])
            mark_ceiling(panel, (ceilings or {}).get(dataset), along="x")
            panel.set_xlabel(words.axis)
    return figure


@contextmanager
def row_panels(
    titles: Iterable[str], caption: str, names: Sequence[str], *, width: float | None = None
) -> Iterator[tuple[Figure, dict[str, Axes]]]:
    """Yield panels with one row per searcher from the top down; the first panel has the names at its left."""
    left = 0.2 + 0.058 * max(map(len, names))
    height = 0.35 + 0.17 * len(names)
    with drawn_panels(titles, caption, height=height, left=left, width=width) as (figure, panels):
        yield figure, panels
        for place, panel in enumerate(panels.values()):
            panel.set_yticks(range(len(names)), [""] * len(names) if place else names)
            panel.tick_params(axis="y", length=0)
            panel.set_ylim(len(names) - 0.4, -0.6)
            panel.grid(visible=False, axis="y")


def ranked(checked: pd.DataFrame) -> list[str]:
    """Return the searchers with an ok run, ordered by the mean rank of their mean test accuracy, the best first.

    A searcher that lacks a data set is ranked on its other data sets, so that it has a place in every figure.
    """
    ok = checked[checked["ok"]]
    means = ok.pivot_table(index="searcher", columns="dataset", values="test", aggfunc="mean", observed=True)
    ranks = means.sort_index().rank(ascending=False).mean(axis=1)
    return [str(name) for name in ranks.sort_values(kind="stable").index]


def surest_first(checked: pd.DataFrame) -> list[str]:
    """Return the searchers by mean rank; those with too few seeds for a claim come last: one good run may be luck."""
    ok = checked[checked["ok"]]
    fewest = ok.groupby(["searcher", "dataset"]).size().groupby("searcher").min()
    return sorted(ranked(checked), key=lambda name: bool(fewest[name] < MIN_SEEDS <= fewest.max()))


# ------------------------------------------------------------------------------------------------- drawing


def _boxes(panel: Axes, values: Sequence[FloatArray], styles: Sequence[Style]) -> None:
    """Draw one box per searcher from the top down, with the first runs spread evenly over its height."""
    pooled = np.concatenate(list(values))
    hundredth, tenth, high = (float(value) for value in np.quantile(pooled, [0.01, 0.1, 1], method="lower"))
    low = max(hundredth, high - 3 * (high - tenth))
    margin = max(0.1 * (high - low), 0.05)  # the left margin holds the numbers of omitted runs
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
    panel.set_xlim(low - margin, high + margin / 2)
    panel.locator_params(axis="x", nbins=5)


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
