"""Work on Dask and Ray, where they are installed: results, errors, and the calls of a worker that is killed."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from harness.experiment.batch import run_experiment
from harness.experiment.specs import TABLE2
from harness.host.clusters import CLUSTERS
from harness.host.workers import work_off
from pmfnas.core.errors import InputError
from tests.support.tables import write_small

ARCHS = [(i, 0, 0, 0, 0, 0) for i in range(5)]
PACKAGE = {"dask": "distributed", "ray": "ray"}


@pytest.fixture(params=sorted(CLUSTERS))
def backend(request: pytest.FixtureRequest) -> str:
    pytest.importorskip(PACKAGE[request.param], reason=f"{request.param} is not installed")
    return request.param


def squared(x: int) -> int:
    return x * x


def killed_once(folder: Path, x: int) -> int:
    """Kill the worker at the first call with 1."""
    mark = folder / "killed"
    if x == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return x * x


def failing(x: int) -> None:
    raise ValueError(f"no {x}")


def worked_off(backend: str, work, arguments) -> list:
    return work_off(work, arguments, label="work", unit="run", n_jobs=2, crash="lost", backend=backend)


def test_results_errors_and_the_calls_of_a_lost_worker(backend, tmp_path):
    assert worked_off(backend, squared, [(x,) for x in range(7)]) == [x * x for x in range(7)]
    assert worked_off(backend, killed_once, [(tmp_path, x) for x in range(4)]) == [0, 1, 4, 9]
    with pytest.raises(ValueError, match="no 7"):
        worked_off(backend, failing, [(7,)])


def test_records_are_the_same_bytes_on_every_backend(backend, tmp_path):
    table = write_small(tmp_path / "table", ARCHS)
    spec = replace(TABLE2, searchers=("asha", "random_search"), datasets=("cifar100",), n_seeds=3, budget_s=300.0)
    for name in ("loky", backend):
        run_experiment(spec, table, tmp_path / name, n_jobs=1 if name == "loky" else 2, backend=name)
    files = sorted(file.relative_to(tmp_path / "loky") for file in (tmp_path / "loky" / "runs").rglob("*.parquet"))
    assert len(files) == 6
    assert all((tmp_path / "loky" / f).read_bytes() == (tmp_path / backend / f).read_bytes() for f in files)


@pytest.mark.parametrize("name", sorted(CLUSTERS))
def test_a_backend_that_is_not_installed_is_named_with_the_remedy(name, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, PACKAGE[name], None)
    monkeypatch.setitem(__import__("sys").modules, name, None)
    with pytest.raises(InputError, match=f"needs the extra {name}: start once with PMFNAS_EXTRAS={name}"):
        worked_off(name, squared, [(1,)])
