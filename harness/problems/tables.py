"""The comparison as a page: PMF-NAS against each other searcher, in the metric of each problem.

A difference is oriented so that more is better for PMF-NAS, whatever the direction of the metric. Holm's family is all
comparisons of the page.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from harness.compare.verdict import WORDS
from harness.host.units import counted
from harness.problems.comparing import FIRST, TITLE, WHOLE_TRAININGS, recording
from harness.show import render
from harness.show.cells import number, p_cell, seeds, span
from harness.show.render import Notes
from harness.show.sheet import Column, Sheet, filled
from harness.stats.aggregates import mean, std
from harness.stats.decision import compare, decide, paired_differences
from harness.stats.paired import holm
from pmfnas.core.rng import stream
from pmfnas.core.types import FloatArray

Row: TypeAlias = Mapping[Any, Any]
SHARES = (0.25, 0.5, 1.0)
"""Shares of the budget at which the incumbent is scored."""


def summarised(runs: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """Return one row per problem and searcher, in the order of the runs.

    Columns: `problem`, `metric`, `goal`, `best` of all archs, `searcher`, `n_seeds`, `n_failed`, `mean`, `std`, `worst`
    of the value, `at_25`, `at_50` (means of the incumbent's value at shares of the budget), `evaluations`,
    `searcher_s`; and of FIRST against the searcher, positive where FIRST is better: `n_pairs`, `difference`, `ci_low`,
    `ci_high`, `wins`, `ties`, `losses`, `p_raw`, `p_value` (after Holm), `effect`, `detectable`, `verdict`.
    """
    rows = []
    for (problem, searcher), own in runs.groupby(["problem", "searcher"], sort=False):
        first = runs[(runs["problem"] == problem) & (runs["searcher"] == FIRST)]
        rows.append({**_described(str(problem), own, steps), "searcher": searcher, **_compared(first, own)})
    table = pd.DataFrame(rows)
    table["p_value"] = holm(table["p_raw"].to_numpy(dtype=np.float64))
    told = table[["p_value", "difference", "effect"]].to_numpy(dtype=np.float64)
    words = [WORDS[decide(p, difference, effect)] for p, difference, effect in told]
    return table.assign(verdict=[word if n else "" for word, n in zip(words, table["n_pairs"], strict=True)])


def _sign(problem: str) -> float:
    return 1.0 if recording(problem).problem.metric.goal == "maximise" else -1.0


def _described(problem: str, own: pd.DataFrame, steps: pd.DataFrame) -> dict[str, Any]:
    recorded, ok = recording(problem), own[own["status"] == "ok"]
    values = ok["value"].to_numpy(dtype=np.float64)
    theirs = steps.merge(own[["problem", "searcher", "seed", "budget_s"]])
    return {
        "problem": problem,
        "metric": recorded.problem.metric.name,
        "goal": recorded.problem.metric.goal,
        "best": recorded.best,
        "n_seeds": len(ok),
        "n_failed": len(own) - len(ok),
        "mean": float(mean(values)) if len(ok) else np.nan,
        "std": float(std(values)) if len(ok) else np.nan,
        "worst": _sign(problem) * float((_sign(problem) * values).min()) if len(ok) else np.nan,
        **{f"at_{share:.0%}".rstrip("%"): _at(theirs, share) for share in SHARES[:-1]},
        "evaluations": float(own["evaluations"].mean()),
        "searcher_s": float(own["searcher_s"].mean()),
    }


def _at(steps: pd.DataFrame, share: float) -> float:
    """Return the mean value of the incumbents at a share of the budget, over the runs that have one by then."""
    by_then = steps[steps["time_s"] <= share * steps["budget_s"]]
    return float(by_then.groupby("seed")["value"].last().mean()) if len(by_then) else np.nan


def _compared(first: pd.DataFrame, own: pd.DataFrame) -> dict[str, Any]:
    """Return the statistics of FIRST against a searcher; without pairs in the row of FIRST itself."""
    problem, searcher = own["problem"].iloc[0], own["searcher"].iloc[0]
    gaps: FloatArray = np.empty(0)
    if searcher != FIRST:
        ours, theirs = (rows[rows["status"] == "ok"].set_index("seed")["value"] for rows in (first, own))
        gaps = _sign(problem) * paired_differences(ours, theirs)
    found = compare(gaps, rng=stream(0, f"problems/{problem}/{searcher}"))
    names = ("n_pairs", "difference", "ci_low", "ci_high", "wins", "ties", "losses", "p_raw", "effect")
    return {**{name: getattr(found, name) for name in names}, "detectable": found.detectable_difference}


# ------------------------------------------------------------------------------------------------------ in words

_SEARCHERS: tuple[Column[Row], ...] = (
    Column("searcher", lambda row: str(row["searcher"])),
    Column("n", lambda row: seeds(row["n_seeds"], row["n_failed"])),
    Column("end", lambda row: f"{_figure(row['mean'])}±{_figure(row['std'])}"),
    Column("worst", lambda row: _figure(row["worst"])),
    Column("at 1/4", lambda row: _figure(row["at_25"])),
    Column("at 1/2", lambda row: _figure(row["at_50"])),
    Column("segments", lambda row: number(row["evaluations"], ".0f")),
    Column("searcher s", lambda row: number(row["searcher_s"], ".1f")),
)
_PAIRS: tuple[Column[Row], ...] = (
    Column("against", lambda row: str(row["searcher"])),
    Column("n", lambda row: str(row["n_pairs"])),
    Column("better by", lambda row: _figure(row["difference"], "+.3g")),
    Column("95 % CI", lambda row: span(row["ci_low"], row["ci_high"], "+.2g")),
    Column("win/tie/loss", lambda row: f"{row['wins']}/{row['ties']}/{row['losses']}"),
    Column("p", lambda row: p_cell(row["p_value"])),
    Column("r", lambda row: number(row["effect"], "+.2f")),
    Column("detectable", lambda row: _figure(row["detectable"], ".2g")),
    Column("verdict", lambda row: row["verdict"] or "no pair"),
)


def _figure(value: float, form: str = ".4g") -> str:
    return number(value, form)


def _parts(table: pd.DataFrame) -> list[render.Part]:
    parts: list[render.Part] = []
    for problem, rows in table.groupby("problem", sort=False):
        recorded, metric = recording(str(problem)), rows["metric"].iloc[0]
        larger = "larger" if rows["goal"].iloc[0] == "maximise" else "smaller"
        about = (
            f"{metric}, {larger} is better; best of {recorded.problem.space.n_archs} archs {_figure(recorded.best)}; "
            f"budget {WHOLE_TRAININGS} full trainings, {WHOLE_TRAININGS * recorded.whole_s:.1f} s; "
            f"recording {recorded.fingerprint}."
        )
        told = rows.to_dict("records")
        parts.append(Sheet(str(problem), *filled(_SEARCHERS, told), note=about))
        others = [row for row in told if row["searcher"] != FIRST]
        parts.append(Sheet(f"{FIRST} on {problem}", *filled(_PAIRS, others)))
    return parts


def _legend(table: pd.DataFrame, n_trials: int) -> list[str]:
    n_claims = int(table["p_value"].notna().sum())
    return [
        f"end: the problem's metric at the end of the long schedule, mean of {counted(n_trials, 'training')}, of the "
        "arch that the search recommends at the end of its budget; at 1/4 and 1/2: of the incumbent by then.",
        "Every arch was trained before, and its curves and seconds of the processor were recorded. The clock of a run "
        "adds these seconds up. What a searcher thinks (searcher s, on this host) is not on the clock. A training goes "
        "on from a checkpoint at no cost.",
        "The packages are told of ordered choices as whole numbers, are offered the long schedule with rungs at 1, 3, "
        "9 and 27 epochs, and recommend by most epochs, then by the metric. PriorBand gets the guess in the problem's "
        "file as its prior; no other searcher knows it. random_search_long trains every arch on the long schedule.",
        f"better by: in the metric, positive where {FIRST} is better, over the seeds that both finished; CI: BCa "
        f"bootstrap over seeds; p: Wilcoxon signed-rank, zeros after Pratt, Holm over "
        f"{counted(n_claims, 'comparison')}; r: rank-biserial correlation; detectable: the difference that this many "
        "pairs show four times in five.",
    ]


def markdown(table: pd.DataFrame, n_trials: int) -> str:
    """Return the page."""
    return render.markdown(TITLE, [*_parts(table), Notes(_legend(table, n_trials), ready=True)])


def terminal(table: pd.DataFrame, n_trials: int) -> str:
    """Return the page as lines of a screen."""
    return render.terminal(TITLE, [*_parts(table), Notes(_legend(table, n_trials))])


def failures(runs: pd.DataFrame) -> Sequence[str]:
    """Return a line per failed run."""
    failed = runs[runs["status"] != "ok"].to_dict("records")
    return [f"{row['problem']}, {row['searcher']}, seed {row['seed']}: {row['why']}" for row in failed]
