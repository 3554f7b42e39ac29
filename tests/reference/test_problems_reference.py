"""The committed comparison on problems of one's own is what this code makes of the recordings."""

import json
from pathlib import Path

import pandas as pd
import pytest

from harness.problems.comparing import FIRST, SEARCHERS, Job, claim_of, recording, run_one
from harness.problems.problem import NAMES
from harness.problems.tables import markdown, summarised
from pmfnas.loop.record import read_header

REFERENCE = Path(__file__).parents[2] / "results" / "reference" / "problems"


@pytest.fixture(scope="module")
def results():
    return pd.read_csv(REFERENCE / "results.csv", keep_default_na=False)


def test_it_is_of_these_recordings_with_every_searcher_and_seed(results):
    manifest = json.loads((REFERENCE / "manifest.json").read_text())
    assert manifest["fingerprint"] == claim_of()["fingerprint"], "recorded again: run peers --problems again"
    assert len(results) == len(NAMES) * len(SEARCHERS) * 20
    assert set(results["status"]) == {"ok"}


def test_its_page_follows_from_its_frames(results):
    table = summarised(results, pd.read_parquet(REFERENCE / "steps.parquet"))
    assert markdown(table, recording(NAMES[0]).n_trials) == (REFERENCE / "table.md").read_text()


@pytest.mark.parametrize("searcher", [FIRST, "random_search", "random_search_long"])
def test_a_run_made_again_ends_as_in_the_reference(searcher, results, tmp_path):
    job = Job("diabetes_boosting", searcher, 0)
    run_one(job, {}, tmp_path)
    expected = results.set_index(["problem", "searcher", "seed"]).loc[(job.problem, searcher, 0)]
    assert read_header(job.path(tmp_path)).recommended[0] == expected["arch"]
