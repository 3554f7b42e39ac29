"""The device executor behind the runner: order, shares, the end of the budget, dropped tickets."""

import pytest

from pmfnas.core.types import Cancelled, Drop, Measure, Ok, Stop, Submit, Ticket, Train, Wait
from pmfnas.loop.executor import paired_trials
from pmfnas.loop.runner import Setting, search
from tests.support.fakes import Scripted

torch = pytest.importorskip("torch", reason="torch is not installed: no training here (extra train)")

from harness.search.device import DeviceExecutor  # noqa: E402
from tests.support.training_runs import ticking, tiny_benchmark  # noqa: E402

A, B, C = (3, 3, 1, 3, 1, 3), (2, 0, 4, 1, 3, 2), (1, 4, 0, 3, 2, 1)


def device_of(folder, *, width=2, now_s=0.0):
    clock = ticking()
    benchmark = tiny_benchmark(folder, width=width, clock=clock)
    return DeviceExecutor(benchmark, paired_trials(benchmark, 0), width=width, now_s=now_s, clock=clock)


def tickets(*requests):
    return [Ticket(i, request) for i, request in enumerate(requests)]


def test_tickets_end_one_by_one_and_free_their_slots_when_told(tmp_path):
    device = device_of(tmp_path)
    first, second, third = tickets(Train(A, "4", 0, 3), Train(B, "4", 0, 1), Train(C, "4", 0, 1))
    device.submit([first, second])
    assert device.n_free == 0
    device.submit([third])
    assert [t.number for t, _, _ in device.running()] == [0, 1]
    events = [device.next_event(1e9) for _ in range(3)]
    assert [event.ticket.number for event in events] == [1, 2, 0]
    assert [event.worker for event in events] == [1, 1, 0]
    assert [event.time_s for event in events] == sorted(event.time_s for event in events)
    assert device.n_free == 2
    assert device.next_event(1e9) is None


def test_two_ends_in_one_epoch_hold_their_slots_until_they_are_told(tmp_path):
    device = device_of(tmp_path)
    device.submit(tickets(Train(A, "4", 0, 1), Train(B, "4", 0, 1)))
    assert device.next_event(1e9).ticket.number == 0
    assert device.n_free == 1
    assert device.next_event(1e9).ticket.number == 1
    assert device.n_free == 2


def test_shares_add_up_to_the_seconds_of_training(tmp_path):
    device = device_of(tmp_path)
    device.submit(tickets(Train(A, "4", 0, 3), Train(B, "4", 0, 2), Train(C, "4", 0, 1)))
    events = [device.next_event(1e9) for _ in range(3)]
    costs = sum(event.outcome.cost.total_s for event in events)
    assert costs <= events[-1].time_s
    assert costs >= events[-1].time_s - 2 * 20  # readings of the clock outside of training


def test_an_epoch_that_would_not_end_in_time_is_not_begun(tmp_path):
    device = device_of(tmp_path)
    device.submit(tickets(Train(A, "4", 0, 4), Train(B, "4", 0, 1)))
    assert device.next_event(1e9).ticket.number == 1
    before = device.spent(Ticket(0, Train(A, "4", 0, 4)))
    assert device.next_event(device.now_s + 1.0) is None
    assert device.spent(Ticket(0, Train(A, "4", 0, 4))) == before
    assert [t.number for t, _, _ in device.running()] == [0]


def test_what_ends_after_the_budget_is_not_told(tmp_path):
    device = device_of(tmp_path)
    device.submit(tickets(Train(A, "4", 0, 1)))
    assert device.next_event(device.now_s + 3.0) is None
    assert [t.number for t, _, _ in device.running()] == [0]
    assert device.next_event(1e9).ticket.number == 0


def test_tickets_are_cancelled_in_line_on_the_device_and_when_their_end_was_not_told(tmp_path):
    device = device_of(tmp_path)
    asked = tickets(Train(A, "4", 0, 1), Train(B, "4", 0, 1), Train(C, "4", 0, 4), Train(C, "2", 0, 2))
    device.submit(asked)
    in_line = device.cancel(asked[3])
    assert (in_line.worker, in_line.outcome.cost.total_s) == (-1, 0)
    assert device.next_event(1e9).ticket.number == 0
    untold = device.cancel(asked[1])
    assert isinstance(untold.outcome, Cancelled)
    assert untold.outcome.cost.train_s > 0
    on_device = device.cancel(asked[2])
    assert isinstance(on_device.outcome, Cancelled)
    assert device.running() == []
    assert device.cancel(asked[0]) is None
    assert device.next_event(1e9) is None


def test_what_cannot_be_done_fails_and_the_rest_goes_on(tmp_path):
    device = device_of(tmp_path)
    device.submit(tickets(Measure(A, "latency_ms"), Train(A, "2", 0, 1, replicate=2), Train(B, "2", 0, 1)))
    events = {event.ticket.number: event for event in (device.next_event(1e9) for _ in range(3))}
    assert "real training offers no measurements" in events[0].outcome.reason
    assert "replicate 2 of schedule 2 does not exist: 2 trials do" in events[1].outcome.reason
    assert isinstance(events[2].outcome, Ok)


def test_the_clock_goes_on_from_where_it_stood(tmp_path):
    device = device_of(tmp_path, now_s=500.0)
    assert 500.0 < device.now_s < 510.0


def test_what_the_end_of_the_budget_cuts_off_is_charged_its_share_of_the_device(tmp_path):
    device = device_of(tmp_path)
    benchmark = tiny_benchmark(tmp_path)
    both = Submit((Train(A, "4", 0, 4), Train(B, "4", 0, 4)))
    finished = search(Scripted([both]), device, Setting(benchmark.space, benchmark.fidelities, 20.0))
    assert [e.status for e in finished.entries] == ["cut", "cut"]
    assert [e.cost for e in finished.entries] == [device.spent(ticket) for ticket, _, _ in device.running()]
    shares = [e.cost.total_s for e in finished.entries]
    assert min(shares) > 0
    assert sum(shares) <= finished.clock_s == 20.0


def test_the_runner_searches_on_it(tmp_path):
    script = [
        Submit((Train(A, "4", 0, 2),)),
        Submit((Train(B, "4", 0, 1),)),
        Wait(),
        Submit((Train(B, "4", 1, 3),)),
        Wait(),
        Drop(A),
        Submit((Train(C, "4", 0, 1),)),
        Wait(),
        Stop("enough"),
    ]
    device = device_of(tmp_path)
    benchmark = tiny_benchmark(tmp_path)
    finished = search(Scripted(script), device, Setting(benchmark.space, benchmark.fidelities, 1e6))
    assert (finished.status, finished.why) == ("ok", "enough")
    assert [(e.ticket.number, e.status) for e in finished.entries] == [(1, "ok"), (0, "ok"), (2, "ok"), (3, "ok")]
    assert finished.entries[2].outcome.curve.stop == 3
