import numpy as np
import pytest

from pmfnas.core.errors import InputError
from pmfnas.core.types import Cancelled, Diverged, Drop, Failed, Measure, Ok, Stop, Submit, Train, Wait
from pmfnas.loop.ledger import totals
from pmfnas.loop.runner import PATIENCE, Setting
from tests.support.fakes import FIDELITIES, A, B, ByHand, C, Scripted, cells, play, submit


def test_a_segment_costs_its_epochs_and_one_pass():
    finished = play(Scripted([submit(Train(A, "12", 0, 3))]))
    assert [(e.status, e.start_s, e.end_s) for e in finished.entries] == [("ok", 0.0, 31.0)]
    assert finished.clock_s == 31.0
    assert (finished.status, finished.why) == ("ok", "script ended")


def test_going_on_pays_new_epochs_only_and_joins_the_curve():
    searcher = Scripted([submit(Train(A, "12", 0, 3)), submit(Train(A, "12", 3, 12))])
    finished = play(searcher)
    assert finished.clock_s == 31.0 + 91.0
    outcome = searcher.heard[1][1]
    assert isinstance(outcome, Ok)
    assert outcome.curve.start == 0
    assert outcome.curve.stop == 12
    assert outcome.curve.valid_epochs == (3, 12)
    np.testing.assert_allclose(outcome.curve.train_loss, 1 / np.arange(1, 13))


def test_restart_accounting_pays_the_first_epochs_again():
    script = [submit(Train(A, "12", 0, 3)), submit(Train(A, "12", 3, 12))]
    resume, restart = play(Scripted(script)), play(Scripted(script), accounting="restart")
    assert restart.clock_s == 31.0 + 121.0
    costs = [
        totals(run.entries, clock_s=run.clock_s, n_workers=1, accounting=how)
        for run, how in ((resume, "resume"), (restart, "restart"))
    ]
    for cost in costs:
        assert cost.gpu_hours_resume == pytest.approx(122 / 3600)
        assert cost.gpu_hours_restart == pytest.approx(152 / 3600)
    assert [cost.busy_hours * 3600 for cost in costs] == pytest.approx([122, 152])


def test_the_budget_cuts_a_segment_off_charged_but_not_told():
    searcher = Scripted([submit(Train(A, "12", 0, 3)), submit(Train(B, "12", 0, 12))])
    finished = play(searcher, budget_s=100.0)
    assert [(e.status, e.end_s, e.cost.total_s) for e in finished.entries] == [("ok", 31.0, 31.0), ("cut", 100.0, 69.0)]
    assert finished.clock_s == 100.0
    assert finished.why == "budget"
    assert len(searcher.heard) == 1
    assert finished.recommended == (A,)


def test_a_segment_that_ends_with_the_budget_counts():
    finished = play(Scripted([submit(Train(A, "12", 0, 3))]), budget_s=31.0)
    assert [e.status for e in finished.entries] == ["ok"]


def test_a_budget_for_less_than_a_segment_recommends_nothing():
    finished = play(Scripted([submit(Train(A, "12", 0, 12))]), budget_s=5.0)
    assert finished.recommended == ()
    assert finished.clock_s == 5.0


def test_remaining_and_running_are_what_the_searcher_is_told():
    searcher = Scripted([submit(Train(A, "12", 0, 3)), submit(Train(B, "12", 0, 12)), Wait(), Stop()])
    play(searcher, budget_s=1_000.0, n_workers=2)
    assert [remaining for _, remaining in searcher.asked] == [1_000.0, 1_000.0, 969.0, 879.0]
    assert [t.request.arch for t in searcher.asked[1][0]] == [A]
    assert [t.request.arch for t in searcher.asked[2][0]] == [B]


def test_more_requests_than_workers_wait_in_line_in_order():
    finished = play(Scripted([submit(*(Train(arch, "12", 0, 3) for arch in (A, B, C))), Wait(), Wait()]), n_workers=2)
    assert [(e.worker, e.start_s, e.end_s) for e in finished.entries] == [(0, 0, 31), (1, 0, 31), (0, 31, 62)]


def test_drop_cancels_what_runs_and_charges_it():
    searcher = Scripted([submit(Train(A, "12", 0, 3), Train(B, "12", 0, 12)), Drop(B), Stop()])
    finished = play(searcher, n_workers=2)
    assert [(e.status, e.cost.total_s) for e in finished.entries] == [("ok", 31.0), ("cancelled", 31.0)]
    assert isinstance(searcher.heard[1][1], Cancelled)


def test_divergence_is_told_with_its_curve():
    searcher = Scripted([submit(Train(A, "12", 0, 3))])
    finished = play(searcher, benchmark=ByHand(diverging=A))
    assert isinstance(searcher.heard[0][1], Diverged)
    assert finished.entries[0].status == "diverged"
    assert finished.clock_s == 31.0


def test_a_trial_that_does_not_exist_fails_at_no_cost():
    searcher = Scripted([submit(Train(A, "12", 0, 3, replicate=1))])
    finished = play(searcher)
    assert isinstance(searcher.heard[0][1], Failed)
    assert (finished.clock_s, finished.entries[0].status, finished.recommended) == (0.0, "failed", ())


