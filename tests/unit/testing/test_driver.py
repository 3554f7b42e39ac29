"""The driver: it refuses illegal moves, and a legal run is as the ports say."""

import numpy as np
import pytest

from pmfnas.core.errors import ContractError, InputError
from pmfnas.core.types import (
    Cancelled,
    Cost,
    Drop,
    Failed,
    Measure,
    Measured,
    Ok,
    Schedule,
    Stop,
    Submit,
    Train,
    Wait,
)
from pmfnas.testing.driver import drive
from pmfnas.testing.grid import GridSpace
from pmfnas.testing.synthetic import LATENCY_MS, SyntheticBenchmark
from tests.support.toys import SETTLED, Toy, scripted, toy

A, B, C = (0, 0), (0, 1), (1, 1)
BENCHMARK = SyntheticBenchmark(GridSpace((2, 2)))
LONG_S = 1e5


def play(*decisions, benchmark=BENCHMARK, **options):
    return drive(scripted(*decisions), benchmark, **{"budget_s": LONG_S, **options})


def submit(*requests):
    return Submit(requests)


def outcomes(trace):
    return [told.outcome for told in trace.told]


ONCE = Train(A, "12", 0, 3)

ILLEGAL = {
    "no decision at all": (["go"], "must return Submit, Wait, Drop or Stop"),
    "waiting for nothing": ([Wait()], "Wait\\(\\) with nothing running"),
    "no request": ([submit("train A")], "a request is a Train or a Measure"),
    "a list of requests": ([Submit([ONCE])], "the requests of a Submit are a tuple"),
    "an arch too short": ([submit(Train((0,), "12", 0, 3))], "an arch is a tuple of 2 of Python's int"),
    "an arch as a list": ([submit(Train([0, 0], "12", 0, 3))], "an arch is a tuple"),
    "an arch of numpy's integers": ([submit(Train((np.int64(0), 0), "12", 0, 3))], "Python's int"),
    "an arch outside the space": ([submit(Train((0, 2), "12", 0, 3))], "below \\(2, 2\\)"),
    "a negative index": ([submit(Train((0, -1), "12", 0, 3))], "from 0"),
    "an arch to measure outside the space": ([submit(Measure((0, 2), LATENCY_MS))], "below \\(2, 2\\)"),
    "an arch to drop outside the space": ([Drop((0, 2))], "drops arch"),
    "an unknown schedule": ([submit(Train(A, "90", 0, 3))], "schedule is '90', but must be one of: 12, 200"),
    "an epoch after the end": ([submit(Train(A, "12", 0, 13))], "schedule 12 ends after 12 epochs"),
    "validation where none is clean": ([submit(Train(A, "200", 0, 100))], "clean values exist at epoch 200"),
    "going on from nowhere": ([submit(Train(A, "12", 3, 12))], "live checkpoints exist at no epoch"),
    "going on from another epoch": ([submit(ONCE), SETTLED, submit(Train(A, "12", 2, 12))], "exist at epoch 3"),
    "going on from another arch": ([submit(ONCE), SETTLED, submit(Train(B, "12", 3, 12))], "exist at no epoch"),
    "going on from another replicate": (
        [submit(ONCE), SETTLED, submit(Train(A, "12", 3, 12, replicate=1))],
        "exist at no epoch",
    ),
    "going on from another schedule": (
        [submit(ONCE), SETTLED, submit(Train(A, "200", 3, 200))],
        "goes on from 200@3",
    ),
    "going on after a drop": ([submit(ONCE), SETTLED, Drop(A), submit(Train(A, "12", 3, 12))], "exist at no epoch"),
    "a reason that cannot be recorded": ([Submit((ONCE,), ({"mean": np.zeros(2)},))], "reasons map names to float"),
}


@pytest.mark.parametrize("name", ILLEGAL)
def test_what_is_illegal_is_refused(name):
    decisions, message = ILLEGAL[name]
    with pytest.raises(ContractError, match=message):
        play(*decisions)


def test_a_segment_costs_what_the_benchmark_says_and_its_curve_is_told():
    trace = play(submit(ONCE))
    (told,) = trace.told
    _, cost = BENCHMARK.train(ONCE, 0)
    assert trace.clock_s == told.time_s == cost.total_s
    assert trace.why == "stopped"
    assert told.outcome.curve.valid_epochs == (3,)
    assert trace.recommended == (A,)


def test_going_on_pays_the_new_epochs_alone_and_is_told_the_curve_from_the_first():
    trace = play(submit(ONCE), SETTLED, submit(Train(A, "12", 3, 12)))
    first, second = outcomes(trace)
    assert second.curve.start == 0
    assert second.curve.stop == 12
    assert second.curve.valid_epochs == (3, 12)
    np.testing.assert_array_equal(second.curve.train_acc[:3], first.curve.train_acc)
    epoch_s = first.cost.train_s / 3
    assert second.cost.train_s == pytest.approx(9 * epoch_s)


