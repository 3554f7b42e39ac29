"""The first table and its sentence: right in the plain case and in every edge case."""

import numpy as np
import pandas as pd
import pytest

from harness.show.overall import conclusion, overall_frame, overall_legend, overall_sheet
from harness.stats.summary import summarise
from tests.support.frames import runs_of, timings_of

N = 24


def summary_of(tests) -> pd.DataFrame:
    runs = runs_of(tests)
    return summarise(runs, timings_of(runs), rng=np.random.default_rng(0))


def around(mean: float, n: int = N) -> list[float]:
    """Return scores 0.1 apart around a mean, of which the first is the lowest."""
    return [mean + 0.01 * (i - (n - 1) / 2) for i in range(n)]


PLAIN = {
    "cifar10": {"pmf_nas": around(93.0), "asha": around(92.0), "tpe": around(93.5)},
    "cifar100": {"pmf_nas": around(72.0), "asha": around(71.0), "tpe": around(71.5)},
}


def test_means_signs_ranks_and_p_values():
    sheet = overall_sheet(summary_of(PLAIN))
    assert sheet.titles == ("searcher", "n", "cifar10", "cifar100", "rank", "p")
    cells = {row[0]: [cell.strip() for cell in row[1:]] for row in sheet.rows}
    assert cells == {
        "pmf_nas": ["24", "93.00±0.07", "72.00±0.07", "1.5", "ref"],
        "asha": ["24", "92.00±0.07 -", "71.00±0.07 -", "3.0", "<.001"],
        "tpe": ["24", "93.50±0.07 +", "71.50±0.07 -", "1.5", "<.001"],
    }
    assert dict(zip(cells, sheet.marks, strict=True)) == {"pmf_nas": "best", "tpe": "best", "asha": ""}


def test_the_sentence_of_the_plain_case():
    assert conclusion(summary_of(PLAIN)) == (
        "On ANCHORED data (cifar10 and cifar100; 24 seeds, 2 GPU-hours), pmf_nas and tpe share the best mean rank, "
        "1.5; pmf_nas is better than asha on both data sets, and worse than tpe on at least one data set "
        "(Holm p < .05)."
    )


def test_limits_are_named():
    assert conclusion(summary_of(PLAIN), limits="the 25 archs").startswith(
        "On ANCHORED data without the 25 archs (cifar10 and cifar100; 24 seeds"
    )


def test_one_data_set():
    said = conclusion(summary_of({"cifar10": PLAIN["cifar10"]}))
    assert said.endswith(
        "tpe has the best mean rank, 1.0; pmf_nas is better than asha on this data set, and worse than tpe on this "
        "data set (Holm p < .05)."
    )


def test_no_searcher_is_better():
    said = conclusion(summary_of({"cifar10": {name: PLAIN["cifar10"][name] for name in ("pmf_nas", "asha")}}))
    assert said.endswith("pmf_nas has the best mean rank, 1.0; it is better than asha on this data set (Holm p < .05).")


def test_one_or_two_level_rivals_are_named():
    level = {name: around(93.0) for name in ("pmf_nas", "asha", "tpe")}
    one = {name: level[name] for name in ("pmf_nas", "asha")}
    assert "neither better nor worse than asha on this data set (Holm p < .05)." in conclusion(
        summary_of({"cifar10": one})
    )
    said = conclusion(summary_of({"cifar10": level, "cifar100": level}))
    assert said.endswith("neither better than asha or tpe on both data sets nor worse on any (Holm p < .05).")


def test_more_rivals_are_counted():
    tests = {"cifar10": {**PLAIN["cifar10"], "bohb": around(91.0)}}
    assert conclusion(summary_of(tests)).endswith(
        "pmf_nas is better than 2 of 3 searchers on this data set (Holm p < .05) and worse than tpe on it."
    )


def test_one_searcher():
    said = conclusion(summary_of({"cifar10": {"pmf_nas": around(93.0)}}))
    assert said == (
        "On ANCHORED data (cifar10; 24 seeds, 2 GPU-hours), pmf_nas is the only searcher (test accuracy 93.00 %); "
        "there is nothing to compare it with."
    )


