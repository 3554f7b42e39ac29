"""`compare --landscapes`: parts are kept, the page tells the truth about them, and wrong calls are refused."""

import json
from pathlib import Path

import pandas as pd
import pytest

from baselines.random_search import RandomSearch
from harness.cli.main import main
from harness.compare.landscapes import SHAPES, Plan, by_name, names, run_missing, verdict, write
from harness.experiment import folder
from pmfnas.testing.landscapes import NAMES, compare_on, landscape

PLAN = Plan(("grid-reversed-smooth", "grid-irrelevant-rugged"), {"mine": RandomSearch}, (2, 4), range(3, 6))


def test_parts_hold_the_regrets_of_each_budget_and_seed_and_are_not_made_twice(tmp_path: Path) -> None:
    folder.claim(tmp_path, PLAN.claim("none"))
    run_missing(PLAN, landscape, tmp_path, n_jobs=1)
    part = tmp_path / "parts" / "grid-reversed-smooth" / "mine.json"
    expected = compare_on(landscape("grid-reversed-smooth"), {"x": RandomSearch}, (2, 4), range(3, 6)).regret_pct[0]
    assert json.loads(part.read_text())["regret_pct"] == [[pytest.approx(v, abs=1e-4) for v in row] for row in expected]
    part.write_text(json.dumps({"regret_pct": [[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]}))
    run_missing(PLAN, landscape, tmp_path, n_jobs=1)
    page = write(PLAN, tmp_path, own=())
    assert "| grid-reversed-smooth | **2.00 (0.58)** |" in page
    frame = pd.read_parquet(tmp_path / "regret.parquet")
    assert len(frame) == 12
    assert frame["seed"].tolist()[:3] == [3, 4, 5]


def test_a_searcher_is_behind_where_its_mean_is_two_standard_errors_higher() -> None:
    rows = [
        {"landscape": name, "n_medium": 30, "searcher": searcher, "seed": seed, "regret_pct": value}
        for name, mine in (("far", (2.0, 2.1, 2.2)), ("near", (0.9, 1.2, 1.1)), ("ahead", (0.1, 0.2, 0.3)))
        for searcher, values in (("mine", mine), ("other", (1.0, 1.0, 1.0)))
        for seed, value in enumerate(values)
    ]
    line = next(verdict(pd.DataFrame(rows), ["mine"]))
    assert line == "- mine against other: ahead in 1 of 3 cells, behind in 1 (far at 30 by 1.10 ± 0.06)"


def test_real_landscapes_come_last_and_are_looked_up_by_name() -> None:
    assert names(real=False) == NAMES
    assert len(names(real=True)) == len(NAMES) + len(SHAPES)
    given = landscape("grid-rising-smooth")
    assert by_name(lambda: [given])("grid-rising-smooth") is given
    assert by_name(list)("grid-reversed-smooth").name == "grid-reversed-smooth"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--landscapes", "--budget", "2h"], "--budget says nothing to --landscapes"),
        (["--landscapes", "--seeds", "1"], "--seeds is 1, but must be at least 2"),
        (["--searcher", "x.py:X", "--update-reference"], "--update-reference is for --landscapes"),
    ],
)
def test_wrong_calls_are_refused(words: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *words]) == 2
    assert error in capsys.readouterr().err
