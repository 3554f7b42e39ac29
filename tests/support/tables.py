"""Small curve tables for tests: real files on disk, values that can be worked out by hand."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pmfnas.benchmarks.header import TEST
from pmfnas.benchmarks.table import CurveTable, Header, Key, TableWriter
from pmfnas.core.types import Arch

EPOCH_S = 10.0
PASS_S = 1.0
SEARCHED = ("cifar10-valid", "cifar100", "ImageNet16-120")
SCHEDULES = {"12": 12, "200": 200}
N_TRIALS = {"12": 1, "200": 3}


def final_valid(row: int, trial: int) -> float:
    return 50.0 + row + trial / 10


def final_test(row: int) -> float:
    return 40.0 + 2 * row


def write_small(out: Path, archs: Sequence[Arch], *, version: str = "1", stamp: str = "SYNTHETIC") -> CurveTable:
    """Write a table of `archs` whose accuracies rise with the row; the last row has two trials of three.

    With the stamp of real final values, it has no test accuracy.
    """
    header = Header(stamp, "nb201", (5,) * 6, version, "by hand", SCHEDULES)
    with TableWriter(out, header, archs) as writer:
        for name in SEARCHED:
            for schedule in SCHEDULES:
                _add_training(writer, name, schedule, len(archs))
        tested = {"cifar10": "ori-test-acc", "cifar100": "x-test-acc", "ImageNet16-120": "x-test-acc"}
        for name, metric in tested.items() if header.score == TEST else ():
            tests = np.repeat([[final_test(row)] for row in range(len(archs))], 3, axis=1)
            tests[-1, 1] = np.nan
            writer.add(Key(name, "200", metric), tests[:, :, None], epochs=(200,))
    return CurveTable.open(out)


def _add_training(writer: TableWriter, name: str, schedule: str, n_archs: int) -> None:
    n_trials, n_epochs = N_TRIALS[schedule], SCHEDULES[schedule]
    present = np.ones((n_archs, n_trials), dtype=bool)
    present[-1, 1:2] = False
    rise = np.linspace(0.1, 1.0, n_epochs)[None, None, :]
    final = np.array([[final_valid(row, trial) for trial in range(n_trials)] for row in range(n_archs)])[:, :, None]
    acc = np.where(present[:, :, None], rise * final, np.nan)
    epochs = range(1, n_epochs + 1)
    writer.add_present(name, schedule, present)
    writer.add(Key(name, schedule, "train-acc"), acc, epochs)
    writer.add(Key(name, schedule, "train-loss"), 5 - acc / 25, epochs)
    clean = epochs if schedule == "12" or name == "cifar10-valid" else range(200, 201)
    writer.add(Key(name, schedule, "x-valid-acc"), acc[:, :, -len(clean) :], clean)
    writer.add(Key(name, schedule, "x-valid-loss"), 5 - acc[:, :, -len(clean) :] / 25, clean)
    writer.add(Key(name, schedule, "train-s"), np.full((n_archs, n_trials, 1), EPOCH_S))
    writer.add(Key(name, schedule, "x-valid-s"), np.full((n_archs, n_trials, 1), PASS_S))


def write_bare(out: Path, stamp: str, *, n_known: int = 15_625, source: str = "by hand") -> CurveTable:
    """Write a table of the topology space with one column, in which the first `n_known` archs have a trial."""
    with TableWriter(out, Header(stamp, "nb201", (5,) * 6, "1", source, {"12": 12}), list(np.ndindex(*(5,) * 6))) as t:
        t.add_present("cifar10-valid", "12", (np.arange(5**6) < n_known)[:, None])
        t.add(Key("cifar10-valid", "12", "train-s"), np.full((5**6, 1, 1), EPOCH_S))
    return CurveTable.open(out)
