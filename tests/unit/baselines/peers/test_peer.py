import importlib
import math
from pathlib import Path

import pytest

PEERS = Path(__file__).parents[4] / "baselines" / "peers"
OPS = ("none", "skip", "conv")


@pytest.fixture(scope="module")
def modules():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PEERS))
        yield importlib.import_module("peer"), importlib.import_module("protocol_client")


@pytest.fixture
def hello(modules):
    _, client = modules
    schedules = (
        client.Schedule("01", 1, (1,)),
        client.Schedule("12", 12, tuple(range(1, 13))),
        client.Schedule("200", 200, (200,)),
    )
    return client.Hello(client.Space("toy", (OPS, OPS), ("|", "+", "|")), schedules, 100.0, 1, seed=7)


class Scripted:
    """A package that proposes what it was given, in order, and keeps what it was told."""

    def __init__(self, *proposals):
        self.proposals, self.told = list(proposals), []

    def propose(self):
        return self.proposals.pop(0) if self.proposals else None

    def report(self, evaluation, acc):
        self.told.append((evaluation.handle, acc))


def conversation(modules, hello, *proposals):
    peer, _ = modules
    package = Scripted(*(peer.Evaluation(*p) for p in proposals))
    return peer.PackageSearcher(hello, lambda task: package), package


def ended(modules, number, request, acc, status="ok"):
    """Return the ticket and the outcome of a request that ended with `acc`."""
    _, client = modules
    ticket = client.Ticket(number, "train", request["arch"], request["schedule"], request["start"], request["stop"])
    accs = () if acc is None else (acc,)
    return ticket, client.Outcome(status, 1.0, 0.0, valid_epochs=(request["stop"],) * len(accs), valid_acc=accs)


def play(modules, searcher, accs):
    """Ask and tell until `accs` are used up; return the requests."""
    requests = []
    for number, acc in enumerate(accs):
        decision = searcher.ask([], 1.0)
        requests.append(decision["requests"][0])
        searcher.tell(*ended(modules, number, requests[-1], acc))
    return requests


def test_the_task_is_the_search_schedule_at_the_epochs_offered(modules, hello):
    peer, _ = modules
    task = peer.task_of(hello)
    assert task.epochs == (1, 2, 3, 6, 9, 12)
    assert task.choices == (OPS, OPS)
    assert task.seed == 7
    assert task.indices({"p1": "conv", "p0": "skip"}) == (1, 2)


@pytest.mark.parametrize(("budget", "epochs"), [(0.5, 1), (1.3333, 1), (4.0, 3), (5.9999999, 6), (11.5, 9), (12, 12)])
def test_budgets_go_down_to_a_fidelity(modules, hello, budget, epochs):
    peer, _ = modules
    assert peer.task_of(hello).snapped(budget) == epochs


def test_rungs_end_at_the_highest_fidelity(modules):
    peer, _ = modules
    assert peer.Task((OPS,), (1, 2, 3, 6, 9, 12), 0).rungs(3) == (1, 3, 9, 12)
    assert peer.Task((OPS,), (1, 3, 9), 0).rungs(3) == (1, 3, 9)


def test_training_goes_on_from_the_last_checkpoint(modules, hello):
    searcher, package = conversation(modules, hello, ("a", (0, 1), 3), ("b", (1, 1), 1), ("c", (0, 1), 12))
    requests = play(modules, searcher, [50.0, 40.0, 70.0])
    assert [(r["arch"], r["start"], r["stop"]) for r in requests] == [
        ("|none+skip|", 0, 3),
        ("|skip+skip|", 0, 1),
        ("|none+skip|", 3, 12),
    ]
    assert {r["schedule"] for r in requests} == {"12"}
    assert package.told == [("a", 50.0), ("b", 40.0), ("c", 70.0)]


def test_a_value_that_was_had_is_asked_from_the_record(modules, hello):
    searcher, package = conversation(modules, hello, ("a", (0, 0), 3), ("b", (0, 0), 12), ("c", (0, 0), 3))
    requests = play(modules, searcher, [50.0, 60.0, 50.0])
    assert [(r["start"], r["stop"]) for r in requests] == [(0, 3), (3, 12), (0, 3)]
    assert package.told[-1] == ("c", 50.0)
    assert searcher.recommend() == ["|none+none|"]


def test_results_in_another_order_find_their_evaluation(modules, hello):
    searcher, package = conversation(modules, hello, ("a", (0, 0), 1), ("b", (1, 0), 1))
    first = searcher.ask([], 1.0)["requests"][0]
    second = searcher.ask([], 1.0)["requests"][0]
    searcher.tell(*ended(modules, 1, second, 20.0))
    searcher.tell(*ended(modules, 0, first, 10.0))
    assert package.told == [("b", 20.0), ("a", 10.0)]


@pytest.mark.parametrize(("status", "acc"), [("failed", None), ("diverged", 10.0), ("ok", math.nan), ("ok", None)])
def test_what_brings_no_value_is_reported_as_failed(modules, hello, status, acc):
    searcher, package = conversation(modules, hello, ("a", (0, 0), 3), ("b", (0, 0), 3))
    request = searcher.ask([], 1.0)["requests"][0]
    searcher.tell(*ended(modules, 0, request, acc, status))
    assert package.told == [("a", None)]
    assert searcher.recommend() == []
    assert searcher.ask([], 1.0)["requests"][0]["start"] == 0


def test_more_epochs_come_before_better_validation(modules, hello):
    proposals = [("a", (0, 0), 1), ("b", (1, 0), 12), ("c", (2, 0), 12), ("d", (0, 1), 3)]
    searcher, _ = conversation(modules, hello, *proposals)
    play(modules, searcher, [99.0, 60.0, 70.0, 80.0])
    assert searcher.recommend() == ["|conv+none|", "|skip+none|", "|none+skip|", "|none+none|"]


def test_a_package_that_proposes_nothing_waits_or_ends(modules, hello):
    searcher, _ = conversation(modules, hello, ("a", (0, 0), 1))
    searcher.ask([], 1.0)
    _, client = modules
    assert searcher.ask([client.Ticket(0, "train", "|none+none|")], 1.0) == {"type": "wait"}
    assert searcher.ask([], 1.0)["type"] == "stop"


def test_a_package_that_only_repeats_itself_is_ended(modules, hello, monkeypatch):
    peer, _ = modules
    monkeypatch.setattr(peer, "MAX_REPEATS", 3)
    searcher, _ = conversation(modules, hello, *[("a", (0, 0), 1)] * 9)
    play(modules, searcher, [50.0] * 4)
    assert searcher.ask([], 1.0) == {"type": "stop", "why": "the package asked for 3 known values in a row"}


def test_an_ordered_choice_is_told_by_its_rank(modules, hello):
    peer, _ = modules
    task = peer.task_of(hello, ordered=frozenset({1}), prior=(2, 0))
    assert task.indices({"p0": "conv", "p1": 1}) == (2, 1)
    assert task.prior == (2, 0)
