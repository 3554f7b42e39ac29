"""Every figure of an experiment, written to its folder as PNG and PDF.

OUT/accuracy, regret, final             over GPU-hours, and where the runs end
OUT/figures/against-DATASET             each searcher against the reference
OUT/figures/ranks                       critical-difference diagram; needs two data sets
OUT/figures/profiles, iqm, improvement  performance profiles, interquartile means, probability of improvement
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from harness.show.against import against_figures
from harness.show.aggregates import improvement_figure, iqm_figure
from harness.show.figures import accuracy_figure, final_figure, ranked, regret_figure
from harness.show.looks import Style, highlighted
from harness.show.panels import write_figure
from harness.show.ranks import rank_figure
from harness.show.shares import profile_figure
from harness.stats.decision import MIN_SEEDS
from harness.stats.runs import checked_runs
from pmfnas.core.rng import stream

FOLDER = "figures"
"""Where the figures beside the main three are."""


def write_pictures(
    runs: pd.DataFrame,
    steps: pd.DataFrame | None,
    summary: pd.DataFrame,
    best: Mapping[str, float],
    out: Path,
    *,
    show: Sequence[str] = (),
) -> None:
    """Write every figure that the runs allow; none where all runs failed.

    Args:
        runs: see `harness.stats.runs`.
        steps: see there; None where they were not kept: then there are no figures over GPU-hours.
        summary: of these runs, from `harness.stats.summary.summarise`.
        best: best score per data set, percent.
        out: the folder.
        show: searchers in colour; empty for the leading ones.
    """
    checked = checked_runs(runs)
    if not checked["ok"].any():
        return
    styles = highlighted(_surest_first(checked), show)
    for stem, figure in _at_the_end(runs, summary, best, styles):
        write_figure(figure, out, stem)
    if steps is not None:
        for stem, figure in _over_time(runs, steps, best, styles):
            write_figure(figure, out, stem)


def _surest_first(checked: pd.DataFrame) -> list[str]:
    """Return the searchers by mean rank, those with too few seeds for a claim last: a single good run is no lead."""
    ok = checked[checked["ok"]]
    fewest = ok.groupby(["searcher", "dataset"]).size().groupby("searcher").min()
    return sorted(ranked(checked), key=lambda name: bool(fewest[name] < MIN_SEEDS <= fewest.max()))


def _at_the_end(
    runs: pd.DataFrame, summary: pd.DataFrame, best: Mapping[str, float], styles: Mapping[str, Style]
) -> Iterator[tuple[str, Figure]]:
    """Yield the figures of the final scores."""
    yield "final", final_figure(runs, styles=styles, ceilings=best)
    yield f"{FOLDER}/profiles", profile_figure(runs, styles, rng=stream(0, "profiles"))
    yield f"{FOLDER}/iqm", iqm_figure(runs, styles, rng=stream(0, "iqm"))
    if ranks := rank_figure(summary, styles):
        yield f"{FOLDER}/ranks", ranks
    if improvement := improvement_figure(runs, styles, rng=stream(0, "improvement")):
        yield f"{FOLDER}/improvement", improvement


def _over_time(
    runs: pd.DataFrame, steps: pd.DataFrame, best: Mapping[str, float], styles: Mapping[str, Style]
) -> Iterator[tuple[str, Figure]]:
    """Yield the figures over GPU-hours."""
    yield "accuracy", accuracy_figure(runs, steps, styles=styles, ceilings=best, rng=stream(0, "figures"))
    yield "regret", regret_figure(runs, steps, styles=styles, rng=stream(0, "figures"))
    for dataset, figure in against_figures(runs, steps, list(styles), rng=stream(0, "figures")).items():
        yield f"{FOLDER}/against-{dataset}", figure
