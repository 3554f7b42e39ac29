import math
from collections import Counter

import numpy as np
import pytest

from baselines.bohb import BOHB_NB201, Bohb, Model
from baselines.hyperband import Hyperband
from pmfnas.core.errors import InputError
from pmfnas.core.types import Wait
from tests.support.climbing import dropped, requests, segments, trace
from tests.support.evaluating import make
from tests.support.fakes import cells


def arch(i):
    return tuple((i // 5**d) % 5 for d in range(6))


# ---------------------------------------------------------------------------------------------------- model


def model(**settings):
    return Model(
        (5,) * 6, 3, **{"min_points": 7, "top_fraction": 0.15, "min_bandwidth": 0.01, "spread": "differ", **settings}
    )


def test_no_model_before_there_are_two_more_than_the_minimum():
    m = model()
    for i in range(8):
        m.add(arch(i), 0, float(i))
        assert m.parts() is None
    m.add(arch(8), 0, 8.0)
    assert m.parts() is not None


@pytest.mark.parametrize(("n", "n_good", "n_rest"), [(9, 7, 7), (40, 7, 33), (60, 9, 51), (100, 15, 85)])
def test_sizes_of_the_parts(n, n_good, n_rest):
    """Equation 3; while observations are few, the parts overlap."""
    m = model()
    for i in range(n):
        m.add(arch(i), 0, float(i))
    good, rest = m.parts()
    assert [tuple(row) for row in good.archs.tolist()] == [arch(i) for i in reversed(range(n - n_good, n))]
    assert len(rest.archs) == n_rest
    assert tuple(rest.archs[-1].tolist()) == arch(0)


def test_the_model_is_that_of_the_highest_rung_that_has_one():
    m = model()
    for i in range(30):
        m.add(arch(i), 0, 1.0)
    for i in range(100, 109):
        m.add(arch(i), 2, 1.0)
        m.add(arch(i), 1, 1.0)
    good, _ = m.parts()
    assert {tuple(row) for row in good.archs.tolist()} <= {arch(i) for i in range(100, 109)}
    m.add(arch(200), 2, 2.0)
    assert tuple(m.parts()[0].archs[0].tolist()) == arch(200)


def test_archs_that_failed_belong_to_the_rest():
    m = model()
    for i in range(20):
        m.add(arch(i), 0, -math.inf if i < 10 else 1.0)
    good, _ = m.parts()
    assert {tuple(row) for row in good.archs.tolist()} <= {arch(i) for i in range(10, 20)}


# ------------------------------------------------------------------------------------------------- searcher


@pytest.mark.parametrize("settings", [{"random_fraction": 1.0}, {"min_points": 10_000, "random_fraction": 0.0}])
def test_without_a_model_it_is_hyperband(settings):
    moves = trace(Bohb, **settings)
    assert segments(moves.decisions) == segments(trace(Hyperband).decisions)[: len(segments(moves.decisions))]
    entered = np.array([r.arch for r in requests(moves.decisions) if r.start == 0])
    assert abs(entered.mean() - 2.0) < 0.2


@pytest.mark.parametrize(("random_fraction", "low", "high"), [(1.0, 1.8, 2.2), (0.1, 2.5, 4.0)])
def test_the_model_leads_to_what_did_well(random_fraction, low, high):
    """Validation rises with every position; drawn uniformly, a hundred archs have a mean choice of 2.00 +- .06."""
    run = trace(Bohb, budget_s=20_000.0, random_fraction=random_fraction)
    entered = np.array([r.arch for r in requests(run.decisions) if r.start == 0])
    assert low < entered[-100:].mean() < high


def test_no_arch_enters_twice_and_losers_are_dropped():
    run = trace(Bohb, budget_s=8_000.0, random_fraction=0.0)
    entered = [r.arch for r in requests(run.decisions) if r.start == 0]
    assert len(entered) == len(set(entered))
    still = {
        a for a, n in Counter(r.arch for r in requests(run.decisions)).items() if n and a not in dropped(run.decisions)
    }
    assert len(still) <= 12 + 6 + 3  # of the brackets in progress


def test_a_worker_at_a_barrier_starts_the_next_bracket():
    run = trace(Bohb, n_workers=16)
    assert not any(isinstance(d, Wait) for d in run.decisions)
    assert segments(run.decisions)[:16] == [(0, 1)] * 12 + [(0, 3)] * 4


def test_the_published_protocol_pays_for_everything_again():
    """Brackets 9-3-1, 3-1, 3 of the package, every evaluation 12 epochs from 0 and none answered from the record."""
    run = trace(BOHB_NB201, budget_s=20 * 123.0)
    afresh, again, third = (0, 12, (12,)), (0, 12, (11, 12)), (0, 12, (10, 12))
    asked = [(r.start, r.stop, r.validations) for r in requests(run.decisions)]
    assert asked[:20] == [afresh] * 9 + [again] * 3 + [third] + [afresh] * 3 + [again] + [afresh] * 3
    assert not any(t.is_free for t in run.told)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_samples": 0}, "n_samples is 0"),
        ({"min_points": 0}, "min_points is 0"),
        ({"top_fraction": 1.0}, "top_fraction is 1.0"),
        ({"random_fraction": 1.5}, "random_fraction is 1.5"),
        ({"bandwidth_factor": 0.0}, "bandwidth_factor is 0.0"),
        ({"min_bandwidth": 0.0}, "min_bandwidth is 0.0"),
        ({"ladder": "12@12", "repeats": 3}, "give an eta"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(InputError, match=message):
        make(Bohb, cells(), **settings)


def test_the_model_is_asked_but_for_the_random_fraction():
    """All good archs are alike, so that the model draws their neighbours; a uniform draw is hardly ever one."""
    led = 0
    for seed in range(200):
        searcher = make(Bohb, cells(), seed=seed, random_fraction=0.25, bandwidth_factor=1.0, min_bandwidth=0.1)
        for i in range(40):
            searcher._model.add((4, 4, 4, 4, 4, 4) if i < 20 else arch(i), 2, 90.0 if i < 20 else 10.0)
        (request,) = searcher.ask([], 1e6).requests
        led += request.arch.count(4) >= 4
    assert 0.65 < led / 200 < 0.85
