import numpy as np
import pytest

from harness.experiment.held_out import visible_trials
from harness.score.oracle import Oracle
from pmfnas.benchmarks.header import REAL_FINALS
from pmfnas.benchmarks.tabular import TableBenchmark, dataset
from pmfnas.core.errors import UnavailableError
from pmfnas.core.types import Failed, Ticket, Train
from pmfnas.loop.executor import SimulatedExecutor, paired_trials
from tests.support.fakes import cells
from tests.support.tables import final_test, final_valid, write_small

ARCHS = [tuple(int(x) for x in np.unravel_index(i, (5,) * 6)) for i in range(100, 110)]


@pytest.fixture
def table(tmp_path):
    return write_small(tmp_path / "table", ARCHS)


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "ImageNet16-120"])
def test_scores_are_trial_means(table, name):
    oracle = Oracle(table, dataset(name))
    (score,) = oracle.score([ARCHS[3]], seed=0, who="test")
    assert score.test == final_test(3)
    assert score.valid == pytest.approx(np.mean([final_valid(3, k) for k in range(3)]))
    assert score.test_regret == final_test(9) - final_test(3)
    assert not score.hit


def test_missing_trials_do_not_count(table):
    oracle = Oracle(table, dataset("cifar100"))
    (score,) = oracle.score([ARCHS[9]], seed=0, who="test")
    assert score.valid == pytest.approx(np.mean([final_valid(9, 0), final_valid(9, 2)]))
    assert (score.test, score.test_regret, score.hit) == (final_test(9), 0.0, True)


def test_validation_regret_is_measured_in_the_trial_that_the_run_draws(table):
    oracle = Oracle(table, dataset("cifar100"))
    benchmark = TableBenchmark(table, dataset("cifar100"), cells())
    for seed in range(20):
        trial_of = paired_trials(benchmark, seed)
        drawn = []
        for row, arch in enumerate(ARCHS):
            slot = table.slot("cifar100", "200", row, trial_of(arch, "200", 0))
            drawn.append(final_valid(row, slot))
        scores = oracle.score(ARCHS, seed=seed, who="test")
        np.testing.assert_allclose([s.valid_regret for s in scores], max(drawn) - np.array(drawn), atol=1e-9)


def test_every_access_is_logged(table):
    oracle = Oracle(table, dataset("cifar10"))
    oracle.score(ARCHS[:3], seed=0, who="nb201-cifar10/asha/s0000")
    oracle.score([], seed=1, who="nobody")
    assert oracle.accesses == [("nb201-cifar10/asha/s0000", 3), ("nobody", 0)]


def test_an_arch_that_the_table_lacks_is_refused(table):
    with pytest.raises(UnavailableError, match="is not in the table"):
        Oracle(table, dataset("cifar10")).score([(0, 0, 0, 0, 0, 0)], seed=0, who="test")


# ------------------------------------------------------------------------------------------------- held-out trials


@pytest.fixture
def held_out(tmp_path):
    return write_small(tmp_path / "held-out", ARCHS, stamp=REAL_FINALS)


def seen_slots(table, seed):
    """The slot of schedule 200 that a run with `seed` sees of each arch."""
    benchmark = TableBenchmark(table, dataset("cifar100"), cells())
    trial_of = paired_trials(benchmark, seed, visible_trials(table.header))
    return [table.slot("cifar100", "200", row, trial_of(arch, "200", 0)) for row, arch in enumerate(ARCHS)]


@pytest.mark.parametrize("seed", range(10))
def test_a_pick_is_scored_by_the_mean_of_the_trials_that_its_run_could_not_see(held_out, seed):
    scores = Oracle(held_out, dataset("cifar100")).score(ARCHS, seed=seed, who="test")
    exist = [[0, 1, 2]] * 9 + [[0, 2]]
    seen = seen_slots(held_out, seed)
    expected = [np.mean([final_valid(row, k) for k in exist[row] if k != slot]) for row, slot in enumerate(seen)]
    np.testing.assert_allclose([s.test for s in scores], expected, atol=1e-9)
    np.testing.assert_allclose([s.valid for s in scores], [final_valid(row, k) for row, k in enumerate(seen)])
    np.testing.assert_allclose([s.test_regret for s in scores], max(expected) - np.array(expected), atol=1e-9)
    assert [s.hit for s in scores] == [False] * 9 + [True]


def test_all_trials_are_seen_first_by_some_run_so_that_no_trial_is_always_held_out(held_out):
    seen = np.array([seen_slots(held_out, seed) for seed in range(30)])
    assert {tuple(sorted(set(column.tolist()))) for column in seen.T} == {(0, 1, 2), (0, 2)}


@pytest.mark.parametrize("arch", [ARCHS[0], ARCHS[9]])
def test_a_run_cannot_buy_a_held_out_trial(held_out, arch):
    """Whether an arch has two trials or three: the run is told that there is one."""
    benchmark = TableBenchmark(held_out, dataset("cifar100"), cells())
    executor = SimulatedExecutor(
        benchmark, paired_trials(benchmark, 0, visible_trials(held_out.header)), n_workers=1, accounting="resume"
    )
    for number, replicate in enumerate((0, 1, 2)):
        executor.submit([Ticket(number, Train(arch, "200", 0, 200, (200,), replicate))])
    outcomes = [executor.next_event(np.inf).outcome for _ in range(3)]
    failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Failed", "Failed", "Ok"]
    assert sorted(outcome.reason for outcome in failed) == [
        f"replicate {k} of schedule 200 does not exist: 1 trials do" for k in (1, 2)
    ]


def test_trials_of_shorter_schedules_are_all_visible_and_so_are_all_where_test_accuracy_exists(held_out, table):
    assert visible_trials(held_out.header)("12", 2) == 2
    assert visible_trials(held_out.header)("200", 3) == 1
    assert visible_trials(table.header)("200", 3) == 3


def test_where_trials_are_held_out_there_is_no_test_accuracy(held_out):
    assert np.isnan(Oracle(held_out, dataset("cifar100")).test_means).all()
