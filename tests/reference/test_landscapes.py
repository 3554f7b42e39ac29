"""What is said of landscapes is what the committed comparison holds, and its runs end again as they did."""

import re

import pandas as pd
import pytest

from harness.compare.landscapes import verdict
from harness.players.ours import PLAYERS
from pmfnas.core.types import FloatArray
from pmfnas.testing.landscapes import compare_on, landscape
from tests.support.documents import ROOT, rows

FOLDER, RESULTS = ROOT / "results" / "reference" / "landscapes", "docs/results.md"


@pytest.fixture(scope="module")
def regret() -> pd.DataFrame:
    return pd.read_parquet(FOLDER / "regret.parquet")


@pytest.mark.parametrize("row", rows(RESULTS, "| pmf_nas against |")[1:], ids=lambda row: row[0])
def test_ahead_and_behind(row: list[str], regret: pd.DataFrame) -> None:
    told = next(line for line in verdict(regret, ["pmf_nas"]) if f"against {row[0]}:" in line)
    found = re.search(r"ahead in (\d+) of 48 cells, behind in (\d+)", told)
    assert found is not None
    assert row[1:] == list(found.groups())
    assert told in (FOLDER / "table.md").read_text()


def test_the_regrets_on_the_weakest_landscape(regret: pd.DataFrame) -> None:
    mean = regret[regret["landscape"] == "cifar100-reversed"].groupby(["searcher", "n_medium"])["regret_pct"].mean()
    told = re.search(r"regret ([\d./ ]+), ASHA ([\d./ ]+)\.\n", (ROOT / RESULTS).read_text())
    assert told is not None
    for text, searcher in zip(told.groups(), ("pmf_nas", "asha"), strict=True):
        assert [float(number) for number in text.split(" / ")] == pytest.approx(mean[searcher].tolist(), abs=0.0051)


@pytest.mark.parametrize("searcher", ["pmf_nas", "asha"])
def test_runs_end_again_as_they_did(searcher: str, regret: pd.DataFrame) -> None:
    name = "grid-reversed-rugged"
    again: FloatArray = compare_on(landscape(name), {searcher: PLAYERS[searcher]}, (30,), range(2)).regret_pct
    kept = regret.query("landscape == @name and searcher == @searcher and n_medium == 30 and seed < 2")["regret_pct"]
    assert kept.tolist() == pytest.approx(again[0, 0].tolist(), abs=1e-4)
