import math

import pytest

from baselines.asha import Asha, Rung
from pmfnas.core.errors import InputError
from pmfnas.core.types import Drop, Submit, Train, Wait
from tests.support.climbing import best_by_sum, dropped, requests, segments, trace
from tests.support.evaluating import make
from tests.support.fakes import A, B, C, cells

D = (0, 0, 0, 0, 0, 4)


def test_a_rung_lets_one_go_when_so_many_results_allow_it():
    rung = Rung(keep=3)
    rung.add(A, 50.0)
    rung.add(B, 60.0)
    assert rung.promotable() is None
    rung.add(C, 40.0)
    assert rung.promotable() == B
    rung.promote()
    assert rung.promotable() is None


def test_the_share_counts_those_that_went_on():
    """B went on; of six results two may, so the next best goes, unless B fell out of the best two meanwhile."""
    rung = Rung(keep=3)
    for arch, value in ((A, 50.0), (B, 60.0), (C, 40.0)):
        rung.add(arch, value)
    rung.promote()
    others = [(0, 0, 0, 0, 1, i) for i in range(3)]
    for arch in others:
        rung.add(arch, 45.0)
    assert rung.promotable() == A
    late = Rung(keep=3, results=list(rung.results), waiting=list(rung.waiting))
    for arch in ((1, 0, 0, 0, 0, 1), (1, 0, 0, 0, 0, 2)):
        late.add(arch, 99.0)
    assert late.promotable() == (1, 0, 0, 0, 0, 1)


def test_of_equals_the_earlier_goes_and_who_failed_never_does():
    rung = Rung(keep=1)
    for arch, value in ((A, -math.inf), (B, 5.0), (C, 5.0)):
        rung.add(arch, value)
    gone = []
    while (arch := rung.promotable()) is not None:
        gone.append(arch)
        rung.promote()
    assert gone == [B, C]


@pytest.mark.parametrize(("eta", "keep"), [(None, 3), (2, 2), (4, 4)])
def test_the_first_promotion_comes_with_the_first_full_share(eta, keep):
    run = trace(Asha, eta=eta)
    assert segments(run.decisions)[: keep + 1] == [(0, 1)] * keep + [(1, 3)]
    entered = [r.arch for r in requests(run.decisions)[:keep]]
    assert requests(run.decisions)[keep].arch == best_by_sum(entered, 1)[0]


def test_who_goes_on_was_among_the_best_then():
    """A third of the results at 12@1 so far, a quarter of those at 12@3."""
    told = [(t.ticket.request, t.outcome.curve.last_valid_acc) for t in trace(Asha, budget_s=8_000.0).told]
    for i, (request, _) in enumerate(told):
        results = {stop: [(v, r.arch) for r, v in told[:i] if r.stop == stop] for stop in (1, 3)}
        gone = {stop: {r.arch for r, _ in told[:i] if r.start == stop} for stop in (1, 3)}
        due = {s: best(results[s], len(results[s]) // keep) - gone[s] for s, keep in ((1, 3), (3, 4))}
        highest = next((stop for stop in (3, 1) if due[stop]), 0)
        assert request.start == highest
        assert request.start == 0 or request.arch in due[highest]


def test_where_two_rungs_have_a_promotion_the_higher_comes_first():
    searcher = make(Asha, cells())
    for i in range(4):
        searcher._rungs[0].add((0, 0, 0, 0, 0, i), float(i))
        searcher._rungs[1].add((1, 0, 0, 0, 0, i), float(i))
    asked = [searcher.ask([], 1e6).requests[0] for _ in range(3)]
    assert [(r.arch, r.stop) for r in asked[:2]] == [((1, 0, 0, 0, 0, 3), 12), ((0, 0, 0, 0, 0, 3), 3)]
    assert asked[2].stop == 1


def best(results, n):
    ranked = sorted(results, key=lambda result: -result[0])
    return {arch for _, arch in ranked[:n]}


@pytest.mark.parametrize("n_workers", [1, 4, 16])
def test_no_worker_waits_and_few_more_go_on_than_the_share(n_workers):
    """The paper bounds the surplus, archs that fell out of the best share after they went on, by about sqrt(n)."""
    run = trace(Asha, budget_s=4_000.0, n_workers=n_workers)
    assert not any(isinstance(d, Wait) for d in run.decisions)
    stops = [r.stop for r in requests(run.decisions)]
    assert 0 < stops.count(3) <= stops.count(1) // 3 + 2 * math.sqrt(stops.count(1))
    assert 0 < stops.count(12) <= stops.count(3) // 4 + 2 * math.sqrt(stops.count(3))


def test_checkpoints_are_kept_until_the_top():
    run = trace(Asha)
    finished = [told.ticket.request.arch for told in run.told if told.ticket.request.stop == 12]
    assert dropped(run.decisions) == finished[: len(dropped(run.decisions))] != []


def test_the_longest_schedule_is_a_fresh_run():
    run = trace(Asha, budget_s=15_000.0, ladder="full", eta=2)
    place = next(i for i, d in enumerate(run.decisions) if isinstance(d, Submit) and d.requests[0].schedule == "200")
    (request,) = run.decisions[place].requests
    assert request == Train(request.arch, "200", 0, 200)
    assert run.decisions[place - 1] == Drop(request.arch)


def test_bad_settings():
    with pytest.raises(InputError, match="eta is 1"):
        make(Asha, cells(), eta=1)
