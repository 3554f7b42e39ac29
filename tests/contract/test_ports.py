"""The ports serve every use that they were designed for: one test each, with small fakes."""

from collections.abc import Sequence

import numpy as np
import pytest

from pmfnas.core.ports import Event
from pmfnas.core.types import Cost, Drop, Measure, Measured, Ok, Stop, Submit, Ticket, Train, Wait
from pmfnas.loop.runner import Setting, search
from tests.support.fakes import EPOCH_S, FIDELITIES, PASS_S, A, B, ByHand, C, Scripted, cells, play, submit


def test_evolution_a_duplicate_is_answered_from_the_record_at_no_cost():
    once = Train(A, "12", 0, 12)
    searcher = Scripted([submit(once), submit(once), submit(Train(A, "12", 0, 12, validate_at=()))])
    finished = play(searcher)
    assert [e.status for e in finished.entries] == ["ok", "free", "free"]
    assert finished.clock_s == 12 * EPOCH_S + PASS_S
    first, again = searcher.heard[0][1], searcher.heard[1][1]
    assert isinstance(first, Ok)
    assert isinstance(again, Ok)
    np.testing.assert_array_equal(first.curve.valid_acc, again.curve.valid_acc)
    assert again.cost == Cost()


def test_what_was_not_paid_for_is_not_answered_from_the_record():
    finished = play(Scripted([submit(Train(A, "12", 0, 12)), submit(Train(A, "12", 0, 3))]))
    assert [e.status for e in finished.entries] == ["ok", "ok"]


def test_asha_four_workers_hear_one_event_at_a_time_and_promote_by_going_on():
    def promote(searcher: Scripted) -> Submit:
        ticket, _ = searcher.heard[-1]
        return submit(Train(ticket.request.arch, "12", 1, 3))

    archs = [A, B, C, (1, 0, 0, 0, 0, 0)]
    searcher = Scripted([*(submit(Train(arch, "12", 0, 1)) for arch in archs), promote, promote, promote, promote])
    finished = play(searcher, n_workers=4)
    assert [e.status for e in finished.entries[:4]] == ["ok"] * 4
    assert [len(running) for running, _ in searcher.asked[:5]] == [0, 1, 2, 3, 3]
    assert [e.end_s for e in finished.entries[:4]] == [11.0] * 4
    assert [e.end_s for e in finished.entries[4:]] == [32.0] * 4
    assert [e.status for e in finished.entries[4:]] == ["ok", "cut", "cut", "cut"]  # the script ends at the first


def test_bohb_waiting_at_a_barrier_is_charged_as_idle_time():
    from pmfnas.loop.ledger import totals

    searcher = Scripted([submit(Train(A, "12", 0, 3), Train(B, "12", 0, 12)), Wait(), Wait(), Stop()])
    finished = play(searcher, n_workers=2)
    costs = totals(finished.entries, clock_s=finished.clock_s, n_workers=2, accounting="resume")
    assert finished.clock_s == 121.0
    assert costs.gpu_hours_resume * 3600 == pytest.approx(2 * 121.0)
    assert costs.busy_hours * 3600 == pytest.approx(31.0 + 121.0)


def test_dehb_an_arch_met_again_goes_on_only_while_its_checkpoint_lives():
    alive = play(Scripted([submit(Train(A, "12", 0, 3)), submit(Train(A, "12", 3, 12))]))
    assert alive.status == "ok"
    dropped = play(Scripted([submit(Train(A, "12", 0, 3)), Drop(A), submit(Train(A, "12", 3, 12))]))
    assert dropped.status == "failed"
    assert "live checkpoints exist at no epoch" in dropped.why
    anew = play(Scripted([submit(Train(A, "12", 0, 3)), Drop(A), submit(Train(A, "12", 0, 12))]))
    assert anew.clock_s == 31.0 + 121.0


def test_pmf_nas_from_schedule_12_to_200_is_a_fresh_run_and_the_old_checkpoint_can_go():
    searcher = Scripted([submit(Train(A, "12", 0, 12)), submit(Train(A, "200", 0, 200)), Drop(A), Stop()])
    finished = play(searcher)
    assert finished.clock_s == 12 * EPOCH_S + PASS_S + 200 * EPOCH_S + PASS_S
    outcome = searcher.heard[1][1]
    assert isinstance(outcome, Ok)
    assert outcome.curve.stop == 200
    assert outcome.curve.valid_epochs == (200,)


