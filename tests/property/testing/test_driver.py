"""Random legal play: the clock adds up, and the checks change nothing."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pmfnas.core.rng import stream
from pmfnas.core.types import (
    Arch,
    Cancelled,
    Decision,
    Drop,
    Measure,
    Ok,
    Outcome,
    Request,
    Stop,
    Submit,
    Ticket,
    Train,
    Wait,
)
from pmfnas.loop.executor import SimulatedExecutor, paired_trials
from pmfnas.loop.ledger import CUT, FREE
from pmfnas.loop.runner import Setting, search
from pmfnas.testing.driver import drive
from pmfnas.testing.failures import Diverging, Unavailable
from pmfnas.testing.grid import GridSpace
from pmfnas.testing.synthetic import LATENCY_MS, SyntheticBenchmark

SPACE = GridSpace((2, 3))
SOUND = SyntheticBenchmark(SPACE, schedules=("4", "12", "30"))
BENCHMARKS = {"sound": SOUND, "diverging": Diverging(SOUND), "incomplete": Unavailable(SOUND)}
bounded = settings(max_examples=30, deadline=None, derandomize=True)


class Fuzzer:
    """Makes any legal move: fresh and resumed segments, replicates, duplicates, measurements, drops, waits."""

    def __init__(self, space, fidelities, budget_s, n_workers, *, rng):
        self._space, self._fidelities, self._rng = space, fidelities, rng
        self._live: dict[tuple[Arch, str, int], list[int]] = {}
        self._known: list[Arch] = []
        self._moves = 0

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        self._moves += 1
        move = self._rng.random()
        if self._moves > 60:
            return Stop("enough")
        if move < 0.1 and running:
            return Wait()
        if move < 0.2:
            arch = self._space.sample(rng=self._rng)
            self._live = {key: epochs for key, epochs in self._live.items() if key[0] != arch}
            return Drop(arch)
        return Submit(tuple(self._request() for _ in range(int(self._rng.integers(1, 3)))))

    def _request(self) -> Request:
        rng, arch = self._rng, self._space.sample(rng=self._rng)
        if rng.random() < 0.1:
            return Measure(arch, LATENCY_MS if rng.random() < 0.8 else "energy_mj")
        schedule = self._fidelities.schedules[int(rng.integers(3))]
        replicate = int(rng.integers(4)) if rng.random() < 0.3 else 0
        starts = [0, *self._live.get((arch, schedule.name, replicate), [])]
        start = int(rng.choice(starts))
        stop = int(rng.integers(max(1, start), schedule.epochs + 1))
        clean = sorted(epoch for epoch in schedule.validation_epochs if max(1, start) <= epoch <= stop)
        chosen = tuple(epoch for epoch in clean if rng.random() < 0.3)
        if start == stop and not chosen:
            return Measure(arch, LATENCY_MS)
        return Train(arch, schedule.name, start, stop, chosen, replicate)

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        request = ticket.request
        if isinstance(outcome, Ok) and isinstance(request, Train):
            self._known.append(request.arch)
            if outcome.cost.total_s > 0:  # an answer from the record leaves no checkpoint
                self._live.setdefault((request.arch, request.schedule, request.replicate), []).append(request.stop)

    def recommend(self) -> Sequence[Arch]:
        return tuple(dict.fromkeys(self._known[:-4:-1]))


@bounded
@given(st.integers(0, 10**6), st.integers(1, 4), st.sampled_from(sorted(BENCHMARKS)), st.floats(10, 3000))
def test_a_run_under_checks_is_the_run_without_them(seed, n_workers, kind, budget_s):
    benchmark = BENCHMARKS[kind]
    driven = drive(Fuzzer, benchmark, budget_s=budget_s, n_workers=n_workers, seed=seed)
    searcher = Fuzzer(SPACE, benchmark.fidelities, budget_s, n_workers, rng=stream(seed, "searcher"))
    executor = SimulatedExecutor(benchmark, paired_trials(benchmark, seed), n_workers=n_workers, accounting="resume")
    run = search(searcher, executor, Setting(SPACE, benchmark.fidelities, budget_s, n_workers))
    told = [(e.ticket, e.end_s, e.status == FREE, type(e.outcome)) for e in run.entries if e.status != CUT]
    assert told == [(t.ticket, t.time_s, t.is_free, type(t.outcome)) for t in driven.told]
    assert (driven.recommended, driven.clock_s) == (run.recommended, run.clock_s)


@bounded
@given(st.integers(0, 10**6), st.integers(1, 4), st.booleans(), st.floats(10, 3000))
def test_the_clock_never_runs_back_nor_past_the_budget(seed, n_workers, shuffled, budget_s):
    trace = drive(Fuzzer, SOUND, budget_s=budget_s, n_workers=n_workers, seed=seed, shuffled=shuffled)
    times = [told.time_s for told in trace.told]
    assert times == sorted(times)
    assert all(time_s <= trace.clock_s <= budget_s for time_s in times)
    spent_s = sum(told.outcome.cost.total_s for told in trace.told)
    assert spent_s <= n_workers * trace.clock_s + 1e-6


@bounded
@given(st.integers(0, 10**6), st.floats(10, 3000))
def test_with_one_worker_the_costs_add_up_to_the_clock(seed, budget_s):
    trace = drive(Fuzzer, SOUND, budget_s=budget_s, seed=seed)
    ended_s = trace.told[-1].time_s if trace.told else 0.0
    assert not any(isinstance(told.outcome, Cancelled) for told in trace.told)
    np.testing.assert_allclose(sum(told.outcome.cost.total_s for told in trace.told), ended_s, rtol=1e-9, atol=1e-9)


@bounded
@given(st.integers(0, 10**6), st.integers(1, 4), st.booleans())
def test_a_run_repeats_move_by_move(seed, n_workers, shuffled):
    one, other = (
        drive(Fuzzer, SOUND, budget_s=500.0, n_workers=n_workers, seed=seed, shuffled=shuffled) for _ in range(2)
    )
    assert one.moves == other.moves
    assert one.clock_s == other.clock_s
