"""Standings over all data sets: by hand."""

import numpy as np
import pandas as pd
import pytest

from harness.stats.overall import standings


def row(dataset, searcher, *, rank, p=np.nan, difference=np.nan, effect=np.nan, mean=90.0):
    return {
        **{"dataset": dataset, "searcher": searcher, "mean_rank": rank, "p_value": p, "difference": difference},
        **{"effect": effect, "test_mean": mean, "test_std": 0.5, "n_seeds": 24, "n_failed": 1},
    }


SUMMARY = pd.DataFrame(
    [
        row("a", "pmf_nas", rank=1.5),
        row("b", "pmf_nas", rank=1.5),
        row("a", "tpe", rank=1.5, p=0.01, difference=-0.5, effect=-0.9),
        row("b", "tpe", rank=1.5, p=0.04, difference=-0.1, effect=-0.4),
        row("a", "bohb", rank=3.0, p=0.001, difference=0.2, effect=0.8),
        row("b", "bohb", rank=3.0, p=0.30, difference=-0.2, effect=-0.1),
        row("a", "asha", rank=np.nan, p=0.001, difference=-0.2, effect=0.7),
    ]
)


def test_the_best_mean_rank_comes_first_and_those_without_a_rank_last():
    assert [one.searcher for one in standings(SUMMARY)] == ["pmf_nas", "tpe", "bohb", "asha"]


def test_the_p_value_is_the_largest_and_there_is_none_without_every_data_set():
    found = {one.searcher: one for one in standings(SUMMARY)}
    assert found["tpe"].p_value == 0.04
    assert found["bohb"].p_value == 0.30
    assert np.isnan(found["pmf_nas"].p_value)
    assert np.isnan(found["asha"].p_value)


@pytest.mark.parametrize(
    ("searcher", "against"), [("tpe", ["worse", "worse"]), ("bohb", ["better", "level"]), ("asha", ["mixed"])]
)
def test_each_data_set_is_decided_by_itself(searcher, against):
    (one,) = [one for one in standings(SUMMARY) if one.searcher == searcher]
    assert [result.against for result in one.results.values()] == against
    assert one.is_everywhere("worse", 2) is (searcher == "tpe")
    assert one.is_somewhere("better") is (searcher == "bohb")
