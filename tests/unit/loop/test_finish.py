import numpy as np

from pmfnas.core.errors import UnavailableError
from pmfnas.core.types import Ok, Submit, Train, Wait
from pmfnas.loop.finish import Finishing
from pmfnas.loop.runner import Setting, search
from tests.support.fakes import EPOCH_S, FIDELITIES, PASS_S, A, B, ByHand, C, Scripted, SimulatedExecutor, cells

WHOLE_S = 200 * EPOCH_S + PASS_S


def run(decisions, budget_s):
    searcher = Finishing(Scripted(decisions), FIDELITIES, width=1)
    executor = SimulatedExecutor(ByHand(), lambda arch, schedule, k: k, n_workers=1, accounting="resume")
    return search(searcher, executor, Setting(cells(), FIDELITIES, budget_s))


def short(arch):
    return Submit((Train(arch, "12", 0, 12),))


def asked(finished):
    return [(e.ticket.request.arch, str(e.ticket.request.fidelity)) for e in finished.entries]


def test_a_search_ends_with_a_whole_training_of_what_is_recommended():
    finished = run([short(B), short(C), short(A)] * 30, budget_s=4_000.0)
    whole = [e for e in finished.entries if str(e.ticket.request.fidelity) == "200@200"]
    assert [e.ticket.request.arch for e in whole] == [C]
    assert isinstance(whole[0].outcome, Ok)
    assert whole[0].reason == {"stage": "finish"}
    assert finished.recommended[0] == C
    assert {e.status for e in finished.entries[3:] if e is not whole[0]} == {"free"}
    assert finished.clock_s == 3 * (12 * EPOCH_S + PASS_S) + WHOLE_S


def test_the_searcher_goes_on_while_there_is_time_for_both():
    replicates = [Submit((Train(C, "12", 0, 12, replicate=k),)) for k in range(1)]
    finished = run([short(A), short(B), *replicates, short((0, 0, 0, 0, 1, 0))], budget_s=4_000.0)
    assert asked(finished)[:3] == [(A, "12@12"), (B, "12@12"), (C, "12@12")]
    assert finished.clock_s <= 4_000.0


def test_where_time_is_short_the_last_training_comes_before_what_the_searcher_asks_for():
    budget_s = 121.0 + WHOLE_S * 1.15 + 60.0
    finished = run([short(B), short(C), short(A)], budget_s)
    assert asked(finished)[:3] == [(B, "12@12"), (B, "200@200"), (C, "12@12")]
    assert [e.status for e in finished.entries[:3]] == ["ok", "ok", "ok"]
    assert finished.recommended[0] == B  # trained to the end; C, which is better, no longer fits


def test_where_the_longest_schedule_does_not_fit_the_shorter_one_is_trained_to_its_end():
    early = Submit((Train(B, "12", 0, 1),)), Submit((Train(C, "12", 0, 1),))
    finished = run([*early, *early[:1] * 30], budget_s=400.0)
    assert asked(finished)[-1] == (C, "12@12")
    assert [e.reason for e in finished.entries if e.reason] == [{"stage": "finish"}]
    assert finished.recommended[0] == C


def test_a_recommendation_that_has_the_longest_schedule_that_fits_needs_nothing():
    finished = run([short(C), short(B)], budget_s=400.0)
    assert asked(finished) == [(C, "12@12"), (B, "12@12")]


def test_a_last_training_that_fails_is_not_tried_again():
    def trial_of(arch, schedule, k):
        if schedule == "200":
            raise UnavailableError("no such trial")
        return k

    searcher = Finishing(Scripted([short(B), short(A)]), FIDELITIES, width=1)
    executor = SimulatedExecutor(ByHand(), trial_of, n_workers=1, accounting="resume")
    finished = search(searcher, executor, Setting(cells(), FIDELITIES, 2_500.0))
    assert [e.status for e in finished.entries] == ["ok", "failed", "ok"]
    assert finished.recommended[0] == B


def test_a_recommendation_that_is_trained_already_needs_nothing():
    whole = Submit((Train(C, "200", 0, 200),))
    finished = run([whole, short(B), Wait()], budget_s=2_200.0)
    assert asked(finished) == [(C, "200@200"), (B, "12@12")]


def test_a_whole_training_that_the_searcher_asks_for_itself_is_not_held_up():
    finished = run([short(B), Submit((Train(C, "200", 0, 200),))], budget_s=121.0 + WHOLE_S * 1.05)
    assert asked(finished) == [(B, "12@12"), (C, "200@200")]


def test_a_searcher_that_stops_gets_its_recommendation_trained():
    finished = run([short(B)], budget_s=10_000.0)
    assert asked(finished) == [(B, "12@12"), (B, "200@200")]
    assert np.isclose(finished.clock_s, 121.0 + WHOLE_S)


def test_a_searcher_that_goes_on_with_what_was_finished_for_it_is_told_that_training():
    early, rest = Submit((Train(B, "200", 0, 25, ()),)), Submit((Train(B, "200", 25, 200),))
    told = []

    class Told(Scripted):
        def tell(self, ticket, outcome):
            told.append((ticket.request, outcome))
            super().tell(ticket, outcome)

    searcher = Finishing(Told([short(B), short(A), early, rest]), FIDELITIES, width=1)
    executor = SimulatedExecutor(ByHand(), lambda arch, schedule, k: k, n_workers=1, accounting="resume")
    budget_s = 121.0 + WHOLE_S * 1.15 + 60.0
    finished = search(searcher, executor, Setting(cells(), FIDELITIES, budget_s))
    assert finished.status == "ok"
    assert asked(finished)[:4] == [(B, "12@12"), (B, "200@200"), (A, "12@12"), (B, "200@25")]
    request, outcome = told[-1]
    assert request == rest.requests[0]
    assert isinstance(outcome, Ok)
    assert outcome.cost.total_s == 0.0


def test_of_several_that_were_trained_to_the_end_the_best_of_the_longest_schedule_leads():
    class Fickle(Scripted):
        """Recommends what it was told of last."""

        def recommend(self):
            return [ticket.request.arch for ticket, _ in reversed(self.heard)]

    early = Submit((Train(B, "12", 0, 1),))
    searcher = Finishing(Fickle([short(C), early]), FIDELITIES, width=1)
    executor = SimulatedExecutor(ByHand(), lambda arch, schedule, k: k, n_workers=1, accounting="resume")
    finished = search(searcher, executor, Setting(cells(), FIDELITIES, 121.0 + WHOLE_S * 1.15 + 5.0))
    assert asked(finished) == [(C, "12@12"), (C, "200@200"), (B, "12@1"), (B, "12@12")]
    assert finished.recommended[:2] == (C, B)


def test_a_held_request_within_the_added_training_is_answered_from_it():
    begun = [Submit((Train(C, "12", 0, 3),)), Submit((Train(C, "12", 3, 5),))]
    finished = run(begun, budget_s=3 * EPOCH_S + PASS_S + 1.15 * (12 * EPOCH_S + PASS_S) + 1.0)
    assert (finished.status, asked(finished)) == ("ok", [(C, "12@3"), (C, "12@12"), (C, "12@5")])
    assert finished.recommended[0] == C
