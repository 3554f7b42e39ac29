"""Means and paired differences against values by hand, the rule of twenty seeds, and what the words say."""

import io

import numpy as np
import pandas as pd
import pytest

from harness.search.compare.results import RESULT_COLUMNS
from harness.search.compare.tables import ComparisonTable, compare_searchers, csv, markdown, terminal
from harness.stats.paired import holm, rank_biserial, wilcoxon_p

RECIPE = {"channels": [16, 32, 64], "cells_per_stage": 5, "batch_size": 256}
RULES = {
    **{"dataset": "digits", "space": "nb201", "split": "80/10/10 by class, seed 0", "fingerprint": "4b0d0a4973d3"},
    **{"schedules": [3, 12], "budget_s": 120.0, "recipe": RECIPE, "width": 1, "device": "CPU", "torch": "2.13.0+cpu"},
    **{"code": "0123456789ab", "threads": 1, "jobs": 2},
}


def runs_of(**tests):
    """Return runs with these test accuracies, seeds from 1000; None stands for a run that failed."""
    rows = [
        {"searcher": name, "seed": 1000 + place, "status": "ok", "why": "", "test_acc": acc, "valid_acc": acc + 1}
        | {"n_archs": 10 + place, "n_whole": 2, "params_m": 0.5, "gpu_hours": 0.03}
        if acc is not None
        else {"searcher": name, "seed": 1000 + place, "status": "failed", "why": "failed with exit code 2: no memory"}
        for name, accs in tests.items()
        for place, acc in enumerate(accs)
    ]
    return pd.DataFrame(rows).reindex(columns=list(RESULT_COLUMNS))


def test_means_and_differences_by_hand():
    runs = runs_of(mine=[95.0, 96.0, 97.0, 94.0], other=[94.0, 97.0, 97.0, 91.0])
    mine, other = compare_searchers(runs, ("mine", "other")).to_dict("records")
    assert (mine["test_mean"], mine["test_worst"], mine["valid_mean"], mine["n_archs"]) == (95.5, 94.0, 96.5, 11.5)
    assert mine["test_std"] == pytest.approx(np.sqrt(5 / 3))
    assert (mine["n_pairs"], mine["test_verdict"], other["n_pairs"]) == (0, "", 4)
    assert other["test_difference"] == pytest.approx(0.75)  # of 1, -1, 0, 3
    assert -1 <= other["test_ci_low"] < 0.75 < other["test_ci_high"] <= 3
    assert [other[f"valid_{side}"] for side in ("wins", "ties", "losses")] == [2, 1, 1]


def test_fewer_than_twenty_pairs_make_no_claim():
    runs = runs_of(mine=[95.0] * 19 + [96.0], other=[90.0] * 19 + [None])
    table = compare_searchers(runs, ("mine", "other"))
    other = table.iloc[1]
    assert (other["n_pairs"], other["n_failed"], other["test_difference"], other["test_wins"]) == (19, 1, 5.0, 19)
    assert np.isnan(other["test_p_value"])
    assert np.isnan(other["test_effect"])
    assert other["test_verdict"] == "no claim"
    text = markdown(ComparisonTable(table, runs, RULES))
    assert "n \\< 20: numbers, no claim, against other." in text
    assert "other, seed 1019: failed with exit code 2: no memory." in text
    assert "| other | test | 19 | +5.00 |" in text
    assert "19/0/0 | n\\<20 | - |" in text
    assert "19+1f" in text


def test_from_twenty_pairs_on_p_values_are_those_of_the_statistics():
    rng = np.random.default_rng(0)
    mine, close, behind = (95 + shift + rng.normal(0, 1, 20) for shift in (0, 0.1, -3))
    table = compare_searchers(runs_of(mine=mine, close=close, behind=behind), ("mine", "close", "behind"))
    p_raw = [wilcoxon_p(mine - other) for other in (close, behind)]
    assert table["test_p_raw"].iloc[1:].tolist() == pytest.approx(p_raw)
    assert table["test_p_value"].iloc[1:].tolist() == pytest.approx(list(holm(p_raw)))
    assert table["test_effect"].iloc[2] == pytest.approx(rank_biserial(mine - behind))
    assert table["test_verdict"].tolist() == ["", "not distinguishable", "better"]
    assert np.isnan(table["test_p_value"].iloc[0])


def test_a_searcher_without_a_pair_is_shown_without_numbers():
    runs = runs_of(mine=[95.0], other=[None])
    table = ComparisonTable(compare_searchers(runs, ("mine", "other")), runs, RULES)
    assert "| other | test | 0 | - | - to - | 0/0/0 |" in markdown(table)
    assert "no pair" in terminal(table)


def test_the_head_names_data_device_and_rules_and_every_line_of_the_csv_does():
    runs = runs_of(mine=[95.0, 96.0], other=[94.0, 94.0])
    table = ComparisonTable(compare_searchers(runs, ("mine", "other")), runs, RULES)
    head = markdown(table).splitlines()[2]
    for text in (
        "TRAINED data 4b0d0a4973d3",
        "channels 16, 32, 64, 5 cells",
        "batch 256; budget 2 min",
        "schedules 3, 12",
        "CPU, torch 2.13.0+cpu",
    ):
        assert text in head
    assert "1 thread per run, 2 runs at once, width 1; seeds 1000 to 1001; code 0123456789ab" in head
    assert "| searcher | n | test | worst test | valid | archs | to 12@12 |" in markdown(table)
    rows = pd.read_csv(io.StringIO(csv(table)))
    assert rows["schedules"].tolist() == ["3 12", "3 12"]
    assert rows["fingerprint"].tolist() == ["4b0d0a4973d3"] * 2
    assert all(len(line) <= 100 for line in terminal(table).splitlines())