def test_no_reference():
    summary = summary_of({"cifar10": {name: PLAIN["cifar10"][name] for name in ("asha", "tpe")}})
    assert conclusion(summary).endswith(
        "tpe has the best mean rank, 1.0; pmf_nas did not run, so no p-value compares the searchers with it."
    )
    assert overall_sheet(summary).titles == ("searcher", "n", "cifar10", "rank")
    assert "No p-values: pmf_nas" in overall_legend(summary)[-1]


@pytest.mark.parametrize("n", [1, 3, 19])
def test_too_few_seeds_make_no_claim(n):
    summary = summary_of({"cifar10": {"pmf_nas": around(93.0, n), "asha": around(92.0, n)}})
    assert conclusion(summary).endswith(
        "pmf_nas has the best mean rank so far, 1.0; no claim is made, since no comparison with pmf_nas has 20 seeds "
        "on this data set."
    )
    assert [row[-1] for row in overall_sheet(summary).rows] == ["ref", "n<20"]
    assert f"({'cifar10'}; {n} {'seed' if n == 1 else 'seeds'}, 2 GPU-hours)" in conclusion(summary)


def test_some_have_too_few_seeds():
    tests = {"cifar10": {**PLAIN["cifar10"], "bohb": around(91.0, 5)}}
    said = conclusion(summary_of(tests))
    assert "5 to 24 seeds" in said
    assert said.endswith(
        "better than asha on this data set, and worse than tpe on this data set (Holm p < .05); no claim on 1 other "
        "without 20 seeds."
    )


def test_a_searcher_without_a_data_set_has_no_rank_and_no_p():
    tests = {"cifar10": PLAIN["cifar10"], "cifar100": {n: PLAIN["cifar100"][n] for n in ("pmf_nas", "tpe")}}
    sheet = overall_sheet(summary_of(tests))
    assert [cell.strip() for cell in sheet.rows[-1]] == ["asha", "24", "92.00±0.07 -", "-", "-", "-"]
    assert sheet.marks[-1] == ""
    assert "worse than tpe on at least one data set (Holm p < .05);" in conclusion(summary_of(tests))
    assert conclusion(summary_of(tests)).endswith("; no claim on 1 other without 20 seeds on each data set.")


def test_all_runs_failed():
    runs = runs_of({"cifar10": {"pmf_nas": [93.0], "asha": [92.0]}}).assign(status="failed", why="broken")
    summary = summarise(runs, timings_of(runs), rng=np.random.default_rng(0))
    assert "no searcher has a result on every data set, so none is ranked" in conclusion(summary)
    assert [row[1] for row in overall_sheet(summary).rows] == ["0+1f", "0+1f"]
    assert "nan" not in str(overall_sheet(summary))


def test_the_legend_explains_all_signs_or_those_shown():
    (full,) = [line for line in overall_legend(summary_of(PLAIN)) if line.startswith("Signs")]
    assert full.endswith(
        "+ significantly better, - significantly worse, = not distinguishable, ~ significant but mean and ranks "
        "disagree."
    )
    (brief,) = [line for line in overall_legend(summary_of(PLAIN), is_brief=True) if line.startswith("Signs")]
    assert brief.endswith(": + significantly better, - significantly worse.")


def test_the_frame_has_the_numbers_of_the_table():
    frame = overall_frame(summary_of(PLAIN)).set_index("searcher")
    assert frame.loc["tpe", "mean_rank"] == 1.5
    assert frame.loc["tpe", "cifar100_mean"] == pytest.approx(71.5)
    assert frame.loc["tpe", "cifar10_against_reference"] == "better"
    assert frame.loc["asha", "cifar10_n_seeds"] == N
    assert frame.loc["pmf_nas", "cifar10_against_reference"] == ""
    assert set(frame["reference"]) == {"pmf_nas"}
    assert set(frame["data"]) == {"ANCHORED"}
