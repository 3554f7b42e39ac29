"""Writes modelled trainings as the columns of a curve table. Every trial gets the curve of its training."""

import numpy as np

from pmfnas.benchmarks.anchored.identity import Trainings
from pmfnas.benchmarks.anchored.long import LongCurves
from pmfnas.benchmarks.anchored.short import ShortCurves
from pmfnas.benchmarks.anchored.source import DATASETS, LONG, SEARCHED, SHORT, Float32Array, IntArray, Source
from pmfnas.benchmarks.seconds import PER_PASS, estimated_pass_s
from pmfnas.benchmarks.table import Key, TableWriter
from pmfnas.core.types import FloatArray

_TEST_METRICS = ("ori-test-acc", "x-test-acc", "x-test-acc")


def write_short(writer: TableWriter, source: Source, trainings: Trainings, curves: ShortCurves) -> None:
    """Write all columns of schedule 12."""
    epochs = range(1, SHORT + 1)
    for place, dataset in enumerate(SEARCHED):
        writer.add_present(dataset, "12", trainings.of_trial >= 0)
        for metric, values in (
            ("train-loss", curves.train_loss),
            ("train-acc", curves.train_acc),
            ("x-valid-loss", curves.valid_loss),
            ("x-valid-acc", curves.valid_acc),
        ):
            column = _write(writer, Key(dataset, "12", metric), trainings.of_trial, values[:, place], epochs)
            if metric == "x-valid-acc":
                column[:, 0, -1] = source.valid_12[:, place]  # exact values; copies may differ in the last bit
        _write_seconds(writer, source, dataset, "12", trainings.of_trial)


def write_long(writer: TableWriter, source: Source, trainings: Trainings, curves: LongCurves) -> None:
    """Write all columns of schedule 200 except test accuracy.

    Validation exists at the epochs of the official files: every epoch on cifar10-valid, epoch 200 elsewhere.
    """
    epochs = range(1, LONG + 1)
    for place, dataset in enumerate(SEARCHED):
        writer.add_present(dataset, "200", source.present)
        of_trial = trainings.of_trial
        _write(writer, Key(dataset, "200", "train-loss"), of_trial, curves.train_loss[:, place], epochs)
        _write(writer, Key(dataset, "200", "train-acc"), of_trial, curves.train_acc[:, place], epochs)
        if place == 0:
            valid_loss, valid_acc, at = curves.valid_loss, curves.valid_acc, epochs
        else:
            at = range(LONG, LONG + 1)
            valid_loss, valid_acc = curves.end_valid_loss[:, place, None], curves.end_valid_acc[:, place, None]
        _write(writer, Key(dataset, "200", "x-valid-loss"), of_trial, valid_loss, at)
        column = _write(writer, Key(dataset, "200", "x-valid-acc"), of_trial, valid_acc, at)
        column[:, :, -1] = source.valid_200[:, place]
        _write_seconds(writer, source, dataset, "200", of_trial)


def write_test(writer: TableWriter, source: Source) -> None:
    """Write test accuracy after epoch 200. The mean over an arch's trials is the real mean, to float32.

    On cifar10 only the mean is known; every trial gets it. On the other data sets the trials' values are known up to
    the rounding of an image or two. All trials of an arch are shifted by the same amount, at most 0.09, to the mean.
    """
    writer.add_present(DATASETS[0], "200", source.present)
    for place, dataset in enumerate(DATASETS):
        values = np.where(source.present, source.test_200[:, place, None], np.nan)
        if place > 0:
            trials = source.test_200_trials[:, place]
            values = trials + (source.test_200[:, place] - np.nanmean(trials, axis=1))[:, None]
        key = Key(dataset, "200", _TEST_METRICS[place])
        writer.add(key, values[:, :, None].astype(np.float32), (LONG,))


def eval_seconds(source: Source) -> FloatArray:
    """Return seconds of a pass over 10,000 images, shape (n_archs,); estimated for archs without a measurement."""
    measured = source.eval_s_per_10k
    return np.where(np.isnan(measured), estimated_pass_s(source.epoch_s[:, 1]), measured)


def _write_seconds(writer: TableWriter, source: Source, dataset: str, schedule: str, of_trial: IntArray) -> None:
    place = SEARCHED.index(dataset)
    for metric, seconds in (
        ("train-s", source.epoch_s[:, place]),
        ("x-valid-s", eval_seconds(source) * PER_PASS[place]),
    ):
        values = np.where(of_trial >= 0, seconds[:, None], np.nan)
        writer.add(Key(dataset, schedule, metric), values[:, :, None].astype(np.float32))


def _write(writer: TableWriter, key: Key, of_trial: IntArray, values: Float32Array, epochs: range) -> Float32Array:
    """Write a column from the curves of trainings, shape (n_trainings, n_epochs), and return the writable column."""
    column: Float32Array = writer.allocate(key, (*of_trial.shape, len(epochs)), np.float32, epochs)
    for slot, training in enumerate(of_trial.T):
        exists = training >= 0
        column[exists, slot] = values[training[exists]]
        column[~exists, slot] = np.nan
    return column