def test_the_same_question_is_answered_from_the_record_at_no_cost_also_after_a_drop():
    shorter = Train(A, "12", 0, 2, validate_at=())
    trace = play(submit(ONCE), SETTLED, submit(ONCE, shorter), Drop(A), submit(ONCE))
    assert [told.is_free for told in trace.told] == [False, True, True, True]
    first, again, part, dropped = outcomes(trace)
    assert again.cost == part.cost == dropped.cost == Cost()
    assert again.curve.valid_acc == dropped.curve.valid_acc == first.curve.valid_acc
    assert part.curve.stop == 2
    assert part.curve.valid_epochs == ()
    assert trace.clock_s == first.cost.total_s


def test_what_was_not_paid_for_is_trained_again():
    trace = play(submit(ONCE), SETTLED, submit(Train(A, "12", 0, 2)))
    assert [told.is_free for told in trace.told] == [False, False]


def test_a_validation_can_be_bought_at_a_live_checkpoint():
    trace = play(submit(Train(A, "12", 0, 3, validate_at=())), SETTLED, submit(Train(A, "12", 3, 3)))
    bare, bought = outcomes(trace)
    assert bare.curve.valid_epochs == ()
    assert bought.curve.valid_epochs == (3,)
    assert bought.cost.train_s == 0
    assert bought.cost.valid_s > 0


def test_measurements_cost_time_once():
    trace = play(submit(Measure(A, LATENCY_MS)), SETTLED, submit(Measure(A, LATENCY_MS)))
    first, again = outcomes(trace)
    assert isinstance(first, Measured)
    assert first.value == again.value > 0
    assert (first.cost.total_s, again.cost.total_s) == (0.5, 0.0)
    assert trace.recommended == ()


def test_an_unknown_metric_and_a_trial_that_does_not_exist_fail():
    trace = play(submit(Measure(A, "energy"), Train(A, "12", 0, 3, replicate=3)))
    assert [type(outcome) for outcome in outcomes(trace)] == [Failed, Failed]


def test_replicates_are_different_trials_in_an_order_that_follows_the_seed():
    requests = [Train(A, "12", 0, 3, replicate=k) for k in range(3)]
    seen = [
        [o.curve.last_valid_acc for o in outcomes(play(submit(*requests), SETTLED, seed=seed))] for seed in range(6)
    ]
    assert all(len(set(values)) == 3 for values in seen)
    assert len({frozenset(values) for values in seen}) == 1
    assert len({tuple(values) for values in seen}) > 1


def test_a_drop_cancels_what_runs_on_the_arch_and_charges_what_ran():
    trace = play(submit(Train(A, "12", 0, 1), Train(B, "12", 0, 12), Train(B, "12", 0, 3)), Drop(B), n_workers=3)
    first, long, short = outcomes(trace)
    assert isinstance(first, Ok)
    assert long == short == Cancelled(Cost(first.cost.total_s))
    assert trace.recommended == (A,)


def test_running_is_every_open_ticket_oldest_first():
    seen = []
    watch = toy(
        bend_ask=lambda self, running, remaining_s: seen.append((tuple(t.number for t in running), remaining_s))
    )
    trace = drive(watch, BENCHMARK, budget_s=LONG_S, n_workers=3)
    assert [numbers for numbers, _ in seen[:3]] == [(), (0,), (0, 1)]
    ended = trace.told[0]
    expected = tuple(number for number in range(3) if number != ended.ticket.number)
    assert seen[3] == (expected, LONG_S - ended.time_s)


def test_workers_share_the_clock():
    requests = [Train(arch, "12", 0, 12) for arch in (A, B, C)]
    one = play(submit(*requests))
    many = play(submit(*requests), SETTLED, n_workers=3)
    costs = [o.cost.total_s for o in outcomes(one)]
    assert one.clock_s == pytest.approx(sum(costs))
    assert many.clock_s == pytest.approx(max(costs))


def test_shuffled_segments_end_out_of_order():
    def order(shuffled):
        trace = drive(toy(), SyntheticBenchmark(GridSpace((1, 8))), budget_s=LONG_S, n_workers=4, shuffled=shuffled)
        return [told.ticket.number for told in trace.told]

    assert sorted(order(True)) == list(range(8))
    assert order(True) != sorted(order(True))
    assert order(True) != order(False)
    assert order(True) == order(True)


def test_what_the_budget_cuts_off_is_not_told():
    _, cost = BENCHMARK.train(Train(A, "12", 0, 12), 0)
    exactly = play(submit(Train(A, "12", 0, 12)), SETTLED, budget_s=cost.total_s)
    assert len(exactly.told) == 1
    short = play(submit(Train(A, "12", 0, 12)), SETTLED, budget_s=cost.total_s - 0.1)
    assert (short.told, short.why, short.clock_s) == ((), "budget", cost.total_s - 0.1)


