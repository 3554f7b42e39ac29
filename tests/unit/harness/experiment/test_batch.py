"""What the same command does again: what is missing, and nothing that has finished, failed or not."""

from dataclasses import replace
from types import MappingProxyType

from harness.experiment.batch import run_experiment
from harness.experiment.specs import TABLE2
from harness.players.ours import PLAYERS
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
