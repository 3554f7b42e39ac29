"""What the same command does again: what is missing, and nothing that has finished, failed or not."""

import os
import signal
from dataclasses import replace
from functools import partial
from types import MappingProxyType

import pytest

from harness.experiment.batch import run_experiment
from harness.experiment.specs import TABLE2
from harness.players.ours import PLAYERS
from pmfnas.core.errors import InputError
from pmfnas.loop.record import read_header, record_path
from tests.support.tables import write_small

ARCHS = [(i, 0, 0, 0, 0, 0) for i in range(5)]


def fails(*_, **__):
    raise ValueError("by hand")


def test_a_failed_run_is_repeated_only_where_its_record_is_deleted(tmp_path):
    table, out = write_small(tmp_path / "table", ARCHS), tmp_path / "out"
    players = MappingProxyType({"fails": fails, "random_search": PLAYERS["random_search"]})
    small = replace(TABLE2, players=players, searchers=("fails",), datasets=("cifar100",), n_seeds=2, budget_s=100.0)
    assert run_experiment(small, table, out, n_jobs=1) == 2
    record = record_path(out, "nb201-cifar100/fails/s0001")
    assert read_header(record).status == "failed"
    assert run_experiment(small, table, out, n_jobs=1) == 0
    record.unlink()
    assert run_experiment(small, table, out, n_jobs=1) == 1
    assert read_header(record).status == "failed"


def leaves_half(space, fidelities, budget_s, n_workers, *, rng, folder):
    """Be random search, beside a worker of a killed command that dies while it writes."""
    (folder / ".s0000.parquet.writing-99999999-0a1b2c3d").write_bytes(b"half")
    return PLAYERS["random_search"](space, fidelities, budget_s, n_workers, rng=rng)


def test_what_workers_of_a_killed_command_left_while_the_next_one_ran_is_swept(tmp_path):
    table, out = write_small(tmp_path / "table", ARCHS), tmp_path / "out"
    players = MappingProxyType({"mine": partial(leaves_half, folder=out)})
    small = replace(TABLE2, players=players, searchers=("mine",), datasets=("cifar100",), n_seeds=1, budget_s=100.0)
    assert run_experiment(small, table, out, n_jobs=1) == 1
    assert not list(out.rglob(".*"))


def kills_first(space, fidelities, budget_s, n_workers, *, rng, mark):
    """Kill the process at the first run, and be random search from then on."""
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return PLAYERS["random_search"](space, fidelities, budget_s, n_workers, rng=rng)


def kills(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_the_runs_of_a_lost_worker_are_repeated_and_one_that_always_dies_ends_the_command(tmp_path, capsys):
    table = write_small(tmp_path / "table", ARCHS)
    players = MappingProxyType({"first": partial(kills_first, mark=tmp_path / "mark"), "always": kills})
    small = replace(TABLE2, players=players, searchers=("first",), datasets=("cifar100",), n_seeds=2, budget_s=100.0)
    assert run_experiment(small, table, tmp_path / "out", n_jobs=2) == 2
    assert all(
        read_header(record_path(tmp_path / "out", f"nb201-cifar100/first/s000{i}")).status == "ok" for i in (0, 1)
    )
    assert "a worker was lost; the runs that have no record are repeated: 2" in capsys.readouterr().err
    with pytest.raises(InputError, match="killed or crashed in the middle of a run"):
        run_experiment(replace(small, searchers=("always",)), table, tmp_path / "out2", n_jobs=2)
