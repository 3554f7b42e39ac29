"""The critical-difference diagram: mean ranks over data sets, and who cannot be told apart (Demšar 2006)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.score.words import words_of
from harness.show.cells import p_text
from harness.show.looks import Style
from harness.show.panels import drawn_panels
from harness.stats.ranking import Ranking, ranking

_STEP = 1.0
"""Height of a name, and of nothing else: bars stand closer."""
_BAR = 0.45
_NAME_PT = 7.0
FEW_DATASETS = 10
"""Data sets below which the caption warns that the diagram says little."""


def ranking_of(summary: pd.DataFrame) -> Ranking | None:
    """Return the ranking of the searchers with a result on every data set; None for one of them or one data set.

    Args:
        summary: from `harness.stats.summary.summarise`.
    """
    means = summary.pivot(index="searcher", columns="dataset", values="test_mean").dropna()
    if len(means) < 2 or means.shape[1] < 2:
        return None
    return ranking([str(name) for name in means.index], means.to_numpy())


def rank_figure(summary: pd.DataFrame, styles: Mapping[str, Style]) -> Figure | None:
    """Return the critical-difference diagram; None where `ranking_of` gives no ranking.

    Args:
        summary: from `harness.stats.summary.summarise`.
        styles: from `harness.show.looks.highlighted`.
    """
    found = ranking_of(summary)
    if found is None:
        return None
    half = -(-len(found.searchers) // 2)
    height = 0.3 + 0.17 * (half * _STEP + _BAR * len(found.groups) + 1.5)
    room = 0.2 + 0.068 * max(map(len, found.searchers))
    with drawn_panels([""], _caption(found, summary), height=height, left=room, right=room, above=0.65, width=4.2) as (
        figure,
        panels,
    ):
        draw_ranks(next(iter(panels.values())), found, styles)
    return figure


def _caption(found: Ranking, summary: pd.DataFrame) -> str:
    friedman = "" if np.isnan(found.friedman_p) else f" Friedman test of equal ranks: {p_text(found.friedman_p)}."
    few = (
        f" {found.n_datasets} data sets are few for this test: searchers under one bar need not be alike. Comparisons "
        "on each data set are in the table."
        if found.n_datasets < FEW_DATASETS
        else ""
    )
    left_out = sorted(set(summary["searcher"]) - set(found.searchers))
    lacking = f" Left out, since they lack a data set: {', '.join(map(str, left_out))}." if left_out else ""
    datasets, data = ", ".join(map(str, summary["dataset"].unique())), str(summary["data"].iloc[0])
    return (
        f"Rank by mean {words_of(summary).accuracy}, averaged over {datasets} ({data} data); 1 is best. A bar joins "
        f"searchers whose mean ranks differ by no more than the critical difference CD = "
        f"{found.critical_difference:.2f} (Nemenyi test, 5 %).{friedman}{few}{lacking}"
    )


def draw_ranks(panel: Axes, found: Ranking, styles: Mapping[str, Style]) -> None:
    """Draw the diagram: the axis of ranks above, bars below it, the better half named left, the other half right."""
    n = len(found.searchers)
    half, bars = -(-n // 2), _BAR * (len(found.groups) + 1)
    for i, (name, rank) in enumerate(zip(found.searchers, found.mean_ranks, strict=True)):
        is_left = i < half
        level = bars + _STEP * (i + 0.6 if is_left else n - 1 - i + 0.6)
        _named(panel, f"{name}", float(rank), level, 1.0 if is_left else float(n), styles[name], is_left=is_left)
    for place, (first, last) in enumerate(found.groups, start=1):
        ends = [found.mean_ranks[first] - 0.06, found.mean_ranks[last] + 0.06]
        panel.plot(ends, [_BAR * place] * 2, color="#333333", lw=2.6, solid_capstyle="butt", zorder=4)
    _critical_difference(panel, found)
    panel.text(1, -0.15, "mean rank   ", ha="right", va="bottom", fontsize=_NAME_PT, clip_on=False)
    panel.set_xlim(1, n)
    panel.set_ylim(bars + _STEP * half + 0.2, 0)
    panel.set_yticks([])
    panel.xaxis.tick_top()
    panel.set_xticks(range(1, n + 1, max(1, round(n / 10))))
    for side in ("left", "bottom", "right"):
        panel.spines[side].set_visible(False)
    panel.spines["top"].set_visible(True)
    panel.grid(visible=False)


def _named(panel: Axes, name: str, rank: float, level: float, edge: float, style: Style, *, is_left: bool) -> None:
    """Draw the line from a rank down and out to the name beside the diagram."""
    panel.plot([rank, rank, edge], [0, level, level], color=style.colour, lw=max(style.width, 0.8), clip_on=False)
    look: Any = {"va": "center", "fontsize": _NAME_PT, "clip_on": False, "weight": "bold" if style.front > 1 else None}
    text, side = (f"{name}  {rank:.1f} ", "right") if is_left else (f" {rank:.1f}  {name}", "left")
    panel.text(edge, level, text, ha=side, **look)


def _critical_difference(panel: Axes, found: Ranking) -> None:
    """Draw the length of the critical difference above the axis, as far as the axis reaches."""
    above, n = -1.55, len(found.searchers)
    end = min(1 + found.critical_difference, float(n))
    panel.plot([1, end], [above] * 2, color="black", lw=1.0, marker="|", ms=5, clip_on=False)
    more = " (longer than the axis)" if end < 1 + found.critical_difference else ""
    text = f"CD = {found.critical_difference:.2f}{more}"
    panel.text((1 + end) / 2, above - 0.25, text, ha="center", va="bottom", fontsize=6.5, clip_on=False)
