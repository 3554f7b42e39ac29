"""The first table of an experiment, searcher by data set, and a sentence with its conclusion.

    searcher | n | mean ± std with a sign, per data set | rank | p

A sign behind a mean is the comparison with the reference on that data set: see `SIGNS`.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from harness.host.units import counted
from harness.score.words import words_of
from harness.show.cells import NONE, least_to_most, mean_std, number, p_cell
from harness.show.sheet import Sheet
from harness.stats.decision import MIN_SEEDS, SIGNIFICANT, Decision
from harness.stats.overall import Result, Standing, standings

SIGNS: Mapping[Decision, str] = MappingProxyType({"better": "+", "worse": "-", "level": "=", "mixed": "~"})
"""Outcome of the comparison with the reference -> sign behind the mean."""

_MEANINGS: Mapping[Decision, str] = MappingProxyType(
    {
        "better": "significantly better",
        "worse": "significantly worse",
        "level": "not distinguishable",
        "mixed": "significant but mean and ranks disagree",
    }
)

CAPTION = "All data sets"
REFERENCE = "pmf_nas"
"""The method with which others are compared; used in the message if it has no runs."""
_FEW = 2
"""Maximum number of rivals that the closing sentence names one by one."""
_NAMED = 3
"""Maximum number of searchers that the closing sentence names; for more it gives their number."""
_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def overall_sheet(summary: pd.DataFrame) -> Sheet:
    """Return the table: one row per searcher, the best mean rank first.

    Args:
        summary: from `harness.stats.summary.summarise`.
    """
    found, datasets = standings(summary), _datasets(summary)
    reference, form = _reference(summary), words_of(summary).form
    rows = tuple(
        (
            one.searcher,
            _n(one),
            *(_score(one.results.get(dataset), form, is_signed=_is_tested(summary)) for dataset in datasets),
            number(one.mean_rank, ".1f"),
            *([_p(one, reference, len(datasets))] if reference else []),
        )
        for one in found
    )
    best = min((one.mean_rank for one in found if not np.isnan(one.mean_rank)), default=np.nan)
    marks = tuple("best" if np.isclose(one.mean_rank, best) else "" for one in found)
    titles = ("searcher", "n", *datasets, "rank", *(["p"] if reference else []))
    return Sheet(CAPTION, titles, rows, marks, spare=("n",))


def _datasets(summary: pd.DataFrame) -> list[str]:
    return [str(name) for name in summary["dataset"].unique()]


def _reference(summary: pd.DataFrame) -> str:
    """Return the searcher with which the others are compared; empty if it has no runs."""
    return next((str(name) for name in summary["reference"] if name), "")


def _n(one: Standing) -> str:
    """Return the number of ok runs per data set, and the total number of failed runs."""
    finished = least_to_most(result.n_seeds for result in one.results.values())
    n_failed = sum(result.n_failed for result in one.results.values())
    return f"{finished}+{n_failed}f" if n_failed else finished


def _score(result: Result | None, form: str, *, is_signed: bool) -> str:
    """Return mean±std; in a table with signs, add the sign or a blank, so that the numbers align."""
    text = mean_std({"x_mean": result.mean, "x_std": result.std}, "x", form) if result else NONE
    return f"{text} {SIGNS.get(result.against, ' ') if result else ' '}" if is_signed else text


def _p(one: Standing, reference: str, n_datasets: int) -> str:
    if one.searcher == reference:
        return "ref"
    return NONE if len(one.results) < n_datasets else p_cell(one.p_value)


def overall_legend(summary: pd.DataFrame, *, is_brief: bool = False) -> list[str]:
    """Return an explanation of each column of the table; `is_brief`: only of the signs that the table shows."""
    words, datasets, reference = words_of(summary), _datasets(summary), _reference(summary)
    lines = [
        "n: runs with a result on each data set; +kf: k failed and are left out.",
        f"{', '.join(datasets)}: {words.accuracy} of the network returned, {words.figures}mean±std over the runs.",
        "rank: place by that mean, averaged over the data sets; 1 is best.",
    ]
    if not reference:
        return [*lines, f"No p-values: {REFERENCE}, with which the others are compared, has no runs here."]
    if not _is_tested(summary):
        return [*lines, f"p: n<{MIN_SEEDS}, so nothing is tested and no claim is made."]
    return [
        *lines,
        f"Signs, compared with {reference} on that data set: {', '.join(_signs(summary, is_brief=is_brief))}.",
        f"p: compared with {reference}, the largest over the data sets of the Wilcoxon signed-rank p-values, "
        f"Holm-adjusted over all {int(summary['p_value'].notna().sum())} comparisons; below {_level()} it differs on "
        "every data set (intersection-union principle).",
    ]


def _signs(summary: pd.DataFrame, *, is_brief: bool) -> list[str]:
    """Return what the signs mean: of all, or only of those in the table."""
    shown = {result.against for one in standings(summary) for result in one.results.values()}
    return [f"{SIGNS[one]} {meaning}" for one, meaning in _MEANINGS.items() if one in shown or not is_brief]


def _level() -> str:
    return f"{SIGNIFICANT:g}".removeprefix("0")


def _is_tested(summary: pd.DataFrame) -> bool:
    return bool(summary["p_value"].notna().any())


# ---------------------------------------------------------------------------------------- the closing sentence


def conclusion(summary: pd.DataFrame, *, limits: str = "") -> str:
    """Return one sentence with the conclusion of the table and its data.

    Args:
        summary: from `harness.stats.summary.summarise`.
        limits: archs of the space that were excluded; empty if none.
    """
    found = standings(summary)
    return f"On {_data(summary, limits)}, {_leaders(found, summary)}{_compared(found, summary)}."


def _data(summary: pd.DataFrame, limits: str) -> str:
    """Return data, data sets, seeds and budget: `ANCHORED data (cifar10; 20 seeds, 8.5 GPU-hours)`."""
    stamps = list(dict.fromkeys(str(stamp) for stamp in summary["data"]))
    n = least_to_most(int(value) for value in summary["n_seeds"])
    hours = (summary["budget_s"] * summary["n_workers"] / 3600).round(2)
    amount = " to ".join(dict.fromkeys(f"{value:g}" for value in (hours.min(), hours.max())))
    spent = f"{n} {'seed' if n == '1' else 'seeds'}, {amount} GPU-hours"
    within = f" without {limits}" if limits else ""
    return f"{' and '.join(stamps)} data{within} ({_listed(_datasets(summary))}; {spent})"


def _leaders(found: Sequence[Standing], summary: pd.DataFrame) -> str:
    """Return the searchers with the best mean rank, as text."""
    ranked = [one for one in found if not np.isnan(one.mean_rank)]
    if not ranked:
        return "no searcher has a result on every data set, so none is ranked"
    if len(found) == 1:
        words = words_of(summary)
        scores = ", ".join(number(result.mean, words.form) for result in found[0].results.values())
        return f"{found[0].searcher} is the only searcher ({words.accuracy} {scores}{' %' if words.unit else ''})"
    leaders = [one.searcher for one in ranked if np.isclose(one.mean_rank, ranked[0].mean_rank)]
    so_far = " so far" if (summary["claim"] != "").all() else ""
    verb = "has" if len(leaders) == 1 else "share"
    return f"{_named(leaders)} {verb} the best mean rank{so_far}, {number(ranked[0].mean_rank, '.1f')}"


def _compared(found: Sequence[Standing], summary: pd.DataFrame) -> str:
    """Return the comparison of the reference with the others, as text."""
    reference, n = _reference(summary), summary["dataset"].nunique()
    if len(found) == 1:
        return "; there is nothing to compare it with"
    if not reference:
        return f"; {REFERENCE} did not run, so no p-value compares the searchers with it"
    others = [one for one in found if one.searcher != reference]
    claimed = [one for one in others if not np.isnan(one.p_value)]
    if not claimed:
        return f"; no claim is made, since no comparison with {reference} has {MIN_SEEDS} seeds on {_all(n)}"
    left = len(others) - len(claimed)
    each = "" if n == 1 else " on each data set"
    unclaimed = f"; no claim on {counted(left, 'other')} without {MIN_SEEDS} seeds{each}" if left else ""
    leads = [one.searcher for one in found if np.isclose(one.mean_rank, found[0].mean_rank)] == [reference]
    outcome = _few_rivals(claimed, n) if len(claimed) <= _FEW else _many_rivals(claimed, n)
    return f"; {'it' if leads else reference} is {outcome}{unclaimed}"


def _many_rivals(claimed: Sequence[Standing], n_datasets: int) -> str:
    """Return how many searchers the reference is better than, and which ones it is worse than."""
    better = sum(one.is_everywhere("worse", n_datasets) for one in claimed)
    worse = [one.searcher for one in claimed if one.is_somewhere("better")]
    where = "it" if n_datasets == 1 else "at least one" if worse else "any"
    whom = f"{better} of {counted(len(claimed), 'searcher')} on {_all(n_datasets)} (Holm p < {_level()})"
    return f"better than {whom} and worse than {_named(worse) if worse else 'none'} on {where}"


def _few_rivals(claimed: Sequence[Standing], n_datasets: int) -> str:
    """Return the outcome against each searcher by name."""
    better = [one.searcher for one in claimed if one.is_everywhere("worse", n_datasets)]
    worse = [one.searcher for one in claimed if one.is_somewhere("better")]
    level = [one.searcher for one in claimed if one.searcher not in {*better, *worse}]
    everywhere, is_one = _all(n_datasets), n_datasets == 1
    said = [f"better than {_listed(better)} on {everywhere}"] if better else []
    if worse:
        said.append(f"worse than {_listed(worse)} on {everywhere if is_one else 'at least one data set'}")
    if level:
        names = " or ".join(level)
        said.append(
            f"neither better nor worse than {names} on {everywhere}"
            if is_one
            else f"neither better than {names} on {everywhere} nor worse on any"
        )
    return f"{', and '.join(said)} (Holm p < {_level()})"


def _all(n_datasets: int) -> str:
    if n_datasets == 1:
        return "this data set"
    return "both data sets" if n_datasets == 2 else f"all {_word(n_datasets)} data sets"


def _word(n: int) -> str:
    return _WORDS[n] if n < len(_WORDS) else str(n)


def _named(names: Sequence[str]) -> str:
    """Return the names, or their number if there are many."""
    return _listed(names) if len(names) <= _NAMED else f"{_word(len(names))} searchers"


def _listed(names: Sequence[Any]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else str(last)


def overall_frame(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the table for programs: one row per searcher, with mean, std, seeds and comparison on each data set."""
    rows: list[dict[str, Any]] = []
    reference, first = _reference(summary), summary.iloc[0]
    for one in standings(summary):
        row: dict[str, Any] = {"searcher": one.searcher, "mean_rank": one.mean_rank, "p_value": one.p_value}
        for dataset in _datasets(summary):
            result = one.results.get(dataset)
            row |= {
                f"{dataset}_mean": result.mean if result else np.nan,
                f"{dataset}_std": result.std if result else np.nan,
                f"{dataset}_n_seeds": result.n_seeds if result else 0,
                f"{dataset}_against_reference": result.against if result and one.searcher != reference else "",
            }
        rows.append(row | {"reference": reference, "data": first["data"], "fingerprint": first["fingerprint"]})
    return pd.DataFrame(rows)
