"""Paired differences between a searcher and its variants: one row per budget, data set, variant and measure.

A difference is the **full searcher less the variant**, in percent points, over the seeds that both finished. So for
test accuracy a positive difference, and for validation regret a negative one, says that what the variant lacks helps.
The effect needs no such care: it is positive where the full searcher is better, in both measures.

The chance of a false claim is bounded where a reader looks for one: Holm's family is all variants at one budget on one
data set by one measure.
"""

from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from harness.stats.decision import MIN_SEEDS, NO_CLAIM, Decision, compare, decide, paired_differences
from harness.stats.paired import holm
from harness.stats.runs import RULES, RUN_COLUMNS, by_seed, checked_runs, groups, require
from pmfnas.core.errors import InputError
from pmfnas.core.rng import stream

BETTER: Mapping[str, int] = MappingProxyType({"test": 1, "valid_regret": -1})
"""Measure -> sign of full - variant where the full searcher is better."""

WORDS: Mapping[Decision, str] = MappingProxyType(
    {"better": "helps", "worse": "harms", "mixed": "mixed", "level": "none", "no claim": ""}
)
"""Decision of the full searcher against a variant -> the word for the part that the variant lacks or changes."""

VARIANT_COLUMNS = (
    *("budget_s", "dataset", "variant", "measure", "data", "fingerprint", "experiment", "n_workers", "accounting"),
    *("n_pairs", "n_failed", "full_mean", "variant_mean", "difference", "ci_low", "ci_high"),
    *("wins", "ties", "losses", "p_raw", "p_value", "effect", "detectable_difference", "verdict", "claim"),
)


def compare_variants(runs: pd.DataFrame, *, reference: str, rng: np.random.Generator) -> pd.DataFrame:
    """Return `VARIANT_COLUMNS`, one row per budget, data set, variant and measure, ordered by these.

    `full_mean` and `variant_mean` are over the pairs; `n_failed` counts runs of either side that have no result.
    `difference` with its 95 % BCa interval is full - variant, percent points; `wins` are pairs in which the full
    searcher is better. `p_value` is `p_raw` (Wilcoxon signed-rank) after Holm over the variants of one budget, data
    set and measure; with fewer than `MIN_SEEDS` pairs both are NaN and `claim` says so. `detectable_difference`:
    see `harness.stats.power`. `verdict`: see `WORDS`.

    Args:
        runs: see `harness.stats.runs`; may hold several budgets.
        reference: the full searcher; every other searcher is a variant of it.
        rng: seeds the bootstrap of every row.

    Raises:
        InputError: the frame is not as described, or a data set has no run of the reference.
    """
    require(runs, RUN_COLUMNS, "runs")
    seed = int(rng.integers(2**62))
    rows: list[dict[str, Any]] = []
    for _, at_budget in runs.groupby("budget_s"):
        checked = checked_runs(at_budget)
        rows += [row for _, on_dataset in checked.groupby("dataset") for row in _rows(on_dataset, reference, seed)]
    if not rows:
        raise InputError(f"runs holds {reference} alone, but at least one variant is needed")
    table = pd.DataFrame(rows)
    family = [table["budget_s"], table["dataset"], table["measure"]]
    p_value = table.groupby(family, group_keys=False)["p_raw"].transform(lambda p: holm(p.to_numpy()))
    claims = zip(p_value, table["effect"], table["difference"], table["measure"], strict=True)
    verdicts = [WORDS[decide(p, effect, difference * BETTER[measure])] for p, effect, difference, measure in claims]
    return table.assign(p_value=p_value, verdict=verdicts)[list(VARIANT_COLUMNS)]


def _rows(on_dataset: pd.DataFrame, reference: str, seed: int) -> list[dict[str, Any]]:
    """Return the rows of one budget and data set, without the columns that need the whole family."""
    parts = {searcher: group for (_, searcher), group in groups(on_dataset).items()}
    first = on_dataset.iloc[0]
    if reference not in parts:
        raise InputError(
            f"runs on {first['dataset']} at {first['budget_s']:g} s have none of {reference}, with which the variants "
            "are compared; run it too"
        )
    rules = {rule: first[rule] for rule in ("dataset", *RULES)}
    full = parts.pop(reference)
    return [
        rules | {"variant": name, "measure": measure} | _row(full, group, measure, seed)
        for name, group in parts.items()
        for measure in BETTER
    ]


def _row(full: pd.DataFrame, variant: pd.DataFrame, measure: str, seed: int) -> dict[str, Any]:
    ours, theirs = by_seed(full, measure), by_seed(variant, measure)
    differences = paired_differences(ours, theirs)
    both = ours.index.intersection(theirs.index)
    failed = set(full.loc[~full["ok"], "seed"]) | set(variant.loc[~variant["ok"], "seed"])
    first = variant.iloc[0]
    name = f"{first['budget_s']:g}/{first['dataset']}/{first['searcher']}/{measure}"
    return {
        **asdict(compare(differences, rng=stream(seed, name), more_is_better=BETTER[measure] > 0)),
        "n_failed": len(failed),
        "full_mean": float(ours[both].mean()),
        "variant_mean": float(theirs[both].mean()),
        "claim": "" if len(differences) >= MIN_SEEDS else NO_CLAIM,
    }
