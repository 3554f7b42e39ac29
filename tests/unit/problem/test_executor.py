"""Trainings in real worker processes: whatever a training function does costs its candidate and no other."""

import contextlib
import os
import re
import signal
import sys
import time

import cloudpickle
import numpy as np
import pytest

from pmfnas.core.errors import InputError
from pmfnas.core.metric import Metric
from pmfnas.core.types import Cancelled, Diverged, Failed, Fidelities, Ok, Schedule, Ticket, Train
from pmfnas.problem.executor import MOST_FAILED, Patience, ProcessExecutor
from pmfnas.problem.folder import Folder
from pmfnas.problem.process import WorkerProcess
from pmfnas.spaces.own.choices import Choices

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # worker processes do not have the tests' modules

SPACE = Choices(kind=["good", "bad"], depth=[1, 2, 3])
FIDELITIES = Fidelities((Schedule("short", 3, frozenset({1, 2, 3})), Schedule("long", 9, frozenset({9}))))
GOOD, BAD = (0, 0), (1, 0)
PATIENCE = Patience(None, budget_s=600.0)


class Workers:
    """An executor of one or more workers, and where it keeps its files."""

    def __init__(self, train, out, *, n_workers=1, patience=PATIENCE, has_results=True, metric=Metric("valid_acc")):  # noqa: B008
        self.notes = []
        self.folder = Folder(out)
        self.folder.prepare()
        function = cloudpickle.dumps((train, SPACE, metric))
        self.executor = ProcessExecutor(
            lambda slot, inbox: WorkerProcess(function, inbox, out / "train.log", {"WORKER_SLOT": str(slot)}),
            SPACE.cardinalities,
            FIDELITIES,
            self.folder,
            metric,
            seed=0,
            n_workers=n_workers,
            patience=patience,
            has_results=has_results,
            note=self.notes.append,
        )
        self.n = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.executor.close()

    def submit(self, arch, schedule="short", start=0, stop=3, **more):
        ticket = Ticket(self.n, Train(arch, schedule, start, stop, **more))
        self.n += 1
        self.executor.submit([ticket])
        return ticket

    def outcome(self, arch, *args, until_s=60.0, **more):
        self.submit(arch, *args, **more)
        event = self.executor.next_event(self.executor.now_s + until_s)
        return event and event.outcome


def well(arch, run):
    for epoch in run.epochs:
        time.sleep(0.01)
        run.report(train_loss=1 / epoch, train_acc=0.3, valid_acc=epoch / 100 if run.wants_validation else None)


def good_or(misbehave):
    def train(arch, run):
        return well(arch, run) if arch.kind == "good" else misbehave(arch, run)

    return train


def generator(arch, run):
    model = run.checkpoint.load() or [0]
    for _ in run.epochs:
        model[0] += 1
        yield {"train_loss": float(model[0]), "valid_acc": 0.5}
    run.checkpoint.save(model)


def test_a_training_ends_with_its_curve_and_its_seconds(tmp_path):
    with Workers(well, tmp_path) as workers:
        outcome = workers.outcome(GOOD)
        assert isinstance(outcome, Ok)
        np.testing.assert_allclose(outcome.curve.train_loss, [1, 1 / 2, 1 / 3])
        np.testing.assert_allclose(outcome.curve.train_acc, [30.0] * 3)
        np.testing.assert_allclose(outcome.curve.valid_acc, [3.0])
        assert outcome.curve.valid_epochs == (3,)
        assert 0.03 <= outcome.cost.train_s < 1.0
        event_s = workers.executor.now_s
        assert outcome.cost.total_s <= event_s


def test_a_generator_reports_what_it_yields_and_goes_on_from_its_checkpoint(tmp_path):
    with Workers(generator, tmp_path) as workers:
        np.testing.assert_allclose(workers.outcome(GOOD, stop=1).curve.train_loss, [1.0])
        np.testing.assert_allclose(workers.outcome(GOOD, start=1, stop=3).curve.train_loss, [2.0, 3.0])
        np.testing.assert_allclose(workers.outcome(GOOD, "long", stop=9).curve.train_loss, np.arange(1, 10))
        workers.folder.forget(SPACE.number(GOOD))
        again = workers.outcome(GOOD, start=1, stop=3)  # the checkpoint is gone: from the first epoch, same curve
        np.testing.assert_allclose(again.curve.train_loss, [2.0, 3.0])


def test_trials_have_seeds_of_their_own(tmp_path):
    def train(arch, run):
        for _ in run.epochs:
            run.report(train_loss=float(run.seed), valid_acc=0.5)

    with Workers(train, tmp_path) as workers:
        seeds = [workers.outcome(GOOD, stop=1, replicate=k).curve.train_loss[0] for k in (0, 1, 2, 0)]
        assert len(set(seeds)) == 3
        assert seeds[0] == seeds[3]
        assert workers.outcome(GOOD, stop=1, replicate=3).reason == "replicate 3 does not exist: 3 trials do"


