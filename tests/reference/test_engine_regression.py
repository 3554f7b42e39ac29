"""PMF-NAS keeps what it reached: on every data set the mean over 50 seeds stays within its confidence interval.

The interval is of the committed reference, the same 50 seeds, made by `./reproduce.sh table2`. Runs are paired by seed
and trial, so an engine that is as good as before differs by less than the seeds do among each other; a mean below the
interval is a loss that the seeds do not explain, a mean above it a gain that belongs into a new reference.

An engine that spends and picks in the first seeds what it did is the same engine: the others are run only where not.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.experiment.batch import open_benchmark, run_one
from harness.experiment.jobs import Job
from harness.experiment.specs import ALL_DATASETS, EXPERIMENTS
from harness.score.oracle import Oracle
from harness.stats.aggregates import mean
from harness.stats.intervals import interval
from pmfnas.benchmarks.tabular import dataset

REFERENCE = Path(__file__).parents[2] / "results" / "reference" / "table2-anchored" / "runs.parquet"
N_FIRST, N_SEEDS = 8, 50
NOTICED_PCT = {"cifar10": 0.03, "cifar100": 0.1, "ImageNet16-120": 0.25}
"""Losses that the test must not overlook, percent points."""


@pytest.fixture(scope="module")
def accepted() -> pd.DataFrame:
    """The runs of the reference with the first seeds, indexed by data set and seed."""
    runs = pd.read_parquet(REFERENCE).query("searcher == 'pmf_nas'")
    first = runs["seed"].min()
    return runs[runs["seed"] < first + N_SEEDS].set_index(["dataset", "seed"])


def play(table, name, seeds):
    """Return pick, its test accuracy and GPU-hours of each seed, in the columns of the reference."""
    experiment, benchmark, oracle = EXPERIMENTS["table2"], open_benchmark(table, name), Oracle(table, dataset(name))
    headers = [run_one(experiment, table, benchmark, Job(name, "pmf_nas", seed))[0] for seed in seeds]
    picks = [benchmark.space.parse(header.recommended[0]) for header in headers]
    tests = [oracle.score([pick], seed=seed, who="test")[0].test for pick, seed in zip(picks, seeds, strict=True)]
    columns = {"arch": [h.recommended[0] for h in headers], "gpu_hours_resume": [h.gpu_hours_resume for h in headers]}
    return pd.DataFrame({**columns, "test": tests}, index=seeds)


def bounds(scores: np.ndarray) -> tuple[float, float]:
    """Return the ends of the interval of a mean over runs."""
    found = interval(mean, scores, rng=np.random.default_rng(0))
    return found.low, found.high


@pytest.mark.parametrize("name", ALL_DATASETS)
def test_the_mean_stays_within_its_interval(name, accepted, anchored_table):
    then = accepted.loc[name]
    first, others = np.split(then.index.to_numpy(), [N_FIRST])
    now = play(anchored_table, name, first.tolist())
    is_same = now["arch"].eq(then["arch"][first]) & np.isclose(now["gpu_hours_resume"], then["gpu_hours_resume"][first])
    if is_same.all():
        return
    tests = pd.concat([now, play(anchored_table, name, others.tolist())])["test"]
    low, high = bounds(then["test"].to_numpy())
    assert low <= tests.mean() <= high, f"{name}: {tests.mean():.3f}, was {then['test'].mean():.3f}"


def test_the_interval_notices_a_loss(accepted):
    for name in ALL_DATASETS:
        then = accepted.loc[name]["test"].to_numpy()
        low, _ = bounds(then)
        assert low <= then.mean()
        assert then.mean() - low < NOTICED_PCT[name]
