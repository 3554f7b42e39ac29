"""Figures of the study: quality against price, calibration, real against modelled curves. One panel per data set."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.predictors.candidates import REFERENCE
from harness.predictors.cells import LONG, SHORT
from harness.predictors.measures import LEVELS
from harness.predictors.summary import JUDGED
from harness.show.looks import Roles, Style, line, plain_ticks, styles_of
from harness.show.panels import drawn_panels
from pmfnas.core.types import FloatArray

ROLES = Roles(REFERENCE, ("flops", "last_valid", "params"))

_FREE_HOURS = 0.1
"""Place of free predictors on the logarithmic axis, GPU-hours."""


def quality_figure(summary: pd.DataFrame, about: str) -> Figure:
    """Return Kendall's tau against total GPU-hours: per predictor the best tau that its cells reach at a price.

    Args:
        summary: from `harness.predictors.summary.summarise`; its uniform and affordable cells of the short schedule
            are drawn, those without any information left out.
        about: data, splits and archs judged.
    """
    rows = summary[(summary["schedule"] == SHORT) & summary["kind"].isin(["uniform", "affordable"])]
    rows = rows[rows["tau"] != 0.0]
    caption = (
        f"{about}. Price: everything learnt from and the curves of {JUDGED} archs that are judged; what costs "
        f"nothing stands at {_FREE_HOURS:g} h. Lines: the best mean tau of any number of labels and epochs at that "
        "price or below."
    )
    styles = _styles(rows, ROLES.reference)
    with drawn_panels(rows["dataset"], caption, styles, up="Kendall tau", height=2.6) as (
        figure,
        panels,
    ):
        for dataset, panel in panels.items():
            _quality_panel(panel, rows[rows["dataset"] == dataset], styles)
    return figure


def envelope(hours: FloatArray, quality: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the points that no cheaper one equals or exceeds, cheapest first: prices and qualities."""
    order = np.lexsort((-quality, hours))
    kept, best = [], -np.inf
    for i in order:
        if quality[i] > best:
            kept.append(i)
            best = quality[i]
    return hours[kept], quality[kept]


def _quality_panel(panel: Axes, rows: pd.DataFrame, styles: Mapping[str, Style]) -> None:
    panel.set_xscale("log")
    hours = np.maximum(rows["total_s"].to_numpy(dtype=float) / 3600, _FREE_HOURS)
    right = float(hours.max()) * 1.1
    for name, style in styles.items():
        mine = (rows["predictor"] == name).to_numpy()
        if mine.any():
            x, y = envelope(hours[mine], rows["tau"].to_numpy(dtype=float)[mine])
            panel.add_line(line(np.append(x, right), np.append(y, y[-1]), style, markevery=list(range(len(x)))))
    panel.set_xlim(_FREE_HOURS * 0.9, right)
    panel.autoscale_view(scalex=False)
    plain_ticks(panel.xaxis, *panel.get_xlim())
    panel.set_xlabel("GPU-hours in total")


def calibration_figure(summary: pd.DataFrame, about: str, n_known: int = 100, epochs: int = 12) -> Figure:
    """Return covered against nominal percentages of the predictors that state intervals, in one cell."""
    cell = (summary["n_known"] == n_known) & (summary["epochs"] == epochs) & (summary["schedule"] == SHORT)
    rows = summary[cell & (summary["kind"] == "uniform") & summary["coverage_90"].notna()]
    caption = (
        f"{about}. {n_known} archs learnt from, {SHORT}@{epochs} seen. On the thin line an interval covers what it "
        "says; below it a predictor is too sure of itself."
    )
    styles, levels = _styles(rows, ROLES.reference), np.array(list(LEVELS), dtype=float)
    with drawn_panels(rows["dataset"], caption, styles, up="covered (%)") as (figure, panels):
        for dataset, panel in panels.items():
            panel.plot([40, 100], [40, 100], color="#555555", lw=0.7, ls=(0, (1, 2)), zorder=1)
            for row in rows[rows["dataset"] == dataset].to_dict("records"):
                covered = [row[f"coverage_{level}"] for level in LEVELS]
                panel.add_line(line(levels, covered, styles[row["predictor"]]))
            panel.set_xlim(45, 100)
            panel.autoscale_view(scalex=False)
            panel.set_xlabel("nominal (%)")
    return figure


def real_figure(summary: pd.DataFrame, about: str, n_known: int = 100) -> Figure:
    """Return tau over the epochs seen of schedule 200, on real curves and on modelled ones."""
    rows = summary[(summary["schedule"] == LONG) & (summary["n_known"] == n_known)]
    rows = rows[rows["kind"].isin(["real", "modelled"])]
    caption = (
        f"{about}. {n_known} archs learnt from. Thick: archs whose curves are real; thin: as many archs with modelled "
        "curves, the same columns shown."
    )
    styles = _styles(rows, ROLES.reference)
    with drawn_panels(rows["dataset"], caption, styles, up="Kendall tau", height=2.6) as (
        figure,
        panels,
    ):
        for dataset, panel in panels.items():
            panel.set_xscale("log")
            for (name, kind), of in rows[rows["dataset"] == dataset].groupby(["predictor", "kind"], sort=False):
                ordered, style = of.sort_values("epochs"), styles[str(name)]
                look = Style(style.colour, style.dashes, style.marker if kind == "real" else "", 1.6, style.front)
                drawn = line(ordered["epochs"].to_numpy(), ordered["tau"].to_numpy(), look)
                drawn.set_linewidth(1.6 if kind == "real" else 0.6)
                panel.add_line(drawn)
            panel.autoscale_view()
            plain_ticks(panel.xaxis, *panel.get_xlim())
            panel.set_xlabel("epochs seen of schedule 200")
    return figure


def _styles(rows: pd.DataFrame, reference: str) -> dict[str, Style]:
    """Return a style per predictor, best mean tau first."""
    styles = styles_of(rows["predictor"], Roles(reference, ROLES.controls))
    means = rows.groupby("predictor")["tau"].mean()
    return {str(name): styles[str(name)] for name in means.sort_values(ascending=False, kind="stable").index}
