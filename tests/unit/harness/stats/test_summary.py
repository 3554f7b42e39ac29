"""The summary: by hand on small frames, and what it does with too few, failed, missing and single runs."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from harness.stats.decision import MIN_SEEDS, NO_CLAIM
from harness.stats.paired import holm, rank_biserial
from harness.stats.runs import RULES
from harness.stats.summary import SUMMARY_COLUMNS, columns_of_the_host, summarise, without_host
from pmfnas.core.errors import InputError
from tests.support.frames import runs_of, some_runs, timings_of


def summary_of(runs: pd.DataFrame, **options: Any) -> pd.DataFrame:
    return summarise(runs, timings_of(runs), rng=np.random.default_rng(0), **options)


def row_of(summary: pd.DataFrame, searcher: str, dataset: str = "cifar10") -> dict[str, Any]:
    rows = summary[(summary["dataset"] == dataset) & (summary["searcher"] == searcher)]
    return dict(rows.iloc[0])


def test_one_searcher_by_hand() -> None:
    runs = runs_of({"cifar10": {"asha": [93.0, 94.0, 92.0, 94.0]}})
    row = row_of(summary_of(runs), "asha")
    assert (row["n_seeds"], row["n_failed"], row["failures"]) == (4, 0, "")
    assert row["test_mean"] == 93.25
    assert row["test_std"] == pytest.approx(np.sqrt(2.75 / 3))
    assert (row["test_median"], row["test_iqm"], row["test_worst"]) == (93.5, 93.5, 92.0)
    assert (row["valid_mean"], row["test_regret_mean"], row["optimum_hit_rate"]) == (92.25, 0.75, 0.5)
    assert row["test_ci_low"] < 93.25 < row["test_ci_high"]
    assert (row["n_archs"], row["top_arch"], row["top_arch_share"]) == (3, "arch-94.0", 0.5)
    assert (row["gpu_hours_resume"], row["gpu_hours_restart"], row["evaluations"]) == (2.0, 3.0, 11.5)
    assert (row["hours_to_final_incumbent"], row["searcher_s"]) == (0.5, 1.5)


def test_a_single_searcher_is_compared_with_none() -> None:
    row = row_of(summary_of(some_runs()[lambda f: f["searcher"] == "asha"]), "asha")
    assert (row["reference"], row["n_pairs"], row["mark"], row["claim"], row["mean_rank"]) == ("", 0, "", "", 1.0)
    assert np.isnan([row["p_value"], row["effect"], row["difference"], row["detectable_difference"]]).all()


def test_the_columns_are_those_promised_and_every_row_names_its_data() -> None:
    summary = summary_of(some_runs())
    assert tuple(summary.columns) == SUMMARY_COLUMNS
    assert summary[list(RULES)].notna().all(axis=None)
    assert set(columns_of_the_host) == set(summary.columns) - set(without_host(summary).columns)


def test_the_paired_columns_by_scipy_and_by_hand() -> None:
    runs = some_runs()
    summary = summary_of(runs)
    scores = runs.pivot(index="seed", columns=["dataset", "searcher"], values="test")
    gaps = (scores["cifar10"]["random_search"] - scores["cifar10"]["pmf_nas"]).round(9)
    row = row_of(summary, "random_search")
    assert row["difference"] == pytest.approx(gaps.mean())
    assert row["difference_ci_low"] < gaps.mean() < row["difference_ci_high"] < 0
    assert (row["wins"], row["ties"], row["losses"]) == ((gaps > 0).sum(), (gaps == 0).sum(), (gaps < 0).sum())
    assert row["p_raw"] == pytest.approx(stats.wilcoxon(gaps, zero_method="pratt", method="approx").pvalue, abs=1e-3)
    assert row["effect"] == rank_biserial(gaps) < -0.9
    assert row["detectable_difference"] > 0
    assert (row["reference"], row["n_pairs"], row["claim"]) == ("pmf_nas", 24, "")


def test_holm_is_over_all_comparisons_of_the_table() -> None:
    summary = summary_of(some_runs())
    assert summary["p_raw"].notna().sum() == 6  # three searchers on two data sets
    assert np.array_equal(summary["p_value"], holm(summary["p_raw"]), equal_nan=True)
    assert (summary["p_value"] >= summary["p_raw"]).sum() == 6


def test_below_twenty_seeds_there_are_numbers_but_no_claim() -> None:
    few = summary_of(some_runs(MIN_SEEDS - 1))
    assert few[["p_raw", "p_value", "effect"]].isna().all(axis=None)
    assert (few["claim"] == NO_CLAIM).all()
    assert (few["mark"] == "").all()
    others = few[few["searcher"] != "pmf_nas"]
    assert others[["test_mean", "difference", "difference_ci_low", "detectable_difference"]].notna().all(axis=None)
    enough = summary_of(some_runs(MIN_SEEDS))
    assert (enough["claim"] == "").all()
    assert enough["p_value"].notna().sum() == 6


def test_failed_runs_are_counted_with_their_reasons_and_left_out() -> None:
    runs = some_runs()
    ours = (runs["searcher"] == "asha") & (runs["dataset"] == "cifar10")
    broken = ours & runs["seed"].isin([0, 1, 2])
    runs.loc[broken, ["status", "why"]] = ["failed", "broke\nthe rules"]
    runs.loc[ours & (runs["seed"] == 3), "test"] = np.nan
    row = row_of(summary_of(runs), "asha")
    assert (row["n_seeds"], row["n_failed"], row["n_pairs"]) == (20, 4, 20)
    assert row["failures"] == "3 x broke the rules; 1 x no score"
    assert row["test_mean"] == pytest.approx(runs[ours & (runs["seed"] > 3)]["test"].mean())


def test_a_searcher_that_always_fails_has_a_row_without_numbers() -> None:
    runs = some_runs()
    ours = runs["searcher"] == "asha"
    runs.loc[ours, ["status", "test", "valid", "incumbent_hours"]] = ["failed", None, None, None]
    summary = summary_of(runs)
    row = row_of(summary, "asha")
    assert (row["n_seeds"], row["n_failed"], row["failures"]) == (0, 24, "24 x no reason given")
    assert (row["n_archs"], row["top_arch"], row["mark"], row["claim"]) == (0, "", "", NO_CLAIM)
    names = ["test_mean", "test_ci_low", "optimum_hit_rate", "gpu_hours_resume", "searcher_s", "p_value", "mean_rank"]
    assert all(np.isnan(row[name]) for name in names)
    assert summary["searcher"].iloc[3] == "asha"  # last of its data set


def test_pairs_are_the_seeds_that_both_have() -> None:
    runs = some_runs(26)
    gone = (runs["searcher"] == "asha") & runs["seed"].isin([0, 1]) | (runs["searcher"] == "pmf_nas") & (
        runs["seed"] == 5
    )
    row = row_of(summary_of(runs[~gone]), "asha")
    assert (row["n_seeds"], row["n_pairs"]) == (24, 23)
    scores = runs[runs["dataset"] == "cifar10"].pivot(index="seed", columns="searcher", values="test").drop([0, 1, 5])
    assert row["difference"] == pytest.approx((scores["asha"] - scores["pmf_nas"]).mean())


def test_equal_picks_are_no_difference() -> None:
    runs = runs_of({"cifar10": {"pmf_nas": [93.0] * 25, "asha": [93.0] * 25}})
    row = row_of(summary_of(runs), "asha")
    assert (row["p_value"], row["effect"], row["difference"], row["detectable_difference"]) == (1.0, 0.0, 0.0, 0.0)
    assert {row_of(summary_of(runs), name)["mark"] for name in ("asha", "pmf_nas")} == {"best", "level"}


def test_marks_name_the_best_and_those_level_with_it() -> None:
    runs = runs_of(
        {"cifar10": {"a": [93.0, 93.2] * 15, "b": [93.2, 93.0] * 15, "worse": [91.0] * 30, "few": [94.0] * 5}}
    )
    summary = summary_of(runs)
    assert {name: row_of(summary, name)["mark"] for name in ("a", "b", "worse", "few")} == {
        "a": "best",
        "b": "level",
        "worse": "",
        "few": "",
    }


def test_another_reference_turns_the_sign() -> None:
    runs = some_runs()
    ours, theirs = summary_of(runs), summary_of(runs, reference="random_search")
    assert row_of(ours, "random_search")["effect"] == -row_of(theirs, "pmf_nas")["effect"]
    assert row_of(theirs, "pmf_nas")["effect"] > 0.9


def test_an_absent_reference_compares_nothing() -> None:
    summary = summary_of(some_runs(), reference="nobody")
    assert summary["p_value"].isna().all()
    assert (summary["reference"] == "").all()
    assert (summary["mark"] == "best").sum() == 2


def test_rows_do_not_depend_on_order_or_on_each_other() -> None:
    runs = some_runs()
    whole = summary_of(runs)
    shuffled = runs.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(whole, summarise(shuffled, timings_of(shuffled), rng=np.random.default_rng(0)))
    without = summary_of(runs[runs["searcher"] != "asha"])
    names = ["test_ci_low", "test_ci_high", "difference_ci_low", "p_raw"]
    assert [row_of(whole, "most_params")[n] for n in names] == [row_of(without, "most_params")[n] for n in names]
    other = summarise(runs, timings_of(runs), rng=np.random.default_rng(1))
    assert not np.array_equal(whole["test_ci_low"], other["test_ci_low"])


def test_the_best_mean_comes_first_and_ranks_are_over_data_sets() -> None:
    runs = runs_of(
        {"cifar10": {"a": [93.0], "b": [92.0], "c": [91.0]}, "cifar100": {"a": [70.0], "b": [71.0]}},
    )
    summary = summary_of(runs)
    assert summary["searcher"].tolist() == ["a", "b", "c", "b", "a"]
    assert [row_of(summary, name)["mean_rank"] for name in "ab"] == [1.5, 1.5]
    assert np.isnan(row_of(summary, "c")["mean_rank"])


def test_timings_may_be_missing() -> None:
    runs = some_runs()
    none = summarise(runs, timings_of(runs).iloc[:0], rng=np.random.default_rng(0))
    assert none["searcher_s"].isna().all()
    with pytest.raises(InputError, match="timings lacks the column searcher_s"):
        summarise(runs, timings_of(runs).drop(columns="searcher_s"), rng=np.random.default_rng(0))


def _twice(runs: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([runs, runs.iloc[:1]])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda runs: runs.iloc[:0], "0 rows"),
        (lambda runs: runs.drop(columns=["hit", "valid"]), "lacks the column valid, hit"),
        (_twice, "seed 0 twice"),
        (lambda runs: runs.assign(status="done"), "status 'done'"),
        (lambda runs: runs.assign(data=["OFFICIAL", *["ANCHORED"] * (len(runs) - 1)]), "data ANCHORED and OFFICIAL"),
        (lambda runs: runs.assign(budget_s=runs["seed"] + 1.0), "budget_s"),
        (lambda runs: runs.assign(hit=None), "without hit"),
    ],
)
def test_frames_that_cannot_be_summarised_are_refused(spoil, message: str) -> None:
    runs = some_runs()
    with pytest.raises(InputError, match=message):
        summarise(spoil(runs), timings_of(runs), rng=np.random.default_rng(0))
