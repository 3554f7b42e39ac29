"""Performance profiles: the share of runs whose final regret is at most x (Agarwal et al. 2021)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from harness.score.words import words_of
from harness.show.looks import GREY, Style, in_colour, line, plain_ticks
from harness.show.panels import band_note, caption_of, colour_rule, drawn_panels
from harness.stats.curves import NOTHING_OK
from harness.stats.decision import MIN_SEEDS
from harness.stats.reaching import Shares, profiles
from harness.stats.runs import checked_runs
from pmfnas.core.errors import InputError
from pmfnas.core.types import FloatArray

SMALLEST = 0.003
"""Left end of the axis, percent points: smaller than the gaps between the leading archs of a data set."""
_OTHERS = "others"


def profile_figure(
    runs: pd.DataFrame, styles: Mapping[str, Style], *, chosen: bool = False, rng: np.random.Generator
) -> Figure:
    """Return the performance profiles, one panel per data set, and one panel over all data sets.

    Args:
        runs: see `harness.stats.runs`.
        styles: from `harness.show.looks.highlighted`.
        chosen: whether the caller chose the searchers in colour.
        rng: seeds the bootstrap of the bands.

    Raises:
        InputError: the frame is not what `harness.stats.runs` describes, or no run is ok.
    """
    checked = checked_runs(runs)
    if not checked["ok"].any():
        raise InputError(NOTHING_OK)
    found, words = profiles(checked, regrets_of(checked), rng=rng), words_of(checked)
    reading = (
        f"Share of runs that end at most so many {words.points} below the best of the data set; higher is better. "
        f"{colour_rule(checked, styles, chosen=chosen)}{band_note(checked, '95 % bootstrap interval over seeds')}"
    )
    legend = {name: styles[name] for name in in_colour(styles)}
    greys = [style for style in styles.values() if style.colour == GREY]
    legend |= {_OTHERS: greys[0]} if greys else {}
    with drawn_panels(
        found, caption_of(checked, reading), legend, up="share of runs", left=0.55, columns=2, width=2.9
    ) as (figure, panels):
        for dataset, panel in panels.items():
            draw_shares(panel, found[dataset], styles)
            panel.set_xlabel(f"{words.regret} ({words.short_points})")
    return figure


def regrets_of(checked: pd.DataFrame) -> FloatArray:
    """Return the regrets at which profiles are drawn, evenly spaced on a logarithmic axis."""
    largest = float(checked.loc[checked["ok"], "test_regret"].quantile(0.99))
    return np.asarray(np.geomspace(SMALLEST, max(largest, 10 * SMALLEST), 100))


def draw_shares(panel: Axes, shares: Shares, styles: Mapping[str, Style]) -> None:
    """Draw shares of runs over a logarithmic axis; searchers in colour have bands from 20 seeds on and lie in front."""
    panel.set_xscale("log")
    for name, style in styles.items():
        if name not in shares.bands:
            continue
        band = shares.bands[name]
        if style.front and band.n >= MIN_SEEDS:
            opacity, layer = (0.1, 0.2)[style.front - 1], 2 + 2 * style.front
            panel.fill_between(
                shares.at, band.low, band.high, step="post", color=style.colour, alpha=opacity, lw=0, zorder=layer
            )
        panel.add_line(line(shares.at, band.mean, style, drawstyle="steps-post"))
    panel.set_xlim(shares.at[0], shares.at[-1])
    panel.set_ylim(-0.02, 1.03)
    panel.yaxis.set_major_formatter(PercentFormatter(1.0))
    plain_ticks(panel.xaxis, *panel.get_xlim())
