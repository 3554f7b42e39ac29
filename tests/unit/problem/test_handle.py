"""What a training function may do with `run`, and what every mistake says."""

import threading
import time

import numpy as np
import pytest

from pmfnas.core.errors import InputError
from pmfnas.core.metric import Metric
from pmfnas.problem.handle import Diverged, Run, Task


class Clock:
    """A clock that is moved by hand."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


def opened(folder, *, start=0, stop=3, validate_at=(3,), metric=Metric("valid_acc"), clock=time.perf_counter):  # noqa: B008
    sent = []
    task = Task(7, (0, 1), "short", 9, start, stop, validate_at, 11, str(folder))
    return Run(task, metric, sent.append, clock), sent


def test_epochs_are_reported_one_by_one_with_their_seconds(tmp_path):
    clock = Clock()
    run, sent = opened(tmp_path, clock=clock)
    clock.now_s = 2.0  # building the network
    for epoch in run.epochs:
        clock.now_s += 10.0
        acc = None
        if run.wants_validation:
            clock.now_s += 3.0
            acc = np.float32(0.5)
        run.report(train_loss=1.0 / epoch, valid_acc=acc)
    run.end()
    assert [(m["epoch"], m["train_s"], m["valid_s"]) for m in sent] == [(1, 10, 0), (2, 10, 0), (3, 10, 3)]
    assert run.setup_s == 2.0
    assert ["valid_acc" in m for m in sent] == [False, False, True]
    assert (run.schedule, run.n_epochs, run.stop, run.seed) == ("short", 9, 3, 11)


def test_a_checkpoint_lets_the_epochs_go_on(tmp_path):
    run, _ = opened(tmp_path)
    assert run.checkpoint.load() is None
    for _ in run.epochs:
        run.report(train_loss=1.0, valid_acc=0.1)
    run.checkpoint.save({"weights": [1.0, 2.0]})
    later, sent = opened(tmp_path, start=3, stop=5, validate_at=(5,))
    assert later.checkpoint.load() == {"weights": [1.0, 2.0]}
    assert [epoch for epoch in later.epochs if later.report(train_loss=0.5, valid_acc=0.2) is None] == [4, 5]
    assert [m["epoch"] for m in sent] == [4, 5]


def test_without_loading_it_training_starts_at_the_first_epoch(tmp_path):
    run, _ = opened(tmp_path, start=3, stop=4, validate_at=(4,))
    assert [epoch for epoch in run.epochs if run.report(valid_acc=0.2) is None] == [1, 2, 3, 4]
    again, _ = opened(tmp_path, start=3, stop=3, validate_at=(3,))  # a validation at a checkpoint
    assert len([epoch for epoch in again.epochs if again.report(valid_acc=0.2) is None]) == 3


def test_a_checkpoint_that_cannot_be_read_or_written_is_noted_and_training_goes_on(tmp_path):
    (tmp_path / "00003.pkl").write_bytes(b"not a pickle")
    run, sent = opened(tmp_path, start=3, stop=4)
    assert run.checkpoint.load() is None
    assert "00003.pkl cannot be read (" in sent[0]["text"]
    run.checkpoint.save(threading.Lock())
    assert "was not saved (TypeError: cannot pickle" in sent[1]["text"]
    (tmp_path / "file").write_text("")
    blocked, sent = opened(tmp_path / "file")
    blocked.checkpoint.save(1)
    assert "was not saved (InputError" in sent[0]["text"]


def test_a_checkpoint_with_one_flipped_bit_is_noted(tmp_path):
    run, _ = opened(tmp_path)
    assert [epoch for epoch in run.epochs if run.report(valid_acc=0.1) is None] == [1, 2, 3]
    run.checkpoint.save({"weights": list(range(50))})
    path = tmp_path / "00003.pkl"
    whole = path.read_bytes()
    for place in range(0, 8 * len(whole), 37):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        later, sent = opened(tmp_path, start=3, stop=4)
        assert later.checkpoint.load() is None
        assert "00003.pkl was altered" in sent[0]["text"]


def test_figures_that_are_no_numbers_end_the_training_even_where_it_catches_that(tmp_path):
    run, sent = opened(tmp_path)
    with pytest.raises(Diverged):
        run.report(train_loss=float("nan"))
    with pytest.raises(Diverged):
        run.report(train_loss=1.0)
    assert run.has_diverged
    assert len(sent) == 1
    with pytest.raises(Diverged):
        opened(tmp_path)[0].report(train_loss=1.0, valid_acc=float("inf"))


def unreported(run):
    for epoch in run.epochs:
        if epoch != 2:
            run.report(train_loss=1.0)


def twice(run):
    for _ in run.epochs:
        run.report(train_loss=1.0)
        run.report(train_loss=1.0)


def too_many(run):
    for _ in range(4):
        run.report(train_loss=1.0, valid_acc=0.5)


def after_the_loop(run):
    for _ in run.epochs:
        run.report(train_loss=1.0, valid_acc=0.5)
    run.report(train_loss=1.0)


def loads_late(run):
    (run.checkpoint._folder / "00001.pkl").write_bytes(b"\x80\x04K\x01.")
    for _ in run.epochs:
        run.report(train_loss=1.0)
        run.checkpoint.load()


MISTAKES = {
    "epoch 2 ended without a report; call run.report": unreported,
    "epoch 1 was reported twice; call": twice,
    "epoch 4 was reported, but this run ends after epoch 3": too_many,
    "epoch 4 was reported, but this run ends after epoch 3; loop": after_the_loop,
    "load.. was called after the first epoch; call it before": loads_late,
    "train_loss is '0.3' in epoch 1, but must be a number": lambda run: run.report(train_loss="0.3"),
    "train_loss is .0.3. in epoch 1, but must be a number": lambda run: run.report(train_loss=[0.3]),
    "val_acc was reported, but known are train_loss, valid_acc, train_acc, valid_loss; if": lambda run: run.report(
        val_acc=0.3
    ),
    "valid_acc is 93, but a metric with the unit fraction": lambda run: run.report(valid_acc=93),
    "train_acc is 93, but a metric with the unit fraction": lambda run: run.report(train_acc=93),
    "valid_acc is missing in epoch 3; report it wherever": lambda run: [run.report(train_loss=1.0) for _ in run.epochs],
    "train returned after epoch 0 of 3; loop over run.epochs": lambda run: None,
}


@pytest.mark.parametrize("message", MISTAKES)
def test_every_mistake_says_what_and_where_and_what_to_do(message, tmp_path):
    run, _ = opened(tmp_path, start=1)

    def train_and_end():
        MISTAKES[message](run)
        run.end()

    with pytest.raises(InputError, match=message):
        train_and_end()
    if run.fault is not None:
        with pytest.raises(InputError, match=message):  # where the function caught it
            run.end()


def test_a_report_costs_less_than_a_millisecond(tmp_path):
    run, sent = opened(tmp_path, stop=1000, validate_at=())
    begin_s = time.perf_counter()
    for _ in run.epochs:
        run.report(train_loss=1.0, valid_acc=0.5)
    assert time.perf_counter() - begin_s < 1.0
    assert len(sent) == 1000
