"""The bounds of a small table can be worked out by hand; the verb prints them and refuses what it cannot do."""

import numpy as np
import pytest

from harness.cli.main import main
from harness.experiment.batch import open_benchmark, run_one
from harness.experiment.jobs import Job, found
from harness.experiment.specs import EXPERIMENTS
from harness.score.ceiling import bounds, of_runs
from harness.score.oracle import Oracle
from pmfnas.benchmarks.tabular import dataset
from pmfnas.loop.record import read_rows, record_path, run_id, write_record
from tests.support.tables import final_test, final_valid, write_small

ARCHS = [tuple(int(x) for x in np.unravel_index(i, (5,) * 6)) for i in range(100, 110)]
SEEDS = range(6)


def test_a_full_scan_and_the_fixed_archs_of_a_table_by_hand(tmp_path):
    table = write_small(tmp_path / "table", ARCHS)  # every row is a point better than the one before, every trial .1
    scan, best, second, third = bounds(table, "cifar100", SEEDS)
    assert (scan.test, scan.valid_regret, scan.n_archs) == (final_test(9), 0.0, 10)
    assert [b.test for b in (best, second, third)] == [final_test(9), final_test(8), final_test(7)]
    assert best.valid_regret == 0.0
    least, most = (final_valid(9, 0) - final_valid(8, 2), final_valid(9, 2) - final_valid(8, 0))
    assert least <= second.valid_regret <= most


def test_regrets_are_those_of_the_scores(tmp_path):
    table = write_small(tmp_path / "table", ARCHS)
    oracle = Oracle(table, dataset("cifar100"))
    regrets = oracle.regrets(3, who="test")
    assert regrets.tolist() == [s.valid_regret for s in oracle.score(ARCHS, seed=3, who="test")]
    assert oracle.accesses[0] == ("test", 10)


@pytest.fixture
def folder(tmp_path, surrogate_table):
    benchmark = open_benchmark(surrogate_table, "cifar10")
    for seed in (0, 1):
        job = Job("cifar10", "random_search", seed)
        write_record(tmp_path, *run_one(EXPERIMENTS["table2"], surrogate_table, benchmark, job), benchmark.space)
    return tmp_path


def test_hindsight_is_never_worse_than_the_pick(folder, surrogate_table):
    pick, least, best = of_runs(surrogate_table, folder, found(folder, "nb201"))
    assert least.valid_regret <= min(pick.valid_regret, best.valid_regret)
    assert best.test >= max(pick.test, least.test)
    rows = read_rows(record_path(folder, run_id("nb201", "cifar10", "random_search", 0))).to_pylist()
    ended = {
        r["arch"] for r in rows if r["status"] == "ok" and (r["schedule"], r["stop"]) in {("12", 12), ("200", 200)}
    }
    assert pick.n_archs == pytest.approx(len(ended), abs=2)


def test_the_verb_prints_and_writes_the_same(folder, surrogate_table, capsys):
    asked = ["ceiling", "--data", "surrogate", "--datasets", "cifar10", "--first-seed", "0", "--seeds", "2"]
    assert main([*asked, "--in", str(folder), "--out", str(folder / "ceiling.md")]) == 0
    printed = capsys.readouterr().out
    assert (folder / "ceiling.md").read_text() == printed
    assert "full scan, best validation" in printed
    assert "random_search: least regret of the trained" in printed


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--datasets", "mnist"], "data set is 'mnist', but must be one of: cifar10"),
        (["--in", "nowhere"], "--in is nowhere, but holds no finished run on cifar10; run an experiment there first"),
        (["--seeds", "0"], "--seeds"),
    ],
)
def test_bad_input_is_one_line(flags, said, capsys, surrogate_table):
    asked = ["--data", "surrogate", "--datasets", "cifar10", "--seeds", "1"]
    assert main(["ceiling", *asked, *flags]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert said in line


def test_the_seeds_are_those_of_the_folder_unless_some_are_named(folder, surrogate_table, capsys):
    asked = ["ceiling", "--data", "surrogate", "--datasets", "cifar10", "--in", str(folder)]
    assert main(asked) == 0
    alone = capsys.readouterr().out
    assert "; seeds 0 to 1\n" in alone
    assert main([*asked, "--first-seed", "0", "--seeds", "2"]) == 0
    assert capsys.readouterr().out == alone
    assert main([*asked, "--first-seed", "7"]) == 2
    said = capsys.readouterr().err
    assert "holds no finished run with seeds 7 to 506; it has seeds 0 to 1: leave --seeds" in said


def test_a_searcher_that_the_folder_does_not_hold_is_refused(folder, capsys, surrogate_table):
    asked = ["ceiling", "--data", "surrogate", "--datasets", "cifar10", "--first-seed", "0", "--in", str(folder)]
    assert main([*asked, "--searchers", "pmf_nas"]) == 2
    assert "must be one of: random_search" in capsys.readouterr().err