def raises(arch, run):
    raise ValueError(f"depth {arch.depth} is\ntoo deep")


def exits(arch, run):
    sys.exit(3)


def memory(arch, run):
    raise MemoryError


def killed(arch, run):
    print("about to fall", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def aborts(arch, run):
    os.abort()


def strings(arch, run):
    with contextlib.suppress(Exception):
        run.report(train_loss="low")


def stops_early(arch, run):
    return "done"


def yields_numbers(arch, run):
    yield 0.5


def forks_and_comes_back_twice(arch, run):
    os.fork()
    raise ValueError("parent and child")


MISBEHAVIOUR = {
    r"ValueError: depth 1 is too deep \(test_executor.py, line [0-9]+\)": raises,
    r"SystemExit: 3": exits,
    r"MemoryError: *": memory,
    r"ended by SIGKILL, which is what the system does when memory runs out; it printed last: about to fall": killed,
    r"ended by SIGABRT": aborts,
    r"train_loss is 'low' in epoch 1, but must be a number": strings,
    r"train returned after epoch 0 of 3": stops_early,
    r"train yields 0.5, but must yield a dict": yields_numbers,
    r"ValueError: parent and child": forks_and_comes_back_twice,
}


def test_what_a_candidate_does_costs_that_candidate_only(tmp_path):
    def train(arch, run):
        return well(arch, run) if arch.kind == "good" else kinds[run.stop - 1 + 3 * (arch.depth - 1)](arch, run)

    kinds = list(MISBEHAVIOUR.values())
    assert len(kinds) == 9
    with Workers(train, tmp_path) as workers:
        for place, message in enumerate(MISBEHAVIOUR):
            outcome = workers.outcome((1, place // 3), stop=place % 3 + 1)
            assert isinstance(outcome, Failed), message
            assert re.search(message.replace("of 3", "of [123]"), outcome.reason), outcome.reason
            assert isinstance(workers.outcome((0, place % 3), stop=place // 3 + 1), Ok)


def test_figures_that_are_no_numbers_diverge(tmp_path):
    def nan(arch, run):
        for epoch in run.epochs:
            run.report(train_loss=float("nan") if epoch == 2 else 1.0)

    with Workers(good_or(nan), tmp_path) as workers:
        outcome = workers.outcome(BAD)
        assert isinstance(outcome, Diverged)
        assert outcome.curve.stop == 2
        assert isinstance(workers.outcome(GOOD), Ok)


def test_one_that_never_returns_is_killed_with_all_that_it_started(tmp_path):
    def hangs(arch, run):
        child = os.fork()
        if child == 0:
            time.sleep(600)
        (tmp_path / "child").write_text(str(child))
        for _ in run.epochs:
            run.report(train_loss=1.0)
            while True:
                pass

    with Workers(good_or(hangs), tmp_path, patience=Patience(1.5, 600.0)) as workers:
        begin_s = time.monotonic()
        outcome = workers.outcome(BAD)
        assert "hung: no report after epoch 1 for 2 s; timeout= sets how long" in outcome.reason
        assert 1.5 <= time.monotonic() - begin_s < 10.0
        assert 1.4 <= outcome.cost.total_s < 10.0
        child = int((tmp_path / "child").read_text())
        time.sleep(0.2)
        assert not is_alive(child)
        assert isinstance(workers.outcome(GOOD), Ok)


def is_alive(pid):
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_one_that_prints_without_end_neither_blocks_nor_fills_the_disk(tmp_path):
    def prints(arch, run):
        for _ in range(200):
            print("x" * 1_000_000)
        well(arch, run)

    with Workers(prints, tmp_path) as workers:
        assert isinstance(workers.outcome(GOOD), Ok)
    assert 1_000_000 < (tmp_path / "train.log").stat().st_size < 1_300_000
    assert (tmp_path / "train.log").read_bytes().count(b"more was printed") == 1


def test_reading_and_printing_do_not_disturb_the_messages(tmp_path):
    def reads(arch, run):
        print('{"kind": "end", "number": 0, "status": "failed", "why": "forged"}')
        os.write(1, b'{"kind": "end"}\n')
        assert sys.stdin.read() == ""
        well(arch, run)

    with Workers(reads, tmp_path) as workers:
        assert isinstance(workers.outcome(GOOD), Ok)
        assert "forged" in (tmp_path / "train.log").read_text()


def test_the_budget_ends_a_training_and_a_drop_cancels_it(tmp_path):
    def slow(arch, run):
        for _ in run.epochs:
            time.sleep(5.0)

    with Workers(good_or(slow), tmp_path, n_workers=2) as workers:
        ticket = workers.submit(BAD)
        begin_s = time.monotonic()
        assert workers.executor.next_event(workers.executor.now_s + 0.5) is None
        assert 0.5 <= time.monotonic() - begin_s < 1.0
        assert [(t, slot) for t, slot, _ in workers.executor.running()] == [(ticket, 0)]
        assert 0.5 <= workers.executor.spent(ticket).total_s < 2.0
        assert workers.executor.n_free == 1
        event = workers.executor.cancel(ticket)
        assert isinstance(event.outcome, Cancelled)
        assert event.outcome.cost.total_s >= 0.5
        assert workers.executor.n_free == 2
        assert workers.executor.cancel(ticket) is None
        assert isinstance(workers.outcome(GOOD), Ok)


def test_workers_train_at_the_same_time_and_others_wait_in_line(tmp_path):
    def sleeps(arch, run):
        for _ in run.epochs:
            time.sleep(0.5)
            run.report(train_loss=float(os.environ["WORKER_SLOT"]), valid_acc=0.5)

    with Workers(sleeps, tmp_path, n_workers=2) as workers:
        tickets = [workers.submit((0, i), stop=1) for i in range(3)]
        assert workers.executor.n_free == 0
        events = [workers.executor.next_event(60.0) for _ in tickets]
        assert {event.worker for event in events} == {0, 1}
        assert {event.outcome.curve.train_loss[0] for event in events} == {0.0, 1.0}
        first, second, third = sorted(events, key=lambda e: e.ticket.number)
        assert second.start_s - first.start_s < 0.2
        assert third.start_s >= min(first.time_s, second.time_s)


def test_a_mistake_that_hits_everybody_ends_the_search(tmp_path):
    with Workers(raises, tmp_path, has_results=False) as workers:
        for _ in range(MOST_FAILED - 1):
            assert isinstance(workers.outcome(GOOD), Failed)
        with pytest.raises(InputError, match=r"the first 5 trainings all failed, the last one: ValueError: depth 1"):
            workers.outcome(GOOD)


def test_a_function_that_no_worker_can_load_ends_the_search(tmp_path):
    class Unloadable:
        def __call__(self, arch, run):
            pass

        def __reduce__(self):
            return (exec, ("import a_module_that_is_not_there",))

    with (
        Workers(Unloadable(), tmp_path) as workers,
        pytest.raises(InputError, match="train cannot be loaded in a worker process: ModuleNotFoundError: No module"),
    ):
        workers.outcome(GOOD)


def test_the_first_loss_is_kept_for_later(tmp_path):
    loss = Metric("valid_loss", goal="minimise", unit="positive")

    def train(arch, run):
        for epoch in run.epochs:
            run.report(train_loss=900.0 / epoch, valid_loss=600.0 / arch.depth)

    with Workers(train, tmp_path, metric=loss) as workers:
        assert workers.outcome((0, 1)).curve.valid_acc[-1] == pytest.approx(50.0)  # 300, the first
        assert workers.outcome((0, 0)).curve.valid_acc[-1] == pytest.approx(100.0 / 3.0)  # 600: odds of a half
        assert workers.folder.metric(loss).around == 300.0


def test_longer_silences_are_allowed_where_longer_ones_were_seen():
    rule = Patience(None, budget_s=3600.0)
    assert rule.limit_s(0.0) == 360.0  # a tenth of the budget, while nothing is known
    assert rule.limit_s(0.1) == 30.0  # never less
    assert rule.limit_s(4.0) == 120.0
    assert rule.limit_s(100.0) == 360.0
    assert Patience(7.0, 3600.0).limit_s(100.0) == 7.0


def test_every_report_starts_the_patience_anew(tmp_path):
    def steady(arch, run):
        for _ in run.epochs:
            time.sleep(0.6)
            run.report(train_loss=1.0, valid_acc=0.5)

    with Workers(steady, tmp_path, patience=Patience(1.5, 600.0)) as workers:
        assert isinstance(workers.outcome(GOOD), Ok)  # 1.8 s in all


def test_a_report_costs_less_than_five_milliseconds(tmp_path):
    def quick(arch, run):
        for _ in run.epochs:
            run.report(train_loss=1.0, valid_acc=0.5)

    with Workers(quick, tmp_path) as workers:
        workers.outcome(GOOD, stop=1)  # starts the worker
        begin_s = time.perf_counter()
        for i in range(1, 100):
            assert isinstance(workers.outcome((0, i % 3), "long", stop=9), Ok)
        assert time.perf_counter() - begin_s < 99 * 9 * 0.005
