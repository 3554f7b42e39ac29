import pytest

from pmfnas.core.ports import Event
from pmfnas.core.rng import stream
from pmfnas.core.types import Cost, Ok, Submit, Ticket, Train
from pmfnas.loop.executor import SimulatedExecutor
from pmfnas.loop.replay import ReplayExecutor
from pmfnas.loop.runner import Setting, search
from tests.support.fakes import FIDELITIES, ByHand, cells


class Sampling:
    """Random search that continues its best so far every third time."""

    def __init__(self, *, seed):
        self._rng = stream(seed, "searcher")
        self._best = []

    def ask(self, running, remaining_s):
        return Submit((Train(cells().sample(rng=self._rng), "12", 0, int(self._rng.integers(1, 13))),))

    def tell(self, ticket, outcome):
        if isinstance(outcome, Ok):
            self._best.append((outcome.curve.last_valid_acc, ticket.request.arch))

    def recommend(self):
        return [max(self._best)[1]] if self._best else []


SETTING = Setting(cells(), FIDELITIES, budget_s=2_000.0, n_workers=1)


def live(now_s=0.0):
    return SimulatedExecutor(ByHand(), lambda arch, schedule, k: k, n_workers=1, accounting="resume", now_s=now_s)


class Recording:
    """Notes the events of the executor it stands before."""

    def __init__(self, inner):
        self._inner = inner
        self.events: list[Event] = []

    def next_event(self, until_s):
        event = self._inner.next_event(until_s)
        if event is not None:
            self.events.append(event)
        return event

    def __getattr__(self, name):
        return getattr(self._inner, name)


def recorded_run():
    executor = Recording(live())
    return search(Sampling(seed=3), executor, SETTING), executor.events


@pytest.mark.parametrize("kept", [0, 1, 7])
def test_a_resumed_run_goes_on_as_if_never_interrupted(kept):
    whole, events = recorded_run()
    assert len(events) > 10
    resumed = search(Sampling(seed=3), ReplayExecutor(events[:kept], n_workers=1, go_on=live), SETTING)
    assert [(e.ticket, e.status, e.start_s, e.end_s, e.incumbent) for e in resumed.entries] == [
        (e.ticket, e.status, e.start_s, e.end_s, e.incumbent) for e in whole.entries
    ]
    assert resumed.recommended == whole.recommended


def test_the_record_is_told_without_running_anything_again():
    whole, events = recorded_run()

    def never(now_s):
        return live(now_s) if now_s == events[-1].time_s else pytest.fail("went on too early")

    resumed = search(Sampling(seed=3), ReplayExecutor(events, n_workers=1, go_on=never), SETTING)
    assert (resumed.status, resumed.recommended) == ("ok", whole.recommended)


def test_what_a_ticket_has_spent_is_known_once_the_record_has_ended():
    first, second = (Ticket(i, Train((0, 0, 0, 0, 0, i), "12", 0, 3)) for i in range(2))
    recorded = live()
    recorded.submit([first])
    resumed = ReplayExecutor([recorded.next_event(1e9)], n_workers=2, go_on=live)
    resumed.submit([first, second])
    assert resumed.spent(second) == Cost()  # it was in flight when the record ended, and starts anew
    resumed.next_event(1e9)
    assert resumed.next_event(50.0) is None
    assert resumed.spent(second) == Cost(50.0 - 31.0)


def test_a_request_that_differs_from_the_record_is_an_error():
    _, events = recorded_run()
    finished = search(Sampling(seed=4), ReplayExecutor(events, n_workers=1, go_on=live), SETTING)
    assert finished.status == "failed"
    assert "but the record has Train(" in finished.why