def test_replicates_are_trials_of_their_own_each_paid_in_full():
    searcher = Scripted([submit(Train(A, "200", 0, 200)), submit(Train(A, "200", 0, 200, replicate=1))])
    finished = play(searcher)
    assert finished.clock_s == 2 * (200 * EPOCH_S + PASS_S)
    values = [o.curve.last_valid_acc for _, o in searcher.heard if isinstance(o, Ok)]
    assert values[1] - values[0] == pytest.approx(0.001)


class PackedDevice:
    """Candidates that share one device: k of them at once each run at 1/k of its speed. Implements `Executor`."""

    def __init__(self, benchmark: ByHand, *, width: int) -> None:
        self._benchmark = benchmark
        self._width = width
        self._now_s = 0.0
        self._left: dict[int, float] = {}  # ticket -> seconds of the device alone
        self._spent: dict[int, float] = {}
        self._tickets: dict[int, tuple[Ticket, float]] = {}

    @property
    def n_free(self) -> int:
        return self._width - len(self._left)

    def submit(self, tickets: Sequence[Ticket]) -> None:
        for ticket in tickets:
            assert isinstance(ticket.request, Train)
            self._tickets[ticket.number] = (ticket, self._now_s)
            self._left[ticket.number] = self._benchmark.train(ticket.request, 0)[1].total_s
            self._spent[ticket.number] = 0.0

    def next_event(self, until_s: float) -> Event | None:
        if not self._left or self._now_s + min(self._left.values()) * len(self._left) > until_s:
            return None
        number = min(self._left, key=lambda n: (self._left[n], n))
        step_s = self._left[number]
        self._now_s += step_s * len(self._left)
        for other in self._left:
            self._left[other] -= step_s
            self._spent[other] += step_s  # its share of the device
        del self._left[number]
        ticket, start_s = self._tickets[number]
        assert isinstance(ticket.request, Train)
        curve, _ = self._benchmark.train(ticket.request, 0)
        return Event(self._now_s, ticket, Ok(curve, Cost(train_s=self._spent[number])), worker=0, start_s=start_s)

    def cancel(self, ticket: Ticket) -> Event | None:
        raise NotImplementedError

    def running(self) -> Sequence[tuple[Ticket, int, float]]:
        return [(self._tickets[n][0], 0, self._tickets[n][1]) for n in self._left]

    def spent(self, ticket: Ticket) -> Cost:
        return Cost(train_s=self._spent[ticket.number])


def test_packed_candidates_finish_one_by_one_and_their_shares_add_up_to_the_clock():
    script = [submit(Train(A, "12", 0, 3)), submit(Train(B, "12", 0, 12)), submit(Train(C, "12", 0, 1)), Wait(), Wait()]
    device = PackedDevice(ByHand(), width=3)
    finished = search(Scripted([*script, Wait(), Stop()]), device, Setting(cells(), FIDELITIES, 1e6, 3))
    assert [e.ticket.request.arch for e in finished.entries] == [C, A, B]
    assert sum(e.cost.total_s for e in finished.entries) == pytest.approx(finished.clock_s)
    assert finished.clock_s == pytest.approx(31.0 + 121.0 + 11.0)


class Constrained(Scripted):
    """Recommends the front of validation accuracy and latency."""

    def recommend(self):
        latency = {t.request.arch: o.value for t, o in self.heard if isinstance(o, Measured)}
        accuracy = {t.request.arch: o.curve.last_valid_acc for t, o in self.heard if isinstance(o, Ok)}
        both = [a for a in accuracy if a in latency]
        beaten = {a for a in both for b in both if accuracy[b] > accuracy[a] and latency[b] <= latency[a]}
        return [a for a in both if a not in beaten]


def test_constrained_search_measurements_cost_time_and_a_front_is_recommended():
    script = [Submit((Measure(arch, "latency_ms"), Train(arch, "12", 0, 3))) for arch in (A, B)]
    searcher = Constrained([*script, Submit((Measure(A, "latency_ms"),)), Submit((Measure(A, "energy_mj"),))])
    finished = play(searcher)
    assert [e.status for e in finished.entries] == ["measured", "ok", "measured", "ok", "free", "failed"]
    assert finished.clock_s == 2 * (5.0 + 31.0)
    assert finished.recommended == (A, B)
