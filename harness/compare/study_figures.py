"""The figure of a study: every difference with its interval, one panel per data set.

A row is a part or a setting. It has one point per budget or per kind of change. A point is filled if the difference is
significant and hollow otherwise, so that noise does not stand out.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.compare.study_tables import measures, rules
from harness.host.units import written_hours
from harness.score.words import words_of
from harness.show.looks import Style
from harness.show.panels import drawn_panels
from harness.stats.decision import SIGNIFICANT

_COLOURS = ("#332288", "#D55E00", "#117733", "#CC6677", "#88CCEE", "#999933")
_MARKERS = ("o", "s", "D", "^", "v", "P")

_BETTER_SIDE: Mapping[str, str] = {"test": "right", "valid_regret": "left"}


def difference_figure(frame: pd.DataFrame, measure: str) -> Figure:
    """Return a figure of the differences full searcher - variant by one measure, one panel per data set.

    Args:
        frame: from `harness.compare.study_tables.described`; its order is the order of the rows from the top down.
        measure: "test" or "valid_regret".
    """
    rows = frame[(frame["measure"] == measure) & (frame["n_pairs"] > 0)]
    series = _series(rows)
    styles = {name: _style(place) for place, name in enumerate(dict.fromkeys(series))}
    subjects = list(dict.fromkeys(rows["subject"]))
    datasets = list(dict.fromkeys(rows["dataset"]))
    caption = (
        f"{rules(rows)}. Full searcher less variant, mean over paired seeds: {_BETTER_SIDE[measure]} of 0 the full "
        f"searcher is better. Lines: 95 % BCa intervals; filled: p < {SIGNIFICANT:g}, Wilcoxon, Holm per budget and "
        "data set."
    )
    height = len(subjects) * (0.1 + 0.075 * len(styles))
    with drawn_panels(datasets, caption, styles, height=height, left=1.35) as (figure, panels):
        for place, (dataset, panel) in enumerate(panels.items()):
            chosen = rows["dataset"] == dataset
            _points(panel, rows[chosen], series[chosen], subjects, styles)
            panel.set_yticks(range(len(subjects)), [""] * len(subjects) if place else subjects)
            unit = words_of(frame).short_points
            panel.set_xlabel(f"difference in {measures(frame)[measure]} ({unit})")
    return figure


def _series(rows: pd.DataFrame) -> "pd.Series[str]":
    """Return the label that distinguishes the points of a row: the budget, the kind of change, or both."""
    hours = rows["budget_s"].map(written_hours)
    if rows["kind"].nunique() <= 1:
        return hours
    return rows["kind"] if hours.nunique() <= 1 else rows["kind"] + ", " + hours


def _style(place: int) -> Style:
    return Style(_COLOURS[place % len(_COLOURS)], "none", _MARKERS[place % len(_MARKERS)], 0.9, 0)


def _points(
    panel: Axes, rows: pd.DataFrame, series: "pd.Series[str]", subjects: Sequence[str], styles: Mapping[str, Style]
) -> None:
    """Draw the points of one panel; points of the same subject stand below each other."""
    half = min(0.33, 0.14 * (len(styles) - 1))
    offsets = dict(zip(styles, np.linspace(-half, half, len(styles)), strict=True))
    for place in range(0, len(subjects), 2):
        panel.axhspan(place - 0.5, place + 0.5, color="#f5f5f5", lw=0, zorder=0)
    panel.axvline(0.0, color="#555555", lw=0.7, zorder=1)
    for (_, row), name in zip(rows.iterrows(), series, strict=True):
        style, height = styles[name], subjects.index(row["subject"]) + offsets[name]
        panel.plot([row["ci_low"], row["ci_high"]], [height, height], color=style.colour, lw=style.width, zorder=2)
        filled = style.colour if row["p_value"] < SIGNIFICANT else "white"
        panel.plot([row["difference"]], [height], style.marker, mfc=filled, mec=style.colour, ms=3.2, mew=0.8, zorder=3)
    panel.set_ylim(len(subjects) - 0.5, -0.5)
    panel.locator_params(axis="x", nbins=5)
    panel.tick_params(axis="y", length=0)
    panel.grid(visible=False, axis="y")
