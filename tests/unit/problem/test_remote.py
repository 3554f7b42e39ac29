"""Trainings through an executor of `concurrent.futures`; through a local Dask and Ray where they are installed."""

import os
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import cloudpickle
import pytest

import pmfnas
from pmfnas.core.errors import InputError
from tests.support.documents import ROOT
from tests.support.tutorial import program

SPACE = pmfnas.Choices(depth=[1, 2, 3, 4], kind=["good", "bad"])


@pytest.fixture(autouse=True)
def by_value():
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


def train(arch, run):
    if arch.kind == "bad" and arch.depth == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if arch.kind == "bad" and arch.depth == 2:
        time.sleep(60.0)
    state = run.checkpoint.load() or {"epochs": 0}
    for epoch in run.epochs:
        run.report(train_loss=1 / epoch, valid_acc=0.2 * arch.depth)
        state["epochs"] = epoch
    run.checkpoint.save(state)


def searched(executor, out, **more):
    given = {"schedules": {"short": 2, "long": 4}, "budget": "15s", "timeout": 2, "progress": False, **more}
    return pmfnas.search(train, SPACE, out=out, executor=executor, n_workers=2, **given)


def check(result):
    frame = result.to_pandas()
    assert result.best.arch.depth == 4
    assert set(frame[frame["status"] == "ok"]["worker"]) == {0, 1}
    failures = frame[(frame["status"] == "failed") & (frame["replicate"] < 3)].set_index("arch")["failure"].to_dict()
    assert set(failures) <= {"depth=1,kind=bad", "depth=2,kind=bad"}
    for arch, failure in failures.items():
        assert ("SIGKILL" if "depth=1" in arch else "hung: no report for 2 s") in failure
    assert failures
    assert result.header.clock_s <= 15.0
    continued = frame[(frame["status"] == "ok") & (frame["start"] > 0)]
    assert len(continued)


def test_a_pool_of_threads_runs_the_trainings(tmp_path):
    with ThreadPoolExecutor(2) as pool:
        check(searched(pool, tmp_path / "out"))


def test_the_budget_ends_trainings_that_run_elsewhere(tmp_path):
    def slow(arch, run):
        for epoch in run.epochs:
            time.sleep(0.1 if arch.depth < 4 else 60.0)
            run.report(train_loss=1 / epoch, valid_acc=0.2 * arch.depth)

    begin_s = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        result = pmfnas.search(
            slow, SPACE, schedules=2, budget="8s", out=tmp_path / "out", executor=pool, n_workers=2, progress=False
        )
    assert time.monotonic() - begin_s < 14.0  # the pool waits for its trainings, which ended with the budget
    assert result.best.arch.depth < 4


class Broken:
    """An executor whose workers are lost."""

    def __init__(self, pool):
        self.pool = pool

    def submit(self, function, /, *args):
        return self.pool.submit(os._exit, 1)


def test_a_worker_that_is_lost_loses_its_training(tmp_path):
    with (
        ProcessPoolExecutor(1) as pool,
        pytest.raises(InputError, match="the first 5 trainings all failed, the last one: the worker was lost"),
    ):
        searched(Broken(pool), tmp_path / "out")


def test_something_else_is_refused(tmp_path):
    with pytest.raises(InputError, match="executor is 4, but must have a method submit"):
        searched(4, tmp_path / "out")


def test_a_local_dask_runs_the_trainings(tmp_path):
    distributed = pytest.importorskip("distributed", reason="dask is not installed (extra dask)")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        check(searched(client, tmp_path / "out"))


def test_a_local_ray_runs_the_trainings(tmp_path):
    ray = pytest.importorskip("ray", reason="ray is not installed (extra ray)")

    page: dict[str, Any] = {}
    exec(program(ROOT / "docs" / "tutorials" / "own-problem.md", "class OnRay"), page)
    ray.init(num_cpus=2, include_dashboard=False)
    try:
        check(searched(page["OnRay"](), tmp_path / "out"))
    finally:
        ray.shutdown()
