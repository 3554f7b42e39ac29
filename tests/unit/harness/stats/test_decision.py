"""The one rule of better, worse and level, and the numbers that it decides on."""

import math

import numpy as np
import pytest

from harness.stats.aggregates import mean
from harness.stats.decision import MIN_SEEDS, Compared, compare, decide
from harness.stats.intervals import interval
from harness.stats.paired import rank_biserial, wilcoxon_p


@pytest.mark.parametrize(
    ("p_value", "gains", "expected"),
    [
        (0.01, (0.1, 0.5), "better"),
        (0.01, (-0.1, -0.5), "worse"),
        (0.01, (0.1, -0.5), "mixed"),
        (0.01, (0.1, 0.0), "mixed"),
        (0.01, (math.inf, 1.0), "better"),
        (0.01, (math.nan, 0.5), "mixed"),
        (0.01, (0.5, math.nan), "mixed"),
        (0.05, (0.1, 0.5), "level"),
        (math.nan, (0.1, 0.5), "no claim"),
    ],
)
def test_a_word_needs_significance_and_one_sign(p_value, gains, expected) -> None:
    assert decide(p_value, *gains) == expected


def test_the_level_is_the_callers() -> None:
    assert decide(0.01, 1.0, level=0.01) == "level"
    assert decide(0.0099, -1.0, level=0.01) == "worse"


def test_the_numbers_are_those_of_the_pure_functions() -> None:
    gaps = np.random.default_rng(0).normal(0.3, 0.5, MIN_SEEDS)
    found, less = (
        compare(gaps, rng=np.random.default_rng(1), more_is_better=more_is_better) for more_is_better in (True, False)
    )
    covered = interval(mean, gaps, rng=np.random.default_rng(1))
    assert (found.difference, found.ci_low, found.ci_high) == (covered.estimate, covered.low, covered.high)
    assert (found.wins, found.ties, found.losses) == (int((gaps > 0).sum()), 0, int((gaps < 0).sum()))
    assert (found.p_raw, found.effect) == (wilcoxon_p(gaps), rank_biserial(gaps))
    assert (less.difference, less.wins, less.effect) == (found.difference, found.losses, -found.effect)


def test_few_pairs_have_numbers_but_no_claim() -> None:
    assert compare(np.empty(0), rng=np.random.default_rng(0)) == Compared(0)
    few = compare(np.full(MIN_SEEDS - 1, 0.2), rng=np.random.default_rng(0))
    assert (few.n_pairs, few.wins, few.detectable_difference) == (MIN_SEEDS - 1, MIN_SEEDS - 1, pytest.approx(0.0))
    assert few.difference == pytest.approx(0.2)
    assert np.isnan([few.p_raw, few.effect]).all()
