"""The log of a search: its rows by hand, no line wider than a screen, and what is said of a trial that is not there."""

import numpy as np
import pytest

from harness.search.watch import Log
from pmfnas.core.types import Cancelled, Cost, Curve, Diverged, Failed, Ok, Ticket, Train
from pmfnas.spaces import space_for

BIGGEST = (3,) * 6
LONGEST = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"


def curve(valid_acc, *, stop=12):
    return Curve(
        start=0,
        train_loss=np.ones(stop),
        train_acc=np.full(stop, 90.123),
        valid_epochs=(stop,),
        valid_loss=np.ones(1),
        valid_acc=np.array([valid_acc]),
    )


def log_of(folder, space="nb201"):
    return Log(folder / "log.txt", space_for(space, n_classes=3, image_size=8), n_train=72, budget_s=30_600.0)


def lines(folder):
    return (folder / "log.txt").read_text().splitlines()


def ticket(arch=BIGGEST, schedule="12", stop=12, replicate=0):
    return Ticket(0, Train(arch, schedule, 0, stop, None, replicate))


def test_rows_stand_under_their_titles_and_the_best_arch_is_given_in_full(tmp_path):
    log = log_of(tmp_path)
    log.write(ticket(), Ok(curve(61.254), Cost(6.0)), "global", 2, 30_000.0)
    log.write(ticket(arch=(0,) * 6), Ok(curve(60.0), Cost(6.0)), "global", 1, 90.0)
    assert lines(tmp_path) == [
        "archs are written as the numbers of their choices, place by place; the best so far also in full,",
        "    after =",
        "      left  stage     arch    at        valid %  train %  best %  running  images/s",
        "8 h 20 min  global    333333  12@12       61.25    90.12   61.25        2       144",
        f"  = {LONGEST}",
        "      84 s  global    000000  12@12       60.00    90.12   61.25        1       144",
    ]


@pytest.mark.parametrize(
    ("outcome", "replicate", "said"),
    [
        (
            Failed("replicate 2 of schedule 12 does not exist: 2 trials do"),
            2,
            "asked for one more trial, there is none; free",
        ),
        (Failed("out of memory", Cost(3.0)), 2, "failed: out of memory"),
        (Failed("the device is gone"), 0, "failed: the device is gone"),
        (Diverged(curve(10.0), Cost(3.0)), 0, "diverged in epoch 12"),
        (Cancelled(Cost(3.0)), 0, "cancelled"),
    ],
)
def test_what_ended_otherwise_is_said_in_a_sentence(tmp_path, outcome, replicate, said):
    log_of(tmp_path).write(ticket(replicate=replicate), outcome, "", 0, 90.0)
    assert lines(tmp_path)[-1].endswith(f"search    333333  12@12     {said}")


@pytest.mark.parametrize("space", ["nb201", "nats-sss"])
def test_no_line_is_wider_than_a_screen(tmp_path, space):
    log = log_of(tmp_path, space)
    arch = tuple(n - 1 for n in space_for(space, n_classes=3, image_size=8).cardinalities)
    log.write(ticket(arch, "200", 200), Ok(curve(100.0, stop=200), Cost(0.01)), "explore", 32, 30_000.0)
    log.write(ticket(arch, "200", 200), Failed("a reason of many words " * 20), "explore", 32, 30_000.0)
    log.say("a line of text " * 20)
    assert max(map(len, lines(tmp_path))) <= 100
    said = " ".join(" ".join(lines(tmp_path)).split())
    assert (said.count("a line of text"), said.count("a reason of many words")) == (20, 20)
    (failed,) = (line for line in lines(tmp_path) if "failed" in line)
    assert failed.startswith("8 h 20 min  explore   ")  # columns stay where a sentence is wrapped
