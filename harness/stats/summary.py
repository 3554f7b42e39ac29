"""One row per data set and searcher, from the runs.

Comparisons are paired by seed, over the seeds that both searchers finished, and claimed from `MIN_SEEDS` pairs on;
below, p-value and effect are NaN. `p_value` is Holm's adjustment of `p_raw` over one family: all comparisons with the
reference in the table, all data sets together.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from harness.stats.aggregates import iqm, mean, mean_ranks, median, std, worst
from harness.stats.decision import MIN_SEEDS, NO_CLAIM, compare, decide, paired_differences
from harness.stats.intervals import interval, wilson
from harness.stats.paired import holm, wilcoxon_p
from harness.stats.runs import RULES, TIMING_COLUMNS, Group, by_seed, checked_runs, groups, require, scores
from pmfnas.core.rng import stream

columns_of_the_host = ("searcher_s",)
"""Columns that another machine would fill differently."""

SUMMARY_COLUMNS = (
    *("dataset", "searcher", "mark", "data", "fingerprint", "experiment", "budget_s", "n_workers", "accounting"),
    *("n_seeds", "n_failed", "failures"),
    *("valid_mean", "valid_std", "test_mean", "test_std", "test_ci_low", "test_ci_high"),
    *("test_median", "test_iqm", "test_worst", "valid_regret_mean", "test_regret_mean"),
    *("optimum_hit_rate", "hit_ci_low", "hit_ci_high", "n_archs", "top_arch", "top_arch_share"),
    *("gpu_hours_resume", "gpu_hours_restart", "busy_hours", "evaluations", "hours_to_final_incumbent", "searcher_s"),
    *("reference", "n_pairs", "difference", "difference_ci_low", "difference_ci_high", "wins", "ties", "losses"),
    *("p_raw", "p_value", "effect", "detectable_difference", "mean_rank", "claim"),
)


def summarise(
    runs: pd.DataFrame, timings: pd.DataFrame, *, reference: str = "pmf_nas", rng: np.random.Generator
) -> pd.DataFrame:
    """Return one row per data set and searcher with `SUMMARY_COLUMNS`, best mean test accuracy first.

    Means are over the ok runs; failed ones are counted in `n_failed` and named in `failures`. Units: percent,
    percent points, hours, seconds where the name says so. `difference` is searcher - reference, and `effect` is
    positive where the searcher is better than the reference. `mark` is "best" or "level" (not distinguishable from
    the best, p >= .05, Holm over its data set), and empty without `MIN_SEEDS` pairs. Neither the order of the rows
    given nor the presence of another searcher changes a row's own intervals.

    Args:
        runs: see `harness.stats.runs`.
        timings: see there; may have no rows.
        reference: the searcher that the others are compared with; it may be absent.
        rng: seeds the bootstrap of every row.

    Raises:
        InputError: the frames are not what `harness.stats.runs` describes.
    """
    checked = checked_runs(runs)
    require(timings, TIMING_COLUMNS, "timings")
    parts = groups(checked)
    tests = {group: by_seed(rows, "test") for group, rows in parts.items()}
    seed = int(rng.integers(2**62))
    marks = _marks(tests)
    records = [
        {
            "dataset": group[0],
            "searcher": group[1],
            "mark": marks.get(group, ""),
            **{rule: rows[rule].iloc[0] for rule in RULES},
            **_counts(rows),
            **_accuracy(rows, seed, group),
            **_picks(rows),
            **_cost(rows),
            **_comparison(group, reference, tests, seed),
        }
        for group, rows in parts.items()
    ]
    return _finish(pd.DataFrame(records), timings, checked)


def without_host(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the summary without `columns_of_the_host`; the rest is equal on all machines."""
    return summary.drop(columns=[name for name in columns_of_the_host if name in summary.columns])


def _finish(summary: pd.DataFrame, timings: pd.DataFrame, checked: pd.DataFrame) -> pd.DataFrame:
    """Add the columns that need the whole table (times of the host, the Holm family, ranks), and order the rows."""
    ok = checked.loc[checked["ok"], ["dataset", "searcher", "seed"]]
    times = ok.merge(timings, on=["dataset", "searcher", "seed"]).groupby(["dataset", "searcher"])["searcher_s"].mean()
    means = summary.pivot(index="searcher", columns="dataset", values="test_mean")
    ranks = pd.Series(mean_ranks(means.to_numpy()), index=means.index)
    pairs = pd.MultiIndex.from_frame(summary[["dataset", "searcher"]])
    full = summary.assign(
        searcher_s=times.reindex(pairs).to_numpy(dtype=np.float64),
        p_value=holm(summary["p_raw"].to_numpy(dtype=np.float64)),
        mean_rank=summary["searcher"].map(ranks),
        order=summary["dataset"].str.lower(),
    )
    ordered = full.sort_values(["order", "test_mean", "searcher"], ascending=[True, False, True], ignore_index=True)
    return ordered[list(SUMMARY_COLUMNS)]


