"""The committed reference outputs are what this code makes of the data they name, and give nothing of a host away."""

import getpass
import json
import re
import socket
from pathlib import Path

import pandas as pd
import pytest

from harness.experiment import open_benchmark, run_one
from harness.jobs import Job
from harness.oracle import Oracle
from harness.specs import EXPERIMENTS
from pmfnas.benchmarks.tabular import dataset

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
FOLDERS = sorted(path for path in REFERENCE.iterdir() if (path / "manifest.json").exists())


def test_every_reference_is_there():
    assert {path.name for path in FOLDERS} >= {"table2-anchored", "table2-surrogate", "published-anchored"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_the_manifest_names_no_host_user_or_path(folder):
    text = (folder / "manifest.json").read_text()
    words = set(re.findall(r"[\w.-]+", text))
    assert not {socket.gethostname(), getpass.getuser()} & words
    assert not re.search(r"[\" ]/\w", text)
    assert json.loads(text)["failed"] == 0


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_runs_made_again_end_as_in_the_reference(folder, request):
    manifest = json.loads((folder / "manifest.json").read_text())
    table = request.getfixturevalue("anchored_table" if manifest["data"] == "ANCHORED" else "surrogate_table")
    assert manifest["fingerprint"] == table.header.fingerprint, "the data changed: run again with --update-reference"
    runs = pd.read_parquet(folder / "runs.parquet").set_index(["dataset", "searcher", "seed"])
    experiment = EXPERIMENTS[manifest["experiment"]]
    name = "cifar100" if "cifar100" in experiment.datasets else "cifar10"
    benchmark, oracle = open_benchmark(table, name), Oracle(table, dataset(name))
    for searcher in experiment.searchers:
        header, _ = run_one(experiment, table, benchmark, Job(name, searcher, 0))
        expected = runs.loc[(name, searcher, 0)]
        assert header.recommended[0] == expected["arch"], searcher
        (score,) = oracle.score([benchmark.space.parse(header.recommended[0])], seed=0, who="test")
        assert score.test == pytest.approx(expected["test"], abs=1e-4)
        assert header.gpu_hours_resume == pytest.approx(expected["gpu_hours_resume"], rel=1e-6)
