"""Small multiples: each searcher's curve beside the reference's, one panel per searcher, one figure per data set."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.score.words import words_of
from harness.show.looks import ROLES, highlighted, regret_panel
from harness.show.panels import band_note, caption_of, drawn_panels
from harness.stats.curves import Curves, mean_curves
from harness.stats.runs import checked_runs

COLUMNS = 4


def against_figures(
    runs: pd.DataFrame,
    steps: pd.DataFrame,
    ranked: Sequence[str],
    *,
    reference: str = ROLES.reference,
    rng: np.random.Generator,
) -> dict[str, Figure]:
    """Return, per data set, mean regret over GPU-hours of each searcher beside the reference's.

    All panels of a figure share their axes. Each panel shows the curves of all other searchers in grey.

    Args:
        runs: see `harness.stats.runs`; failed runs are left out.
        steps: see `harness.stats.runs`.
        ranked: searchers in the order of the panels; the reference gets no panel of its own.
        reference: shown in every panel. A data set without a run of the reference gets no figure.
        rng: seeds the bootstrap of the bands.

    Raises:
        InputError: the frames are not what `harness.stats.runs` describes, or no run is ok.
    """
    checked = checked_runs(runs)
    found = mean_curves(checked, steps, "test_regret", rng=rng)
    figures: dict[str, Figure] = {}
    for dataset, curves in found.items():
        others = [name for name in ranked if name in curves.bands and name != reference]
        if others and reference in curves.bands:
            figures[dataset] = _figure(checked[checked["dataset"] == dataset], curves, others, reference)
    return figures


def _figure(checked: pd.DataFrame, curves: Curves, others: Sequence[str], reference: str) -> Figure:
    dataset, words = str(checked["dataset"].iloc[0]), words_of(checked)
    reading = (
        f"{dataset}. Thick orange: {reference}; in colour: the searcher named above the panel; grey: all others. "
        f"{band_note(checked)} A mean of zero is drawn on the lower edge."
    )
    with drawn_panels(
        others, caption_of(checked, reading), height=1.15, left=0.5, right=0.02, columns=COLUMNS, width=1.55
    ) as (figure, panels):
        for place, (name, panel) in enumerate(panels.items()):
            styles = highlighted([reference, name, *others], (reference, name), reference)
            regret_panel(panel, curves, styles)
            panel.set_title(name, color=styles[name].colour)
            _quiet(panel, place, len(others))
        figure.supylabel(f"mean {words.regret} ({words.short_points})", fontsize=7, x=0.004)
        top = max(panel.get_ylim()[1] for panel in panels.values())
        for panel in panels.values():
            panel.set_ylim(top=top)
    return figure


def _quiet(panel: Axes, place: int, n: int) -> None:
    """Label the axes only in the first panel of a row and the last panel of a column."""
    if place + COLUMNS < n:
        panel.set_xlabel("")
    if place % COLUMNS:
        panel.tick_params(axis="y", labelleft=False)