class Asking:
    """Answers every question in the same way."""

    def __init__(self, answer):
        self._answer = answer

    def ask(self, running, remaining_s):
        return self._answer

    def tell(self, ticket, outcome):
        pass

    def recommend(self):
        return ()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Wait(), "Wait() with nothing running"),
        (None, "must return Submit, Wait, Drop or Stop"),
        (submit(Train(A, "13", 0, 3)), "schedule is '13'"),
        (submit(Train(A, "12", 0, 13)), "ends after 12 epochs"),
        (submit(Train(A, "200", 0, 100)), "clean values exist at epoch 200"),
        (submit(Train(A, "12", 3, 12)), "live checkpoints exist at no epoch"),
        (submit(Train((0, 0, 0), "12", 0, 3)), "is a tuple of 6"),
        (submit(Train((0, 0, 0, 0, 0, 5), "12", 0, 3)), "its indices must be from 0"),
        (Submit(("nonsense",)), "is a Train or a Measure"),
        (Drop(A), "never stops"),
        (submit(Train(list(A), "12", 0, 3)), "of Python's int"),
        (submit(Train((0, 0, 0, 0, 0, 1.0), "12", 0, 3)), "of Python's int"),
        (submit(Train(([], 0, 0, 0, 0, 1), "12", 0, 3)), "of Python's int"),
        (submit(Train(A, ["12"], 0, 3)), "named by a str"),
        (submit(Measure(A, ["latency_ms"])), "named by a str"),
        (submit(Train(A, "12", 0, 3.0)), "whole numbers"),
        (submit(Train(A, "12", 0, 3, replicate=10**6)), "whole numbers"),
        (Submit({"requests"}), "are a tuple"),
        (Submit((Train(A, "12", 0, 3),), ({"why": object()},)), "reasons map names"),
        (Submit((Train(A, "12", 0, 3),), ({1: 1.0},)), "reasons map names"),
        (Drop([A]), "of Python's int"),
        (Stop(3), "a reason is a str"),
    ],
)
def test_a_broken_contract_fails_the_run_with_the_reason(answer, why):
    finished = play(Asking(answer))
    assert finished.status == "failed"
    assert why in finished.why


def test_free_answers_without_end_are_ended():
    finished = play(Asking(submit(Train(A, "12", 0, 1))), budget_s=1e9)
    assert finished.status == "failed"
    assert "never stops" in finished.why
    assert len(finished.entries) == PATIENCE + 1


class Asking1000(Asking):
    """Asks for the same a thousand times at once, while a training of something else runs."""

    def __init__(self, request):
        super().__init__(Submit((request,) * 1000))


@pytest.mark.parametrize("n_workers", [1, 4])
@pytest.mark.parametrize("ask", [lambda request: Asking(Submit((request,))), Asking1000])
def test_failures_at_no_cost_without_end_are_ended(ask, n_workers):
    finished = play(ask(Train(A, "12", 0, 3, replicate=1)), budget_s=1e9, n_workers=n_workers)
    assert finished.status == "failed"
    assert "never stops" in finished.why
    assert "the last request failed: replicate 1 does not exist" in finished.why
    assert PATIENCE <= len([e for e in finished.entries if e.status == "failed"]) <= PATIENCE + 1
    assert finished.clock_s == 0.0


def test_failures_beside_a_training_are_ended_too():
    class Beside(Asking):
        def ask(self, running, remaining_s):
            return submit(Train(A, "12", 0, 12)) if not running else submit(Train(B, "12", 0, 3, replicate=1))

    finished = play(Beside(None), budget_s=1e9, n_workers=2)
    assert "never stops" in finished.why
    assert len(finished.entries) <= PATIENCE + 3


def test_what_is_started_and_dropped_at_once_without_end_is_ended():
    class Undecided(Asking):
        def ask(self, running, remaining_s):
            return Drop(A) if running else submit(Train(A, "12", 0, 3))

    finished = play(Undecided(None), budget_s=1e9, n_workers=2)
    assert "never stops" in finished.why
    assert len(finished.entries) <= PATIENCE


def test_patience_begins_anew_with_every_segment_that_costs():
    class Alternating(Asking):
        def __init__(self):
            super().__init__(None)
            self.n = 0

        def ask(self, running, remaining_s):
            self.n += 1
            is_new = self.n % (PATIENCE - 10) == 0
            arch = (0, 0, 0, 0, 1, self.n // (PATIENCE - 10)) if is_new else A
            return submit(Train(arch, "12", 0, 3, replicate=0 if is_new else 1))

    finished = play(Alternating(), budget_s=80.0)
    assert (finished.status, finished.why) == ("ok", "budget")
    assert len(finished.entries) > 2 * PATIENCE


def test_a_searcher_that_raises_fails_its_run_and_keeps_what_was_recorded():
    def fail(searcher):
        raise ZeroDivisionError("by\nhand")

    finished = play(Scripted([submit(Train(A, "12", 0, 3)), fail]))
    assert finished.status == "failed"
    assert finished.why == "ask raised ZeroDivisionError: by hand"
    assert len(finished.entries) == 1
    assert finished.recommended == (A,)


def test_recommending_what_was_never_told_is_a_broken_contract():
    searcher = Scripted([submit(Train(A, "12", 0, 3))])
    searcher.recommend = lambda: [B]
    assert "was told of no segment of it that ended well" in play(searcher).why


@pytest.mark.parametrize("arch", [list(A), "A", (0,), None])
def test_recommending_a_wrong_arch_is_a_broken_contract(arch):
    searcher = Scripted([submit(Train(A, "12", 0, 3))])
    searcher.recommend = lambda: [arch]
    finished = play(searcher)
    assert finished.status == "failed"
    assert "of Python's int" in finished.why


@pytest.mark.parametrize(
    ("budget_s", "n_workers", "message"), [(0, 1, "budget is 0"), (-1, 1, "budget"), (1, 0, "workers is 0")]
)
def test_a_setting_is_checked(budget_s, n_workers, message):
    with pytest.raises(InputError, match=message):
        Setting(cells(), FIDELITIES, budget_s, n_workers)
