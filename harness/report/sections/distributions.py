"""Ranks over data sets, performance profiles, and the time to a target."""

from collections.abc import Hashable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from harness.report.charts import Axes, line_chart
from harness.report.content import Chart, Folded, Key, Section, listed
from harness.report.pictures import picture
from harness.report.results import Results
from harness.score.words import words_of
from harness.show.cells import number
from harness.show.looks import highlighted
from harness.show.ranks import FEW_DATASETS, draw_ranks, ranking_of
from harness.show.shares import regrets_of
from harness.show.sheet import Sheet
from harness.stats.ranking import Ranking
from harness.stats.reaching import Shares, arrivals, profiles
from pmfnas.core.rng import stream

TARGETS = (1.0, 0.5)
"""Target regrets of the time-to-target curves, percent points; the same as in `progress.csv`."""

ROUND_REGRETS = (0.005, 0.02, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Regrets of the table of profiles, percent points."""


def rank_section(summary: pd.DataFrame) -> list[Section]:
    """Return the critical-difference diagram; empty with fewer than two data sets, or two searchers on all of them.

    Where the test can tell no two searchers apart, the section says so and has no diagram.
    """
    found = ranking_of(summary)
    if found is None:
        return []
    means = summary.pivot(index="searcher", columns="dataset", values="test_mean").dropna()
    accuracy, left_out = words_of(summary).accuracy, sorted(set(summary["searcher"]) - set(found.searchers))
    missing = f" Left out, since they lack a data set: {listed(left_out)}." if left_out else ""
    words = (
        f"Each searcher's rank by mean {accuracy}, averaged over the data sets; 1 is best. A bar joins searchers whose "
        f"mean ranks differ by no more than {_limit(found)}. {_friedman(found)}{missing}"
    )
    folded = (Folded("The ranks in numbers", (_rank_sheet(found, means, accuracy),)),)
    if not found.can_separate:
        return [Section("ranks", "Ranks over data sets", (f"{_no_diagram(found)}{missing}",), folded=folded)]
    draw = partial(draw_ranks, found=found, styles=highlighted(found.searchers))
    size_in = (6.9, 0.6 + 0.12 * len(found.searchers))
    diagram = picture(f"Mean rank over {found.n_datasets} data sets", _rank_alt(found), draw, size_in=size_in)
    return [Section("ranks", "Ranks over data sets", (words,), _caution(found), (diagram,), folded=folded)]


def _limit(found: Ranking) -> str:
    return (
        f"Nemenyi's critical difference at 5 %, here {found.critical_difference:.2f} ranks of "
        f"{len(found.searchers) - 1} possible"
    )


def _no_diagram(found: Ranking) -> str:
    return (
        f"No diagram: {found.n_datasets} data sets are too few to tell apart any two searchers by their ranks "
        f"({_limit(found)}). Comparisons on each data set, seed by seed, are in the table."
    )


def _friedman(found: Ranking) -> str:
    if np.isnan(found.friedman_p):
        return "Friedman's test needs three searchers and is not made."
    return f"Friedman's test of equal ranks: p = {found.friedman_p:.3g}."


def _caution(found: Ranking) -> tuple[str, ...]:
    if found.n_datasets >= FEW_DATASETS:
        return ()
    return (
        f"{found.n_datasets} data sets are few for this method: it can tell apart only the best and the worst. "
        "Searchers under one bar need not be alike. Comparisons on each data set, seed by seed, are in the table.",
    )


def _rank_alt(found: Ranking) -> str:
    order = [f"{name} {rank:.1f}" for name, rank in zip(found.searchers, found.mean_ranks, strict=True)]
    joined = [f"{found.searchers[first]} to {found.searchers[last]}" for first, last in found.groups]
    return (
        f"Critical-difference diagram. Mean ranks, best first: {listed(order)}. "
        f"Not told apart: {'; '.join(joined) if joined else 'none'}."
    )


def _rank_sheet(found: Ranking, means: pd.DataFrame, accuracy: str) -> Sheet:
    ranks = means.rank(ascending=False)
    rows = tuple(
        (name, number(rank, ".1f"), *(number(float(value), ".1f") for value in ranks.loc[name].to_numpy()))
        for name, rank in zip(found.searchers, found.mean_ranks, strict=True)
    )
    return Sheet(f"Ranks by mean {accuracy}", ("searcher", "mean rank", *map(str, ranks.columns)), rows)


# ------------------------------------------------------------------------------------------------- profiles


def profile_section(results: Results, keys: tuple[Key, ...]) -> list[Section]:
    """Return the performance profiles; empty if no run is ok."""
    if not results.runs["ok"].any():
        return []
    even, regret = regrets_of(results.runs), results.words.regret
    regrets = np.union1d(even, [value for value in ROUND_REGRETS if value <= even[-1]])
    found = profiles(results.runs, regrets, rng=stream(0, "profiles"))
    words = (
        f"The share of runs that end within a {regret}: the whole distribution where the table has a mean. A line "
        "above another everywhere is a searcher better in every respect; where lines cross, one has the better typical "
        "run and the other the better tail. Bands are 95 % bootstrap intervals. Over all data sets, each counts the "
        "same."
    )
    charts = tuple(
        _shares(
            dataset,
            f"Performance profile, {dataset}: share of runs over the {regret} allowed, {len(shares.bands)} searchers; "
            "the numbers are in the table below.",
            shares,
            keys,
            f"{regret} ({results.words.short_points})",
        )
        for dataset, shares in found.items()
    )
    within = f"{regret} ({results.words.short_points})"
    folded = Folded("The profiles in numbers", tuple(_profile_sheet(d, s, within) for d, s in found.items()))
    return [Section("profiles", "Performance profiles", (words,), pictures=charts, keys=keys, folded=(folded,))]


def _shares(title: str, alt: str, shares: Shares, keys: tuple[Key, ...], across: str) -> Chart:
    axes = Axes(across, "share of runs", x_log=True, percent=True, steps=True)
    return line_chart(title, alt, shares.at, shares.bands, keys, axes)


def _profile_sheet(dataset: str, shares: Shares, regret: str) -> Sheet:
    """Return the shares at round regrets."""
    regrets = [value for value in ROUND_REGRETS if value <= shares.at[-1]]
    places = [int(np.argmin(np.abs(shares.at - value))) for value in regrets]
    order = sorted(shares.bands, key=lambda name: (-float(shares.bands[name].mean.mean()), name))
    rows = tuple(
        (name, str(shares.bands[name].n), *(f"{100 * shares.bands[name].mean[place]:.0f}" for place in places))
        for name in order
    )
    titles = ("searcher", "n", *(f"≤ {value:g}" for value in regrets))
    return Sheet(f"Runs (%) that end within a {regret}, {dataset}", titles, rows)


# -------------------------------------------------------------------------------------------- time to target


def target_section(results: Results, keys: tuple[Key, ...]) -> list[Section]:
    """Return the time-to-target curves; empty if no run is ok."""
    if not results.runs["ok"].any():
        return []
    regret, points = results.words.regret, results.words.short_points
    words = (
        f"The share of runs whose incumbent has reached a {regret}, over GPU-hours: 1 minus the Kaplan-Meier "
        "estimate. A run that never arrives is censored at the budget, not left out. Bands are 95 % bootstrap "
        "intervals at each time by itself. The table has hours of the clock; in its restricted mean a run counts at "
        "most the budget."
    )
    charts = tuple(
        _shares(
            f"{dataset}, regret ≤ {target:g}",
            f"Time to a {regret} of {target:g} {points} on {dataset}: share of runs that are there over GPU-hours, "
            f"{len(shares.bands)} searchers; the numbers are in the table below.",
            shares,
            keys,
            "GPU-hours",
        )
        for target in TARGETS
        for dataset, shares in sorted(
            arrivals(results.runs, results.steps, target, rng=stream(0, "arrivals")).items(),
            key=lambda item: item[0].lower(),
        )
    )
    folded = Folded("Arrivals in numbers", _target_sheets(results.progress, regret, points))
    return [Section("targets", "Time to a target", (words,), pictures=charts, keys=keys, folded=(folded,))]


def _target_sheets(progress: pd.DataFrame, regret: str, points: str) -> tuple[Sheet, ...]:
    """Return how often and when each searcher reaches a target, from `progress.csv`."""
    titles = ("searcher", "n", "arrived %", "censored", "median h", "restricted mean h", "95 % CI")
    return tuple(
        Sheet(
            f"Arrivals at a {regret} of {float(str(target)):g} {points}, {dataset}",
            titles,
            tuple(_arrival(row) for row in rows.sort_values("restricted_mean_hours").to_dict("records")),
        )
        for (target, dataset), rows in sorted(
            progress.groupby(["target", "dataset"]), key=lambda item: (-float(str(item[0][0])), str(item[0][1]).lower())
        )
    )


def _arrival(row: Mapping[Hashable, Any]) -> tuple[str, ...]:
    n, share = int(row["n_seeds"]), float(row["reached_share"])
    if n == 0:
        return (str(row["searcher"]), "0", *["-"] * 5)
    hours = [number(float(row[name])) for name in ("median_hours", "restricted_mean_hours")]
    ends = [number(float(row[f"restricted_mean_hours_ci_{end}"])) for end in ("low", "high")]
    spread = "-" if "-" in ends else "-".join(ends)
    return str(row["searcher"]), str(n), f"{100 * share:.0f}", str(round(n * (1 - share))), *hours, spread
