import math
from collections import Counter
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.dehb import Dehb, Member, Population, centre, crossed, decode, mutant
from pmfnas.core.errors import InputError
from pmfnas.core.rng import stream
from pmfnas.core.types import Wait
from tests.support.climbing import best_by_sum, dropped, requests, segments, trace
from tests.support.evaluating import make
from tests.support.fakes import A, cells

CYCLE = [(0, 1)] * 12 + [(1, 3)] * 4 + [(3, 12)] + [(0, 3)] * 6 + [(3, 12)] + [(0, 12)] * 3


def rng(seed=0):
    return stream(seed, "test")


def member(value, vector=(0.5,)):
    return Member(np.array(vector), A, value)


# ---------------------------------------------------------------------------------------------------- operators


def test_mutation_by_hand():
    parents = [np.array([0.5, 0.1, 0.9]), np.array([0.6, 0.3, 0.9]), np.array([0.2, 0.7, 0.9])]
    vector = mutant(parents, 0.5, rng=rng())
    assert vector[[0, 2]] == pytest.approx([0.7, 0.9])
    assert 0 <= vector[1] < 1  # 0.1 + 0.5 (0.3 - 0.7) lies outside, so it is drawn
    assert vector[1] != mutant(parents, 0.5, rng=rng(1))[1]


def test_crossover_by_hand():
    target, mutated = np.zeros(6), np.ones(6)
    assert crossed(target, mutated, 1.0, rng=rng()).tolist() == [1.0] * 6
    generator = rng()
    single = [crossed(target, mutated, 0.0, rng=generator) for _ in range(200)]
    assert {vector.sum() for vector in single} == {1.0}
    assert set(np.argmax(single, axis=1)) == set(range(6))
    shares = np.mean([crossed(target, mutated, 0.5, rng=generator) for _ in range(2000)])
    assert shares == pytest.approx(0.5 + 0.5 / 6, abs=0.02)  # one position surely, half of the others


@given(st.tuples(*(st.integers(0, k - 1) for k in (5, 3, 1, 8))))
@settings(max_examples=40, deadline=None)
def test_the_centre_of_a_cell_stands_for_its_arch(arch):
    assert decode(centre(arch, (5, 3, 1, 8)), (5, 3, 1, 8)) == arch


def test_cells_are_of_equal_size():
    assert [decode(np.array([x]), (5,))[0] for x in (0.0, 0.19, 0.2, 0.59, 0.61, 0.999)] == [0, 0, 1, 2, 3, 4]


# --------------------------------------------------------------------------------------------------- populations


def test_places_take_turns_and_the_better_stays():
    population = Population(2)
    assert population.take_turn() == (0, None)
    assert population.take_turn() == (1, None)
    low, high, equal = member(1.0), member(2.0), member(2.0)
    assert population.select(0, low) is None
    assert population.take_turn() == (0, low)
    assert population.select(0, high) is low
    assert population.select(0, low) is low
    assert population.select(0, equal) is high
    assert population.members == [equal]


def test_anything_is_better_than_a_failure():
    population = Population(1)
    population.select(0, member(-math.inf))
    low = member(0.0)
    population.select(0, low)
    assert population.best(3) == [low]


# ------------------------------------------------------------------------------------------------------ searcher


def test_the_first_bracket_is_successive_halving():
    run = trace(Dehb)
    assert segments(run.decisions)[:17] == CYCLE[:17]
    archs = [r.arch for r in requests(run.decisions)]
    assert archs[12:16] == best_by_sum(archs[:12], 4)


def test_later_brackets_have_the_sizes_of_hyperband_and_train_afresh():
    stops = [stop for _, stop in segments(trace(Dehb, budget_s=8_000.0).decisions)]
    cycle = [stop for _, stop in CYCLE]
    assert stops[: 2 * len(cycle)] == cycle * 2


def test_evolution_leads_to_what_did_well():
    archs = [r.arch for r in requests(trace(Dehb, budget_s=20_000.0).decisions)]
    assert np.mean(archs[:12]) < 2.6
    assert np.mean(archs[-60:]) > 3.0


def test_nothing_is_asked_twice_and_checkpoints_live_in_populations_only():
    run = trace(Dehb, budget_s=20_000.0)
    assert not any(t.is_free for t in run.told)
    asked = Counter((r.arch, r.stop) for r in requests(run.decisions))
    assert set(asked.values()) == {1}
    kept = {r.arch for r in requests(run.decisions)} - set(dropped(run.decisions))
    assert len(kept) <= 12 + 6 + 3 + 1  # one in flight


@pytest.mark.parametrize("n_workers", [4, 16])
def test_a_worker_at_a_barrier_starts_the_next_bracket(n_workers):
    run = trace(Dehb, n_workers=n_workers)
    assert not any(isinstance(d, Wait) for d in run.decisions)


def test_where_tries_run_out_a_random_arch_takes_the_place():
    """With a factor of nearly nothing and no crossover, a trial decodes to its target, which is known."""
    run = trace(partial(Dehb, n_tries=1, crossover_rate=0.0, mutation_factor=1e-9), budget_s=8_000.0)
    asked = Counter((r.arch, r.stop) for r in requests(run.decisions))
    assert len(asked) > len(CYCLE)
    assert set(asked.values()) == {1}


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"mutation_factor": 0.0}, "mutation_factor is 0.0"),
        ({"crossover_rate": 1.5}, "crossover_rate is 1.5"),
        ({"n_tries": 0}, "n_tries is 0"),
        ({"eta": 1}, "eta is 1"),
    ],
)
def test_bad_settings(settings_, message):
    with pytest.raises(InputError, match=message):
        make(Dehb, cells(), **settings_)
