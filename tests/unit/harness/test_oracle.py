import numpy as np
import pytest

from harness.executor import paired_trials
from harness.oracle import Oracle
from pmfnas.benchmarks.tabular import TableBenchmark, dataset
from pmfnas.core.errors import UnavailableError
from tests.fakes import cells
from tests.tables import final_test, final_valid, write_small

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
