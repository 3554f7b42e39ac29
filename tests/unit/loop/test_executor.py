import numpy as np
import pytest

from pmfnas.core.errors import DataError, UnavailableError
from pmfnas.core.types import Cancelled, Cost, Ok, Ticket, Train
from pmfnas.loop.executor import SimulatedExecutor, paired_trials
from tests.support.fakes import A, B, ByHand, C, cells


def executor(n_workers):
    return SimulatedExecutor(ByHand(), lambda arch, schedule, k: k, n_workers=n_workers, accounting="resume")


def tickets(*stops):
    return [Ticket(i, Train(arch, "12", 0, stop)) for i, (arch, stop) in enumerate(zip((A, B, C), stops, strict=False))]


def test_events_come_in_order_of_time_then_of_ticket():
    device = executor(3)
    device.submit(tickets(3, 1, 1))
    events = [device.next_event(1e9) for _ in range(3)]
    assert [(e.ticket.number, e.time_s, e.worker) for e in events] == [(1, 11, 1), (2, 11, 2), (0, 31, 0)]
    assert device.next_event(1e9) is None


def test_a_worker_that_gets_free_takes_the_line():
    device = executor(1)
    device.submit(tickets(1, 1))
    assert (device.n_free, len(device.running())) == (0, 1)
    assert device.next_event(1e9).time_s == 11
    assert device.next_event(1e9).time_s == 22


def test_nothing_after_the_deadline_is_returned_or_lost():
    device = executor(1)
    device.submit(tickets(3))
    assert device.next_event(30.9) is None
    assert len(device.running()) == 1
    assert isinstance(device.next_event(31.0).outcome, Ok)


def test_cancelling_frees_the_worker_at_once():
    device = executor(1)
    first, second = tickets(3, 3)
    device.submit([first, second])
    event = device.cancel(first)
    assert isinstance(event.outcome, Cancelled)
    assert device.running()[0][0] == second
    assert device.cancel(first) is None
    assert device.next_event(1e9).ticket == second


def test_a_ticket_has_spent_what_its_worker_was_busy_up_to_the_last_event_or_limit():
    device = executor(2)
    short, long = tickets(1, 3)
    device.submit([short, long])
    assert device.spent(long) == Cost(0.0)
    device.next_event(1e9)
    assert device.spent(long) == Cost(11.0)
    assert device.next_event(25.0) is None
    assert device.spent(long) == Cost(25.0)
    assert device.cancel(long).outcome == Cancelled(Cost(25.0))


def test_cancelling_what_waits_costs_nothing():
    device = executor(1)
    first, second = tickets(3, 3)
    device.submit([first, second])
    assert device.cancel(second).outcome == Cancelled()
    assert device.next_event(1e9).ticket == first
    assert device.next_event(1e9) is None


def test_paired_trials_are_permutations_that_depend_on_seed_arch_and_schedule():
    space, benchmark = cells(), ByHand()
    archs = [space.sample(rng=np.random.default_rng(i)) for i in range(300)]
    orders = [[paired_trials(benchmark, seed)(arch, "200", k) for k in (0, 1)] for arch in archs for seed in (0, 1)]
    assert all(sorted(order) == [0, 1] for order in orders)
    first = np.array([order[0] for order in orders]).reshape(-1, 2)
    assert 0.4 < first.mean() < 0.6  # about half start with either trial
    assert 0.4 < (first[:, 0] == first[:, 1]).mean() < 0.6  # and one seed tells nothing of another
    with pytest.raises(UnavailableError, match="replicate 2"):
        paired_trials(benchmark, 0)(A, "200", 2)


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1.0])
def test_a_cost_that_is_no_time_is_refused(seconds):
    class Priceless(ByHand):
        def train(self, request, trial):
            return super().train(request, trial)[0], Cost(seconds)

    device = SimulatedExecutor(Priceless(), lambda arch, schedule, k: k, n_workers=1, accounting="resume")
    with pytest.raises(DataError, match="by the benchmark, but must cost a finite time of at least 0 s"):
        device.submit(tickets(3))