def test_outcomes_can_be_disturbed():
    trace = play(submit(ONCE), SETTLED, disturb=lambda ticket, outcome: Failed("no power", outcome.cost))
    assert [o.reason for o in outcomes(trace)] == ["no power"]
    assert trace.clock_s > 0


def test_somebody_may_interfere_before_every_question():
    heard = []
    watch = toy(
        bend_start=lambda self: heard.append("start"),
        bend_ask=lambda self, running, remaining_s: heard.append("ask"),
        bend_tell=lambda self, ticket, outcome: heard.append("tell"),
        bend_recommend=lambda self: heard.append("recommend"),
    )
    drive(watch, BENCHMARK, budget_s=LONG_S, interfere=lambda: heard.append("interfere"))
    assert set(heard[::2]) == {"interfere"}
    assert set(heard[1::2]) == {"start", "ask", "tell", "recommend"}


def test_what_is_told_cannot_be_written_into():
    def write(self, ticket, outcome):
        outcome.curve.train_acc[0] = 100.0

    with pytest.raises(ContractError, match="tell raised ValueError: assignment destination is read-only"):
        drive(toy(bend_tell=write), BENCHMARK, budget_s=LONG_S)


def _moody(self):
    self.mood = not getattr(self, "mood", False)
    return self.best() if self.mood else self.best()[::-1]


def _recommends_what_it_asks_for(self, running, remaining_s):
    self.asked = len(self.left)


BAD_RECOMMENDATIONS = {
    "recommend answered": toy(bend_recommend=_moody),
    "told of no segment": toy(bend_recommend=lambda self: [C]),
    "ask changed what recommend answers": toy(
        bend_ask=_recommends_what_it_asks_for,
        bend_recommend=lambda self: self.best()[: max(0, 4 - getattr(self, "asked", 4))],
    ),
    "recommends arch \\[0, 0\\], but an arch is a tuple": toy(bend_recommend=lambda self: [[0, 0]]),
    "recommend raised ZeroDivisionError": toy(bend_recommend=lambda self: [1 // 0]),
}


@pytest.mark.parametrize("message", BAD_RECOMMENDATIONS)
def test_a_recommendation_that_breaks_a_rule_is_refused(message):
    with pytest.raises(ContractError, match=message):
        drive(BAD_RECOMMENDATIONS[message], BENCHMARK, budget_s=LONG_S)


def test_a_recommendation_that_changes_when_the_run_has_ended_is_refused():
    calls = []
    budget_s = 100.0
    drive(toy(bend_recommend=lambda self: calls.append(0)), BENCHMARK, budget_s=budget_s)
    last = len(calls) - 2  # it is asked twice at the end
    calls.clear()

    def forgets(self):
        calls.append(0)
        return () if len(calls) > last else None

    with pytest.raises(ContractError, match="recommend changed after the last tell"):
        drive(toy(bend_recommend=forgets), BENCHMARK, budget_s=budget_s)


def test_a_searcher_that_gets_nowhere_is_ended():
    with pytest.raises(ContractError, match="never stops"):
        drive(toy(bend_ask=lambda self, running, remaining_s: Drop(A)), BENCHMARK, budget_s=LONG_S)


@pytest.mark.parametrize("n_workers", [1, 4])
def test_a_searcher_that_retries_what_cannot_be_had_is_ended(n_workers):
    retry = toy(bend_ask=lambda self, running, remaining_s: Submit((Train(A, "12", 0, 3, replicate=9),) * 100))
    with pytest.raises(ContractError, match="never stops"):
        drive(retry, BENCHMARK, budget_s=LONG_S, n_workers=n_workers)


def test_a_factory_that_raises_is_a_broken_contract():
    def factory(space, fidelities, budget_s, n_workers, *, rng):
        raise InputError("budget is too small")

    with pytest.raises(ContractError, match=r"^budget is too small$"):
        drive(factory, BENCHMARK, budget_s=1.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"budget_s": 0.0}, "budget is 0.0 s, but must be positive"), ({"budget_s": 1.0, "n_workers": 0}, "workers is 0")],
)
def test_impossible_settings_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        drive(Toy, BENCHMARK, **options)


def test_a_schedule_without_any_validation_recommends_nothing_but_runs():
    silent = SyntheticBenchmark(GridSpace((2, 2)), schedules=(Schedule("5", 5, frozenset()),))
    trace = play(submit(Train(A, "5", 0, 5, validate_at=())), SETTLED, Stop(), benchmark=silent)
    assert np.isnan(outcomes(trace)[0].curve.last_valid_acc)
