"""Variants against the full searcher: the sign of a difference, the family of a p-value, what is claimed."""

import numpy as np
import pandas as pd
import pytest

from harness.stats.paired import holm
from harness.stats.power import detectable_difference
from harness.stats.variants import BETTER, VARIANT_COLUMNS, compare_variants
from pmfnas.core.errors import InputError
from tests.support.frames import BEST, runs_of

FULL = [93.0 + seed / 100 for seed in range(20)]
P_ALL_WINS = 2 / 2**20
"""Of the exact signed-rank test when one side wins all 20 pairs."""


def _compared(tests) -> pd.DataFrame:
    return compare_variants(runs_of(tests), reference="pmf_nas", rng=np.random.default_rng(0))


def _row(table: pd.DataFrame, **chosen) -> pd.Series:
    mask = np.logical_and.reduce([table[name] == value for name, value in chosen.items()])
    (row,) = (row for _, row in table[mask].iterrows())
    return row


def test_a_part_that_helps_makes_the_full_searcher_better_in_both_measures() -> None:
    table = _compared({"cifar10": {"pmf_nas": FULL, "no_part": [test - 0.5 for test in FULL]}})
    assert list(table.columns) == list(VARIANT_COLUMNS)
    test, regret = _row(table, measure="test"), _row(table, measure="valid_regret")
    assert test["difference"] == pytest.approx(0.5)
    assert test["full_mean"] - test["variant_mean"] == pytest.approx(0.5)
    assert regret["difference"] == pytest.approx(-0.5)
    assert regret["full_mean"] == pytest.approx(BEST["cifar10"] - np.mean(FULL))
    for row in (test, regret):
        assert (row["wins"], row["ties"], row["losses"], row["effect"]) == (20, 0, 0, 1.0)
        assert (row["n_pairs"], row["n_failed"], row["claim"], row["verdict"]) == (20, 0, "", "helps")


def test_a_part_that_harms_is_said_to() -> None:
    table = _compared({"cifar10": {"pmf_nas": FULL, "no_part": [test + 0.5 for test in FULL]}})
    assert list(table["difference"]) == pytest.approx([0.5 * -sign for sign in BETTER.values()])
    assert list(table["verdict"]) == ["harms", "harms"]
    assert list(table["effect"]) == [-1.0, -1.0]


def test_intervals_hold_the_difference_and_follow_it() -> None:
    drops = np.random.default_rng(3).normal(0.3, 0.2, 20)
    table = _compared({"cifar10": {"pmf_nas": FULL, "no_part": [t - d for t, d in zip(FULL, drops, strict=True)]}})
    test = _row(table, measure="test")
    assert 0.1 < test["ci_low"] < test["difference"] < test["ci_high"] < 0.5
    assert test["detectable_difference"] == pytest.approx(detectable_difference(float(np.std(drops, ddof=1)), 20))
    regret = _row(table, measure="valid_regret")
    assert -0.5 < regret["ci_low"] < regret["difference"] < regret["ci_high"] < -0.1


def test_equal_runs_differ_by_nothing() -> None:
    table = _compared({"cifar10": {"pmf_nas": FULL, "no_part": FULL}})
    assert set(table["difference"]) == {0.0}
    assert set(table["ties"]) == {20}
    assert set(table["p_value"]) == {1.0}
    assert set(table["verdict"]) == {"none"}


def test_the_family_is_the_variants_of_one_budget_data_set_and_measure() -> None:
    worse, equal = [test - 0.5 for test in FULL], FULL
    tests = {name: {"pmf_nas": FULL, "a": worse, "b": worse, "c": equal} for name in BEST}
    both = [runs_of(tests).assign(budget_s=budget_s) for budget_s in (3600.0, 7200.0)]
    table = compare_variants(pd.concat(both), reference="pmf_nas", rng=np.random.default_rng(0))
    assert len(table) == 2 * 2 * 3 * 2  # budgets, data sets, variants, measures
    assert table.loc[table["variant"] != "c", "p_raw"].to_numpy() == pytest.approx(P_ALL_WINS)
    # Three members: the smallest p three times, the second at least as much, the third its own.
    assert table.loc[table["variant"] != "c", "p_value"].to_numpy() == pytest.approx(3 * P_ALL_WINS)
    assert set(table.loc[table["variant"] == "c", "p_value"]) == {1.0}


def test_adjusted_p_values_are_those_of_their_own_family_only() -> None:
    noise = np.random.default_rng(5)
    tests = {
        dataset: {"pmf_nas": FULL, **{f"v{i}": list(FULL + noise.normal(0.03, 0.1, 20)) for i in range(4)}}
        for dataset in BEST
    }
    table = _compared(tests)
    for _, family in table.groupby(["dataset", "measure"]):
        assert len(family) == 4
        assert family["p_value"].to_numpy() == pytest.approx(holm(family["p_raw"].to_numpy()))
    assert (table["p_value"] > table["p_raw"]).any()


def test_only_pairs_count_and_failures_are_named() -> None:
    runs = runs_of({"cifar10": {"pmf_nas": [*FULL, 90.0], "no_part": [*(t - 0.5 for t in FULL), 80.0]}})
    runs.loc[(runs["searcher"] == "no_part") & (runs["seed"] == 20), ["status", "why"]] = ["failed", "broke"]
    table = compare_variants(runs, reference="pmf_nas", rng=np.random.default_rng(0))
    test = _row(table, measure="test")
    assert (test["n_pairs"], test["n_failed"]) == (20, 1)
    assert test["difference"] == pytest.approx(0.5)
    assert test["full_mean"] == pytest.approx(np.mean(FULL))


def test_no_claim_below_twenty_pairs() -> None:
    table = _compared({"cifar10": {"pmf_nas": FULL[:19], "no_part": [test - 0.5 for test in FULL[:19]]}})
    assert table["p_value"].isna().all()
    assert set(table["verdict"]) == {""}
    assert set(table["claim"]) == {"n < 20: no claim"}
    assert _row(table, measure="test")["difference"] == pytest.approx(0.5)


def test_a_variant_without_a_single_result_has_a_row() -> None:
    runs = runs_of({"cifar10": {"pmf_nas": FULL, "no_part": FULL}})
    runs.loc[runs["searcher"] == "no_part", ["status", "why"]] = ["failed", "broke"]
    table = compare_variants(runs, reference="pmf_nas", rng=np.random.default_rng(0))
    assert list(table["n_pairs"]) == [0, 0]
    assert list(table["n_failed"]) == [20, 20]
    assert table["difference"].isna().all()


def test_a_row_does_not_hang_on_the_others() -> None:
    drops = np.random.default_rng(3).normal(0.3, 0.2, 20)
    part = [test - drop for test, drop in zip(FULL, drops, strict=True)]
    alone = _compared({"cifar10": {"pmf_nas": FULL, "no_part": part}})
    among = _compared({"cifar10": {"a": FULL, "no_part": part, "pmf_nas": FULL}, "cifar100": {"pmf_nas": FULL}})
    columns = ["difference", "ci_low", "ci_high", "p_raw", "effect"]
    pd.testing.assert_frame_equal(
        alone[columns], among.loc[among["variant"] == "no_part", columns].reset_index(drop=True)
    )


def test_frames_without_two_sides_are_refused() -> None:
    with pytest.raises(InputError, match="have none of pmf_nas"):
        _compared({"cifar10": {"no_part": FULL}})
    with pytest.raises(InputError, match="holds pmf_nas alone"):
        _compared({"cifar10": {"pmf_nas": FULL}})
