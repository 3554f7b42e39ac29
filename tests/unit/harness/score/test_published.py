"""Published rows: complete, marked, and the replay's comparison."""

import numpy as np
import pandas as pd
import pytest

from harness.score.published import DATASETS, Score, compare_replay, published, replay_targets
from pmfnas.core.errors import InputError

ROWS = published("nb201")


@pytest.mark.parametrize("space", ["nb201", "nats-sss"])
def test_every_row_says_where_and_how_it_was_read(space: str) -> None:
    rows = published(space)
    assert len({row.method for row in rows}) == len(rows)
    for row in rows:
        assert row.trust in ("R", "I", "S")
        assert row.source
        assert row.cost
        assert row.n_runs
        assert len(row.test) == len(row.valid) == len(DATASETS)


def test_scores_are_percent_and_within_the_space() -> None:
    for row in ROWS:
        for score, best in zip(row.test, (94.38, 73.52, 47.32), strict=True):
            assert score is None or 10 < score.mean <= best
            assert score is None or score.std is None or 0 <= score.std < 10


def test_known_rows() -> None:
    by_name = {row.method: row for row in ROWS}
    assert [str(score) for score in by_name["REA"].test] == ["93.92±0.30", "71.84±0.99", "45.54±1.03"]
    assert str(by_name["REA"].valid[0]) == "91.19±0.31"
    assert by_name["MF-NAS"].test == by_name["RoBoT"].test == (Score(94.36, 0), Score(73.51, 0), Score(46.34, 0))
    assert (by_name["MF-NAS"].trust, by_name["RoBoT"].trust, by_name["PWLNAS"].trust) == ("R", "I", "S")
    assert by_name["MetaD2A"].test[2] is None
    assert by_name["ResNet"].test[0] == Score(93.97, None)
    assert by_name["beta-DARTS"].valid == (None, None, None)


def test_an_unknown_space_is_refused() -> None:
    with pytest.raises(InputError, match="nb201, nats-sss"):
        published("darts")


def test_the_replay_targets() -> None:
    assert replay_targets() == {
        "random search": Score(93.70, 0.36),
        "REINFORCE": Score(93.85, 0.37),
        "REA": Score(93.92, 0.30),
        "BOHB": Score(93.61, 0.52),
    }


SUMMARY = pd.DataFrame(
    {
        "dataset": ["cifar10", "cifar10", "cifar100"],
        "searcher": ["random_search", "regularized_evolution", "reinforce"],
        "test_mean": [93.55, 94.08, 71.0],
        "test_std": [0.3, np.nan, 0.2],
        "n_seeds": [200, 1, 3],
    }
)


def test_the_replay_compares_means_within_its_tolerance() -> None:
    names = {"REA": "regularized_evolution", "random search": "random_search"}
    random, rea = compare_replay(SUMMARY, names)
    assert (random.method, random.ours, random.n_seeds, random.within) == (
        "random search",
        Score(93.55, 0.3),
        200,
        True,
    )
    assert random.gap == pytest.approx(-0.15)
    assert (rea.gap, rea.within) == (pytest.approx(0.16), False)
    assert compare_replay(SUMMARY, names, tolerance_pct=0.2)[1].within


@pytest.mark.parametrize(
    ("names", "message"),
    [({"GDAS": "gdas"}, "'GDAS'"), ({"REINFORCE": "reinforce"}, "no runs of reinforce on cifar10")],
)
def test_what_cannot_be_compared_is_refused(names, message: str) -> None:
    with pytest.raises(InputError, match=message):
        compare_replay(SUMMARY, names)
