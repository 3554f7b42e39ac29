"""Two figures beyond the mean: interquartile means, and the probability of improvement (Agarwal et al. 2021)."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.score.words import words_of
from harness.show.figures import ranked, row_panels
from harness.show.looks import ROLES, Style
from harness.show.panels import caption_of
from harness.stats.aggregates import iqm
from harness.stats.curves import NOTHING_OK
from harness.stats.improvement import probability_of_improvement
from harness.stats.intervals import Interval, interval
from harness.stats.runs import checked_runs, groups, scores
from pmfnas.core.errors import InputError
from pmfnas.core.rng import stream
from pmfnas.core.types import FloatArray

_MARKERS = ("o", "s", "^", "D", "v", "P")
_SMALL_COLOUR = "#7a7a7a"


def iqm_figure(runs: pd.DataFrame, styles: Mapping[str, Style], *, rng: np.random.Generator) -> Figure:
    """Return the interquartile mean of the final accuracy per searcher with its interval, one panel per data set.

    Args:
        runs: see `harness.stats.runs`.
        styles: from `harness.show.looks.highlighted`.
        rng: seeds the bootstrap.

    Raises:
        InputError: the frame is not what `harness.stats.runs` describes, or no run is ok.
    """
    checked, seed = checked_runs(runs), int(rng.integers(2**62))
    found = {
        (dataset, name): interval(iqm, values, rng=stream(seed, f"{dataset}/{name}"))
        for (dataset, name), values in _final(checked).items()
    }
    datasets = list(dict.fromkeys(dataset for dataset, _ in found))
    names, words = ranked(checked), words_of(checked)
    reading = (
        f"Interquartile mean: mean {words.accuracy} of the middle half of the runs. Lines: 95 % BCa bootstrap interval "
        "over seeds."
    )
    with row_panels(datasets, caption_of(checked, reading), names) as (figure, panels):
        for dataset, panel in panels.items():
            own = {name: found[dataset, name] for name in names if (dataset, name) in found}
            _points(panel, own, names, styles)
            panel.set_xlabel(f"interquartile mean of {words.axis}" if len(datasets) < 3 else f"IQM{words.sign}")
            panel.locator_params(axis="x", nbins=5)
    return figure


def improvement_figure(
    runs: pd.DataFrame, styles: Mapping[str, Style], *, reference: str = ROLES.reference, rng: np.random.Generator
) -> Figure | None:
    """Return a figure of the probability that the reference ends better than each other searcher, over all data sets.

    Args:
        runs: see `harness.stats.runs`.
        styles: from `harness.show.looks.highlighted`.
        reference: compared with every searcher that has an ok run on each of the reference's data sets.
        rng: seeds the bootstrap.

    Returns:
        None if no searcher can be compared.
    """
    checked, seed = checked_runs(runs), int(rng.integers(2**62))
    final = _final(checked)
    datasets = [dataset for dataset, name in final if name == reference]
    names = [n for n in ranked(checked) if n != reference and datasets and all((d, n) in final for d in datasets)]
    if not names:
        return None
    ours = [final[dataset, reference] for dataset in datasets]
    found, each = {}, {}
    for name in names:
        theirs = [final[dataset, name] for dataset in datasets]
        found[name] = probability_of_improvement(ours, theirs, rng=stream(seed, name))
        each[name] = [
            probability_of_improvement([a], [b], rng=stream(seed, name)).estimate
            for a, b in zip(ours, theirs, strict=True)
        ]
    title = f"Probability that {reference} ends better"
    reading = _improvement_reading(datasets, reference)
    with row_panels([title], caption_of(checked, reading), names, width=4.4) as (figure, panels):
        panel = panels[title]
        panel.axvline(0.5, color="#555555", lw=0.7, ls=(0, (1, 2)), zorder=1)
        _points(panel, found, names, styles)
        _marks(panel, each, names, datasets)
        panel.set_xlim(-0.02, 1.02)
        panel.set_xlabel("probability")
    return figure


def _improvement_reading(datasets: Sequence[str], reference: str) -> str:
    over = "mean over the data sets" if len(datasets) > 1 else datasets[0]
    small = f"; small: {', '.join(f'{_SHAPES[i % len(_SHAPES)]} {name}' for i, name in enumerate(datasets))}"
    return (
        f"Share of all pairs of runs, one of {reference} and one of the searcher of the row, in which {reference} ends "
        f"better, ties as half; 0.5 (dotted): level. Large point: {over}, with 95 % bootstrap interval over "
        f"seeds{small if len(datasets) > 1 else ''}."
    )


_SHAPES = ("circle", "square", "triangle", "diamond", "triangle down", "plus")
"""Names of `_MARKERS`."""


def _final(checked: pd.DataFrame) -> dict[tuple[str, str], FloatArray]:
    """Return the final scores of the ok runs per data set and searcher."""
    found = {group: scores(rows, "test") for group, rows in groups(checked).items() if rows["ok"].any()}
    if not found:
        raise InputError(NOTHING_OK)
    return found


def _points(panel: Axes, found: Mapping[str, Interval], names: Sequence[str], styles: Mapping[str, Style]) -> None:
    """Draw a point with its interval in the row of each searcher."""
    for place, name in enumerate(names):
        if name in found:
            one, style = found[name], styles[name]
            size = 5.5 if style.front > 1 else 4.2
            panel.plot([one.low, one.high], [place] * 2, color=style.colour, lw=1.8, solid_capstyle="butt", zorder=3)
            panel.plot([one.estimate], [place], "o", color=style.colour, ms=size, zorder=4)


def _marks(panel: Axes, each: Mapping[str, Sequence[float]], names: Sequence[str], datasets: Sequence[str]) -> None:
    """Draw a small mark per data set in the row of each searcher, if there are several data sets."""
    if len(datasets) < 2:
        return
    for place, name in enumerate(names):
        for i, value in enumerate(each[name]):
            marker = _MARKERS[i % len(_MARKERS)]
            panel.plot([value], [place], marker, mfc="white", mec=_SMALL_COLOUR, ms=3.2, mew=0.7, zorder=5)
