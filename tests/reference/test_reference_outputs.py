"""The committed reference outputs are what this code makes of the data they name, and give nothing of a host away."""

import getpass
import json
import re
import socket
from pathlib import Path

import pandas as pd
import pytest

from harness.cli.options.peers import BUDGET_S
from harness.compare.peers import NAME, TITLE
from harness.compare.studies import STUDIES
from harness.experiment.batch import open_benchmark, run_one
from harness.experiment.jobs import Job
from harness.experiment.specs import ALL_DATASETS, EXPERIMENTS, GPU_NIGHT_S, Experiment
from harness.players.packages import OWN
from harness.score.oracle import Oracle
from pmfnas.benchmarks.tabular import dataset

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
FOLDERS = sorted(path for path in REFERENCE.iterdir() if (path / "manifest.json").exists())
REPLAYED = [path for path in FOLDERS if (path / "runs.parquet").exists()]
"""References that a table answers: what was trained cannot be had again to the digit."""

TABLES = {
    ("ANCHORED", "nb201"): "anchored_table",
    ("REAL-FINALS", "nb201"): "real_finals_table",
    ("SURROGATE", "nb201"): "surrogate_table",
    ("SURROGATE", "nats-sss"): "size_surrogate_table",
}


def test_every_reference_is_there():
    needed = {"table2-anchored", "table2-real-finals", "table2-surrogate", "published-anchored"}
    assert {path.name for path in REPLAYED} >= needed


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_the_manifest_names_no_host_user_or_path(folder):
    text = (folder / "manifest.json").read_text()
    words = set(re.findall(r"[\w.-]+", text))
    assert not {socket.gethostname(), getpass.getuser()} & words
    assert not re.search(r"[\" ]/\w", text)
    assert json.loads(text)["failed"] == 0


def _experiment(name):
    """Return the experiment of a reference, and whom of it to run again.

    Of a study these are the first and a few variants, of the comparison with packages our own players.
    """
    if name == NAME:
        return Experiment(NAME, TITLE, OWN, tuple(OWN), ALL_DATASETS, BUDGET_S, n_seeds=1), tuple(OWN)
    if name not in STUDIES:
        return EXPERIMENTS[name], EXPERIMENTS[name].searchers
    experiment = STUDIES[name]().experiment(GPU_NIGHT_S, 1)
    return experiment, experiment.searchers[:: max(1, len(experiment.searchers) // 6)]


@pytest.mark.parametrize("folder", REPLAYED, ids=lambda path: path.name)
def test_runs_made_again_end_as_in_the_reference(folder, request):
    manifest = json.loads((folder / "manifest.json").read_text())
    table = request.getfixturevalue(TABLES[manifest["data"], manifest["space"]])
    assert manifest["fingerprint"] == table.header.fingerprint, "the data changed: run again with --update-reference"
    experiment, searchers = _experiment(manifest["experiment"])
    searchers = [searcher for searcher in searchers if searcher in manifest["searchers"]]
    assert searchers
    runs = pd.read_parquet(folder / "runs.parquet").query("budget_s == @experiment.budget_s")
    runs = runs.set_index(["dataset", "searcher", "seed"])
    seed = manifest["seeds"][0]
    name = "cifar100" if "cifar100" in experiment.datasets else "cifar10"
    benchmark, oracle = open_benchmark(table, name), Oracle(table, dataset(name))
    for searcher in searchers:
        header, _ = run_one(experiment, table, benchmark, Job(name, searcher, seed))
        expected = runs.loc[(name, searcher, seed)]
        assert header.recommended[0] == expected["arch"], searcher
        (score,) = oracle.score([benchmark.space.parse(header.recommended[0])], seed=seed, who="test")
        assert score.test == pytest.approx(expected.get("test", expected.get("held_out")), abs=1e-4)
        # Linear algebra rounds differently on another processor, and a model-based run may then end a segment earlier.
        assert header.gpu_hours_resume == pytest.approx(expected["gpu_hours_resume"], rel=1e-3)