def _counts(rows: pd.DataFrame) -> dict[str, Any]:
    reasons = Counter(" ".join(why.split()) for why in rows.loc[~rows["ok"], "why"])
    ranked = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return {
        "n_seeds": int(rows["ok"].sum()),
        "n_failed": int((~rows["ok"]).sum()),
        "failures": "; ".join(f"{count} x {why}" for why, count in ranked),
    }


def _accuracy(rows: pd.DataFrame, seed: int, group: Group) -> dict[str, float]:
    valid, test = (scores(rows, name) for name in ("valid", "test"))
    names = ("valid_mean", "valid_std", "test_mean", "test_std", "test_median", "test_iqm", "test_worst")
    low_high = ("test_ci_low", "test_ci_high", "valid_regret_mean", "test_regret_mean")
    if not test.size:
        return dict.fromkeys((*names, *low_high), np.nan)
    measures = (mean(valid), std(valid), mean(test), std(test), median(test), iqm(test), worst(test))
    covered = interval(mean, test, rng=stream(seed, f"{group[0]}/{group[1]}/test"))
    regrets = (float(scores(rows, name).mean()) for name in ("valid_regret", "test_regret"))
    return dict(zip((*names, *low_high), (*map(float, measures), covered.low, covered.high, *regrets), strict=True))


def _picks(rows: pd.DataFrame) -> dict[str, Any]:
    """Return how often the optimum was hit, and whether the runs all end at the same arch."""
    ok = rows[rows["ok"]]
    share = wilson(int(ok["hit"].astype(bool).sum()), len(ok))
    archs = Counter(ok["arch"])
    top, count = min(archs.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
    return {
        "optimum_hit_rate": share.estimate,
        "hit_ci_low": share.low,
        "hit_ci_high": share.high,
        "n_archs": len(archs),
        "top_arch": top,
        "top_arch_share": count / len(ok) if len(ok) else np.nan,
    }


def _cost(rows: pd.DataFrame) -> dict[str, float]:
    sources = {name: name for name in ("gpu_hours_resume", "gpu_hours_restart", "busy_hours", "evaluations")}
    sources["hours_to_final_incumbent"] = "incumbent_hours"
    return {name: float(by_seed(rows, source).mean()) for name, source in sources.items()}


def _comparison(group: Group, reference: str, tests: "Mapping[Group, pd.Series[float]]", seed: int) -> dict[str, Any]:
    """Return the paired columns; NaN and 0 pairs for the reference itself and where it has no runs."""
    dataset, searcher = group
    known = (dataset, reference) in tests
    is_compared = known and searcher != reference
    differences = paired_differences(tests[group], tests[dataset, reference]) if is_compared else np.empty(0)
    found = compare(differences, rng=stream(seed, f"{dataset}/{searcher}/difference"))
    n_claimed = found.n_pairs if is_compared else len(tests[group])
    numbers = {name.replace("ci_", "difference_ci_"): value for name, value in asdict(found).items()}
    return {"reference": reference if known else "", **numbers, "claim": "" if n_claimed >= MIN_SEEDS else NO_CLAIM}


def _marks(tests: "Mapping[Group, pd.Series[float]]") -> dict[Group, str]:
    """Return "best" or "level" for the searchers that lead a data set."""
    marks: dict[Group, str] = {}
    for dataset in sorted({group[0] for group in tests}):
        rivals = {group: test for group, test in tests.items() if group[0] == dataset and len(test) >= MIN_SEEDS}
        if len(rivals) < 2:
            continue
        best = min(rivals, key=lambda group: (-float(rivals[group].mean()), group))
        others = [group for group in rivals if group != best]
        gaps = [paired_differences(rivals[group], rivals[best]) for group in others]
        adjusted = holm([wilcoxon_p(gap) if len(gap) >= MIN_SEEDS else np.nan for gap in gaps])
        marks |= {group: "level" for group, p in zip(others, adjusted, strict=True) if decide(p) == "level"}
        marks[best] = "best"
    return marks
