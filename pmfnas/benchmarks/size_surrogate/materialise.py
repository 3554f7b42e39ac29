"""Writes the shipped model of the size space as a curve table: the model's means plus fixed random noise.

One draw per trial models the luck of a training run. It moves the run's final validation and, with the sign of each
metric, all its curves. Test accuracy shares a part of this draw if it is measured on the same network. A smooth random
field over the widths models how the order of archs on a short schedule differs from that on the long one.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pmfnas.benchmarks.size_surrogate.model import (
    LAST,
    METRICS,
    N_TRIALS,
    SCHEDULES,
    SizeModel,
    all_archs,
    polynomial_terms,
    read_model,
    shipped_bytes,
    source_of,
)
from pmfnas.benchmarks.surrogate.layout import restore
from pmfnas.benchmarks.table import CurveTable, Header, Key, TableWriter
from pmfnas.benchmarks.tabular import DATASETS, Dataset
from pmfnas.core.rng import stream
from pmfnas.core.types import FloatArray
from pmfnas.progress import tracked

VERSION = "size-surrogate-1"
SHARED = 0.3
"""Correlation of a trial's deviations in validation and test. On the topology space, which has repeated trials, it is
.35 and .23 (cifar100 and ImageNet16-120, archs of the better half, schedule 200)."""
FIELD_DEGREE = 2
BYTES_PER_ARCH = 6_250


def size_surrogate_header() -> Header:
    """Return the header of the table that `build_size_surrogate` makes; it contains the fingerprint."""
    return _header(source_of(shipped_bytes()))


def _header(source: str) -> Header:
    return Header("SURROGATE", "nats-sss", (8,) * 5, VERSION, source, dict(SCHEDULES))


def build_size_surrogate(out: Path, *, progress: bool = False) -> CurveTable:
    """Return the table of the shipped model, written to `out`: about 200 MB, deterministic."""
    content = shipped_bytes()
    return write_table(read_model(content), _header(source_of(content)), out, progress=progress)


@dataclass(frozen=True, slots=True)
class Ends:
    """Final validation of one data set, as logits: the expected value of each arch, and its training runs."""

    mean: FloatArray  # (n_archs,)
    runs: FloatArray  # (n_archs, n_trials) deviation of each run from the mean, in units of `std`
    std: float

    @property
    def final(self) -> FloatArray:
        """Final validation of every run, (n_archs, n_trials)."""
        return self.mean[:, None] + self.std * self.runs


def model_ends(model: SizeModel, data: Dataset) -> Ends:
    """Return the ends of the model: its means, and runs from fixed random draws."""
    return Ends(model.final_valid(data), _runs(data, LAST), model.final_std(data))


def write_table(model: SizeModel, header: Header, out: Path, *, progress: bool = False) -> CurveTable:
    """Return the curve table of a model, written to `out`."""
    with TableWriter(out, header, all_archs(), n_bytes=len(all_archs()) * BYTES_PER_ARCH) as writer:
        writer.notes.update(model.notes)
        parts = [(data, schedule) for data in DATASETS.values() for schedule in SCHEDULES]
        for data, schedule in tracked(parts, "size surrogate", total=len(parts), unit="schedule", shown=progress):
            write_schedule(writer, model, data, schedule, model_ends(model, data))
        for data in DATASETS.values():
            _write_test(writer, model, data)
    return CurveTable.open(out)


def write_schedule(writer: TableWriter, model: SizeModel, data: Dataset, schedule: str, ends: Ends) -> None:
    """Write every column of one schedule of a data set except test accuracy."""
    shape = (len(all_archs()), N_TRIALS[schedule])
    writer.add_present(data.search, schedule, np.ones(shape, dtype=bool))
    for metric, seconds in zip(("train-s", "x-valid-s"), model.seconds(data), strict=True):
        writer.add(Key(data.search, schedule, metric), as_column(np.broadcast_to(seconds[:, None], shape)[:, :, None]))
    for metric in METRICS:
        key = Key(data.search, schedule, metric)
        values = restore(metric, curves(model, data, key, ends))
        writer.add(key, as_column(values), range(1, SCHEDULES[schedule] + 1))


def _write_test(writer: TableWriter, model: SizeModel, data: Dataset) -> None:
    key = Key(data.test, LAST, data.test_metric)
    if data.test != data.search:  # CIFAR-10 is tested after training on all its images, a data set of its own
        writer.add_present(data.test, LAST, np.ones((len(all_archs()), N_TRIALS[LAST]), dtype=bool))
    writer.add(key, as_column(restore(key.metric, final_test(model, data))[:, :, None]), (SCHEDULES[LAST],))


def as_column(values: FloatArray) -> NDArray[np.float32]:
    """Return values in the dtype and memory layout of a column."""
    return np.ascontiguousarray(values, dtype=np.float32)


def final_test(model: SizeModel, data: Dataset) -> FloatArray:
    """Return final test accuracy of every trial, as logits, shape (n_archs, n_trials)."""
    own = stream(0, f"size-surrogate/test/{data.name}").normal(size=(len(all_archs()), N_TRIALS[LAST]))
    share = SHARED if data.test == data.search else 0.0  # CIFAR-10 is tested on another network
    noise = share * _runs(data, LAST) + np.sqrt(1 - share**2) * own
    return np.asarray(model.final_test(data)[:, None] + model.final_std(data) * noise)


def curves(model: SizeModel, data: Dataset, key: Key, ends: Ends) -> FloatArray:
    """Return the curves of every trial, transformed, shape (n_archs, n_trials, n_epochs)."""
    valid = ends.mean
    arch, trial, epoch = model.noise(key)
    n_epochs, n_trials, sign = SCHEDULES[key.schedule], N_TRIALS[key.schedule], METRICS[key.metric]
    progress = np.arange(1, n_epochs + 1) / n_epochs
    runs = ends.runs if key.schedule == LAST else _runs(data, key.schedule)
    split = key.metric.rpartition("-")[0]  # loss and accuracy of the same images share their noise
    steps = stream(0, f"size-surrogate/epochs/{key.dataset}/{key.schedule}/{split}")
    noise = steps.normal(size=(len(valid), n_trials, n_epochs)) * epoch * (1 - progress)
    noise += (arch * _field(data, key.schedule)[:, None] + trial * runs)[:, :, None]
    values = model.curve(key, valid)[:, None, :] + sign * noise
    if key.schedule == LAST and key.metric == "x-valid-acc":
        values += (ends.final - values[:, :, -1])[:, :, None] * progress
    return np.asarray(values)


def _runs(data: Dataset, schedule: str) -> FloatArray:
    """Return a standard normal number for every training run, shape (n_archs, n_trials)."""
    draws = stream(0, f"size-surrogate/runs/{data.search}/{schedule}")
    return draws.normal(size=(len(all_archs()), N_TRIALS[schedule]))


def _field(data: Dataset, schedule: str) -> FloatArray:
    """Return a smooth random function of the widths with mean 0 and variance 1, clipped at 2, shape (n_archs,)."""
    terms = polynomial_terms(FIELD_DEGREE)[:, 1:]
    weights = stream(0, f"size-surrogate/field/{data.search}/{schedule}").normal(size=terms.shape[1])
    values = ((terms - terms.mean(axis=0)) / terms.std(axis=0)) @ weights
    return np.asarray(np.clip((values - values.mean()) / values.std(), -2.0, 2.0))
