"""What an interrupted command leaves: a line on its missing runs, until they are there."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.experiment.batch import run_experiment
from harness.experiment.specs import TABLE2
from harness.experiment.unfinished import UNFINISHED, unfinished
from harness.players.ours import PLAYERS
from pmfnas.benchmarks.table import CurveTable

SMALL = replace(TABLE2, searchers=("random_search", "broken"), datasets=("cifar100",), n_seeds=2, budget_s=3_600.0)
WORDS = ("table2", "--seeds", "2")


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def started(table: CurveTable, out: Path, broken: Callable[..., object]) -> None:
    players = {"random_search": PLAYERS["random_search"], "broken": broken}
    run_experiment(replace(SMALL, players=players), table, out, n_jobs=1, command=WORDS)


@pytest.fixture
def partial(tmp_path, surrogate_table):
    """A folder in which one of four runs was made before an interruption."""
    with pytest.raises(KeyboardInterrupt):
        started(surrogate_table, tmp_path / "out", interrupt)
    return tmp_path / "out"


def test_table_says_first_last_and_in_its_file_that_runs_are_missing(partial, surrogate_table, capsys):
    line = "UNFINISHED: 1 of 4 runs; the same command goes on: python -m harness table2 --seeds 2"
    assert unfinished(partial) == line
    assert unfinished(partial.parent) == line.replace("4 runs", "4 runs of out")  # as in a study
    assert main(["table", str(partial), "--data", str(surrogate_table.path)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == printed[-1] == line
    assert (partial / "table.md").read_text().splitlines()[2] == line


def test_the_line_ends_with_the_last_run(partial, surrogate_table, capsys):
    started(surrogate_table, partial, PLAYERS["random_search"])
    assert not (partial / UNFINISHED).exists()
    assert main(["table", str(partial), "--data", str(surrogate_table.path)]) == 0
    assert "UNFINISHED" not in capsys.readouterr().out + (partial / "table.md").read_text()
