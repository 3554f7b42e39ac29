import numpy as np
import pytest

from pmfnas.core.errors import UnavailableError
from pmfnas.core.types import Train

torch = pytest.importorskip("torch", reason="torch is not installed: no training here (extra train)")

from baselines.random_search import RandomSearch  # noqa: E402
from pmfnas.core.rng import stream  # noqa: E402
from pmfnas.loop.executor import SimulatedExecutor, paired_trials  # noqa: E402
from pmfnas.loop.runner import Setting, search  # noqa: E402
from tests.support.training_runs import tiny_benchmark  # noqa: E402

A = (3, 3, 1, 3, 1, 3)


def test_a_segment_is_trained_and_its_seconds_are_measured(tmp_path):
    benchmark = tiny_benchmark(tmp_path)
    curve, cost = benchmark.train(Train(A, "2", 0, 2), 0)
    assert (curve.start, curve.stop, curve.valid_epochs) == (0, 2, (2,))
    assert np.isfinite(curve.train_loss).all()
    assert cost.train_s > cost.valid_s > 0
    assert benchmark.n_trials(A, "2") == 2
    with pytest.raises(UnavailableError, match="real training offers no measurements"):
        benchmark.measure(A, "latency_ms")


def test_the_runner_searches_with_it(tmp_path):
    benchmark = tiny_benchmark(tmp_path, epochs=(1, 2))
    setting = Setting(benchmark.space, benchmark.fidelities, budget_s=1.0)
    searcher = RandomSearch(
        setting.space, setting.fidelities, setting.budget_s, setting.n_workers, rng=stream(0, "searcher")
    )
    executor = SimulatedExecutor(benchmark, paired_trials(benchmark, 0), n_workers=1, accounting="resume")
    finished = search(searcher, executor, setting)
    assert (finished.status, finished.why) == ("ok", "budget")
    assert len(finished.recommended) > 0
    assert finished.clock_s == 1.0
