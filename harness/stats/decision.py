"""Better, worse or level: a paired comparison, and the one rule by which every output decides on it.

    differences per seed --compare--> Compared, p_raw --holm over the family--> p_value --decide--> a word

A searcher is better where the signed-rank test is significant after Holm, and mean and ranks agree that it is. Where
they disagree, a few large differences stand against many small ones, and the word is `mixed`. NaN never decides.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from harness.stats.aggregates import mean, std
from harness.stats.intervals import interval
from harness.stats.paired import outcomes, rank_biserial, wilcoxon_p
from harness.stats.power import detectable_difference
from pmfnas.core.types import FloatArray

MIN_SEEDS = 20
NO_CLAIM = f"n < {MIN_SEEDS}: no claim"
SIGNIFICANT = 0.05

Decision: TypeAlias = Literal["better", "worse", "mixed", "level", "no claim"]


@dataclass(frozen=True, slots=True)
class Compared:
    """Paired differences in numbers, percent points; NaN where there are too few pairs for a number."""

    n_pairs: int
    difference: float = np.nan
    """Mean over pairs."""
    ci_low: float = np.nan
    """Of its 95 % BCa interval."""
    ci_high: float = np.nan
    wins: int = 0
    ties: int = 0
    losses: int = 0
    p_raw: float = np.nan
    """Of the Wilcoxon signed-rank test, before Holm; NaN below `MIN_SEEDS` pairs."""
    effect: float = np.nan
    """Rank-biserial correlation, > 0 where it is better; NaN below `MIN_SEEDS` pairs."""
    detectable_difference: float = np.nan
    """See `harness.stats.power`."""


def decide(p_value: float, *gains: float, level: float = SIGNIFICANT) -> Decision:
    """Return the decision of a comparison.

    Args:
        p_value: after Holm; NaN where no claim is made.
        gains: measures of the difference, such as mean and rank-biserial correlation, positive where it is better.
        level: of significance.

    Returns:
        "no claim" without a p-value; "level" where p_value >= level; else "better" or "worse" where all gains have one
        sign, and "mixed" where they disagree, are 0 or are NaN.
    """
    if np.isnan(p_value):
        return "no claim"
    if p_value >= level:
        return "level"
    signs = set(np.sign(gains))
    return "better" if signs == {1.0} else "worse" if signs == {-1.0} else "mixed"


def compare(differences: FloatArray, *, rng: np.random.Generator, more_is_better: bool = True) -> Compared:
    """Return the numbers of paired differences, shape (n_pairs,); wins and effect count towards the better side."""
    n = len(differences)
    if n == 0:
        return Compared(0)
    covered = interval(mean, differences, rng=rng)
    better = differences if more_is_better else -differences
    (wins, ties, losses), enough = outcomes(better), n >= MIN_SEEDS
    return Compared(
        n_pairs=n,
        difference=covered.estimate,
        ci_low=covered.low,
        ci_high=covered.high,
        wins=wins,
        ties=ties,
        losses=losses,
        p_raw=wilcoxon_p(better) if enough else np.nan,
        effect=rank_biserial(better) if enough else np.nan,
        detectable_difference=detectable_difference(float(std(differences)), n),
    )


def paired_differences(ours: "pd.Series[float]", reference: "pd.Series[float]") -> FloatArray:
    """Return ours - reference over the seeds that both have, in the order of the seeds; shape (n_pairs,)."""
    both = ours.index.intersection(reference.index).sort_values()
    return np.asarray(ours.loc[both].to_numpy() - reference.loc[both].to_numpy(), dtype=np.float64)
