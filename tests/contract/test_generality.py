"""One default configuration for all: PMF-NAS on other schedules, costs, budgets, spaces and numbers of workers.

What every searcher must survive is in `test_searchers`. Here the settings differ from the two schedules of 12 and 200
epochs and the costs that PMF-NAS was built on, and it must still find better archs than random search.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import pytest

from baselines.random_search import RandomSearch
from harness.experiment.batch import open_benchmark
from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.benchmarks.tabular import DATASETS
from pmfnas.core.ports import Benchmark, SearcherFactory, Space
from pmfnas.core.rng import stream
from pmfnas.core.types import Arch, Cost, Curve, Fidelities, Ok, Schedule, Train
from pmfnas.engine.searcher import PmfNas
from pmfnas.loop.executor import SimulatedExecutor, paired_trials
from pmfnas.loop.runner import Setting, search
from pmfnas.spaces import SizeSpace
from pmfnas.testing.driver import Trace, drive
from pmfnas.testing.grid import GridSpace
from pmfnas.testing.synthetic import SyntheticBenchmark

HOUR_S = 3600.0
SMALL = GridSpace((4, 4, 4, 4))
PMF_NAS_SEEDS, RANDOM_SEEDS = range(3), range(8)
CURVE_PARTS = ("train_loss", "train_acc", "valid_loss", "valid_acc")
LUCK_PCT = 0.2
"""Trials of the synthetic benchmark differ by 0.4 points: of two close archs the better may not be returned."""
LEAST_BUSY = 0.8

Change = Callable[[Curve, Cost], tuple[Curve, Cost]]


class Altered:
    """A benchmark whose every segment is changed by a function."""

    def __init__(self, benchmark: Benchmark, change: Change) -> None:
        self._benchmark = benchmark
        self._change = change

    @property
    def space(self) -> Space:
        return self._benchmark.space

    @property
    def fidelities(self) -> Fidelities:
        return self._benchmark.fidelities

    def n_trials(self, arch: Arch, schedule: str) -> int:
        return self._benchmark.n_trials(arch, schedule)

    def train(self, request: Train, trial: int) -> tuple[Curve, Cost]:
        return self._change(*self._benchmark.train(request, trial))

    def measure(self, arch: Arch, metric: str) -> tuple[float, Cost]:
        return self._benchmark.measure(arch, metric)


def priced(*, train: float = 1.0, valid: float = 1.0) -> Change:
    """Multiply the seconds of training and of validation."""
    return lambda curve, cost: (curve, Cost(cost.train_s * train, cost.valid_s * valid))


def rounded(step_pct: float) -> Change:
    """Leave a few accuracies only, so that most archs tie."""

    def change(curve: Curve, cost: Cost) -> tuple[Curve, Cost]:
        valid_acc = np.round(curve.valid_acc / step_pct) * step_pct
        return replace(curve, valid_acc=valid_acc, valid_loss=np.ones_like(valid_acc)), cost

    return change


def without(*names: str) -> Change:
    """Make whole series of every curve NaN."""

    def change(curve: Curve, cost: Cost) -> tuple[Curve, Cost]:
        return replace(curve, **{name: np.full_like(getattr(curve, name), np.nan) for name in names}), cost

    return change


def every_epoch(*lengths: int) -> tuple[Schedule, ...]:
    return tuple(Schedule(str(n), n, frozenset(range(1, n + 1))) for n in lengths)


@dataclass(frozen=True)
class Situation:
    """A benchmark, and the money and workers to search it with."""

    schedules: tuple[str | Schedule, ...] = ("12", "200")
    change: Change = field(default_factory=priced)
    hours: float = 2.0
    n_workers: int = 1
    space: Space = SMALL

    @property
    def sound(self) -> SyntheticBenchmark:
        return SyntheticBenchmark(self.space, schedules=self.schedules)

    def drive(self, factory: SearcherFactory, seed: int = 0) -> Trace:
        benchmark = Altered(self.sound, self.change)
        return drive(factory, benchmark, budget_s=self.hours * HOUR_S, n_workers=self.n_workers, seed=seed)


SITUATIONS = {
    "one schedule": Situation(schedules=("30",)),
    "one schedule, validated at its end": Situation(schedules=(Schedule("30", 30, frozenset({30})),)),
    "one epoch": Situation(schedules=("1",), hours=0.1),
    "1, 12 and 90 epochs": Situation(schedules=every_epoch(1, 12, 90)),
    "27 and 81 epochs": Situation(schedules=every_epoch(27, 81), hours=2.0),
    "nearly equal schedules": Situation(schedules=every_epoch(12, 14)),
    "ten times cheaper": Situation(change=priced(train=0.1, valid=0.1), hours=0.1),
    "ten times dearer": Situation(change=priced(train=10.0, valid=10.0), hours=10.0),
    "validation dearer than training": Situation(change=priced(valid=50.0), hours=2.0),
    "validation free": Situation(change=priced(valid=0.0)),
    "ties": Situation(change=rounded(5.0), space=GridSpace()),
    "4 workers": Situation(n_workers=4, hours=0.25),
    "16 workers": Situation(n_workers=16, hours=0.15),
    "100 hours": Situation(change=priced(train=10.0, valid=10.0), hours=100.0, space=GridSpace((3, 3, 3))),
    "size space": Situation(schedules=every_epoch(1, 12, 90), space=SizeSpace(n_classes=10, image_size=32), hours=0.3),
}
EXHAUSTED = {"100 hours"}
"""Where the money outlasts the space."""


@cache
def runs(name: str) -> tuple[Trace, ...]:
    """Return the runs of PMF-NAS in a situation."""
    return tuple(SITUATIONS[name].drive(PmfNas, seed) for seed in PMF_NAS_SEEDS)


@cache
def true_acc(name: str, arch: Arch) -> float:
    """Return the mean over trials at the end of the longest schedule, percent."""
    benchmark = SITUATIONS[name].sound
    last = benchmark.fidelities.schedules[-1]
    request = Train(arch, last.name, 0, last.epochs)
    return float(np.mean([benchmark.train(request, trial)[0].valid_acc[-1] for trial in range(3)]))


@pytest.mark.parametrize("name", SITUATIONS)
def test_it_finds_what_random_search_finds_or_better(name: str):
    ours = [true_acc(name, trace.recommended[0]) for trace in runs(name)]
    random = [true_acc(name, SITUATIONS[name].drive(RandomSearch, seed).recommended[0]) for seed in RANDOM_SEEDS]
    assert np.mean(ours) >= np.mean(random) - LUCK_PCT


@pytest.mark.parametrize("name", [name for name in SITUATIONS if name not in EXHAUSTED])
def test_it_uses_the_money_and_the_workers(name: str):
    situation = SITUATIONS[name]
    given_s = situation.hours * HOUR_S * situation.n_workers
    for trace in runs(name):
        assert sum(told.outcome.cost.total_s for told in trace.told) >= LEAST_BUSY * given_s


@pytest.mark.parametrize("name", SITUATIONS)
def test_money_for_one_segment_gives_an_answer(name: str):
    first = runs(name)[0].told[0]
    short = replace(SITUATIONS[name], hours=first.time_s / HOUR_S * (1 + 1e-9)).drive(PmfNas)
    assert short.recommended or not any(t.outcome.curve.valid_epochs for t in short.told if isinstance(t.outcome, Ok))
    assert {told.ticket.request.arch for told in short.told} >= set(short.recommended)


@pytest.mark.parametrize("factor", [1 / 8, 8])
def test_prices_and_money_may_be_in_any_currency(factor: float):
    """All seconds scaled alike change nothing: no constant of the engine is a number of seconds."""
    plain = Situation(hours=0.5)
    scaled = replace(plain, hours=0.5 * factor, change=priced(train=factor, valid=factor))
    assert scaled.drive(PmfNas).moves == plain.drive(PmfNas).moves


# ---------------------------------------------------------------------------------------------------- degenerate


@pytest.mark.parametrize("n_workers", [1, 16])
@pytest.mark.parametrize("schedules", [("30",), ("12", "200"), every_epoch(1, 12, 90)], ids=["one", "two", "three"])
def test_one_arch_is_found(schedules: tuple[str | Schedule, ...], n_workers: int):
    situation = Situation(schedules=schedules, n_workers=n_workers, space=GridSpace((1,)), hours=10.0)
    assert situation.drive(PmfNas).recommended == ((0,),)


@pytest.mark.parametrize("space", [SMALL, SizeSpace(n_classes=10, image_size=32)], ids=["grid", "size"])
def test_where_all_diverge_it_ends_and_recommends_nothing(space: Space):
    situation = Situation(schedules=every_epoch(1, 12, 90), space=space, change=without(*CURVE_PARTS), n_workers=4)
    trace = replace(situation, hours=0.2).drive(PmfNas)
    assert trace.told
    assert trace.recommended == ()


@pytest.mark.parametrize("names", [("train_acc",), ("valid_loss",), ("train_acc", "valid_loss")], ids="+".join)
def test_a_series_that_was_never_recorded_does_no_harm(names: tuple[str, ...]):
    """The executor calls a segment diverged by training loss and validation accuracy; the rest may be NaN."""
    situation = Situation(change=without(*names))
    benchmark, budget_s = Altered(situation.sound, situation.change), situation.hours * HOUR_S
    searcher = PmfNas(benchmark.space, benchmark.fidelities, budget_s, 1, rng=stream(0, "searcher"))
    executor = SimulatedExecutor(benchmark, paired_trials(benchmark, 0), n_workers=1, accounting="resume")
    finished = search(searcher, executor, Setting(benchmark.space, benchmark.fidelities, budget_s, 1))
    assert finished.status == "ok"
    told = {e.ticket.request.arch for e in finished.entries if isinstance(e.outcome, Ok)}
    assert set(finished.recommended) & told
    assert len(told) > 10


# ------------------------------------------------------------------------------------------------- the size space


@pytest.mark.parametrize("name", DATASETS)
def test_it_beats_random_search_on_the_surrogate_of_the_size_space(size_surrogate_table: CurveTable, name: str):
    benchmark = open_benchmark(size_surrogate_table, name)
    final = size_surrogate_table.at(Key(DATASETS[name].search, "90", "x-valid-acc"), 90)[:, 0]

    def found(factory: SearcherFactory, seed: int) -> float:
        trace = drive(factory, benchmark, budget_s=2 * HOUR_S, seed=seed)
        return float(final[size_surrogate_table.row(trace.recommended[0])])

    ours = np.mean([found(PmfNas, seed) for seed in PMF_NAS_SEEDS])
    assert ours > np.mean([found(RandomSearch, seed) for seed in RANDOM_SEEDS])
