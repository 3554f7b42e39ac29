"""The driver of the checks and the runner of the harness are two programs for one set of rules: they must agree."""

import pytest

from baselines import SEARCHERS
from pmfnas.core.rng import stream
from pmfnas.loop.executor import SimulatedExecutor, paired_trials
from pmfnas.loop.runner import Setting, search
from pmfnas.spaces import CellSpace
from pmfnas.testing.driver import drive
from pmfnas.testing.failures import Diverging, Unavailable
from pmfnas.testing.synthetic import SyntheticBenchmark

SPACE = CellSpace(n_classes=10, image_size=32)
BENCHMARK = SyntheticBenchmark(SPACE)
BENCHMARKS = {"sound": BENCHMARK, "diverging": Diverging(BENCHMARK), "incomplete": Unavailable(BENCHMARK)}
BUDGET_S = 2_000.0
SEED = 3


@pytest.mark.parametrize("kind", BENCHMARKS)
@pytest.mark.parametrize("n_workers", [1, 3])
@pytest.mark.parametrize("name", ["random_search", "regularized_evolution", "tpe"])
def test_the_same_run_either_way(name, n_workers, kind):
    benchmark, factory = BENCHMARKS[kind], SEARCHERS[name]
    driven = drive(factory, benchmark, budget_s=BUDGET_S, n_workers=n_workers, seed=SEED)
    searcher = factory(SPACE, benchmark.fidelities, BUDGET_S, n_workers, rng=stream(SEED, "searcher"))
    executor = SimulatedExecutor(benchmark, paired_trials(benchmark, SEED), n_workers=n_workers, accounting="resume")
    run = search(searcher, executor, Setting(SPACE, benchmark.fidelities, BUDGET_S, n_workers))
    told = [entry for entry in run.entries if entry.outcome is not None]
    assert run.status == "ok", run.why
    assert [(t.ticket, t.time_s, type(t.outcome)) for t in driven.told] == [
        (e.ticket, e.end_s, type(e.outcome)) for e in told
    ]
    assert driven.recommended == run.recommended
    assert driven.clock_s == run.clock_s
    assert len(driven.told) > 10
