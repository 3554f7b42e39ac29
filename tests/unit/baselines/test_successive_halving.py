import pytest

from baselines.successive_halving import SuccessiveHalving
from pmfnas.core.errors import InputError
from pmfnas.core.types import Drop, Submit, Train, Wait
from tests.support.climbing import AMPLE_S, best_by_sum, dropped, requests, segments, trace
from tests.support.evaluating import make
from tests.support.fakes import cells

FIRST = 27 + 9 + 2  # requests of a bracket of 27 archs


def test_a_bracket_trains_many_a_little_and_few_for_long():
    moves = segments(trace(SuccessiveHalving, n_archs=27).decisions)
    assert moves[:FIRST] == [(0, 1)] * 27 + [(1, 3)] * 9 + [(3, 12)] * 2
    assert moves[FIRST] == (0, 1)  # the next bracket


def test_exactly_the_best_go_on_and_the_others_are_dropped():
    run = trace(SuccessiveHalving, n_archs=27)
    archs = [request.arch for request in requests(run.decisions)]
    entered, second, third = archs[:27], archs[27:36], archs[36:38]
    assert second == best_by_sum(entered, 9)
    assert third == best_by_sum(entered, 2)
    gone = dropped(run.decisions)
    assert gone[:18] == [arch for arch in entered if arch not in second]
    assert gone[18:25] == [arch for arch in second if arch not in third]
    assert gone[25:27] == third


def test_losers_are_dropped_before_anybody_goes_on():
    run = trace(SuccessiveHalving, n_archs=27)
    promotion = next(i for i, d in enumerate(run.decisions) if isinstance(d, Submit) and d.requests[0].start > 0)
    assert all(isinstance(d, Drop) for d in run.decisions[27:promotion])
    assert promotion == 27 + 18


def test_workers_wait_for_each_other_at_the_end_of_a_rung():
    run = trace(SuccessiveHalving, n_workers=4, n_archs=27)
    until = next(i for i, d in enumerate(run.decisions) if isinstance(d, Drop))
    assert sum(isinstance(d, Submit) for d in run.decisions[:until]) == 27
    assert any(isinstance(d, Wait) for d in run.decisions[:until])
    second = [r.arch for r in requests(run.decisions)[27:36]]
    assert second == best_by_sum([r.arch for r in requests(run.decisions)[:27]], 9)


def test_the_longest_schedule_is_a_fresh_run():
    run = trace(SuccessiveHalving, budget_s=3_500.0, n_archs=40, ladder="full")
    (longest,) = {r for r in requests(run.decisions) if r.schedule == "200"}
    assert longest == Train(run.recommended[0], "200", 0, 200)
    before = run.decisions.index(Submit((longest,))) - 1
    assert run.decisions[before] == Drop(longest.arch)


def test_the_best_of_the_longest_segments_is_recommended():
    run = trace(SuccessiveHalving, n_archs=27, budget_s=1_500.0)
    complete = [r.arch for r in requests(run.decisions) if r.stop == 12]
    assert run.recommended[: len(complete)] == tuple(best_by_sum(complete, len(complete)))


def test_archs_are_drawn_once():
    entered = [r.arch for r in requests(trace(SuccessiveHalving, budget_s=20_000.0).decisions) if r.start == 0]
    assert len(entered) == len(set(entered)) > 400


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"n_archs": 0}, "n_archs is 0"), ({"eta": 1}, "eta is 1"), ({"ladder": "12@13"}, "ends after 12")],
)
def test_bad_settings(settings, message):
    with pytest.raises(InputError, match=message):
        make(SuccessiveHalving, cells(), **settings)


def test_asking_starts_with_an_arch_at_the_lowest_rung():
    decision = make(SuccessiveHalving, cells()).ask([], AMPLE_S)
    assert isinstance(decision, Submit)
    assert segments([decision]) == [(0, 1)]
