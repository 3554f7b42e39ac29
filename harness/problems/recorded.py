"""The benchmark that reads a recording, behind the port `pmfnas.core.ports.Benchmark`."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from harness.problems.problem import Problem
from pmfnas.core.errors import UnavailableError
from pmfnas.core.metric import Metric
from pmfnas.core.types import Arch, Cost, Curve, Fidelities, FloatArray, Schedule, Train
from pmfnas.spaces.own.choices import Choices


@dataclass(frozen=True)
class Recording:
    """The trainings of every arch of a problem, under every schedule."""

    problem: Problem
    frame: pd.DataFrame
    """See `harness.problems.recording.record`; sorted by arch, schedule and trial."""

    @cached_property
    def n_trials(self) -> int:
        """Trainings of each arch under each schedule."""
        return int(self.frame["trial"].max()) + 1

    @cached_property
    def trainings(self) -> Mapping[str, "Trainings"]:
        """The trainings under each schedule."""
        parts = self.frame.groupby("schedule")
        shape = (self.problem.space.n_archs, self.n_trials)
        return {str(name): _trainings(part, shape, self.problem.schedules[str(name)]) for name, part in parts}

    @cached_property
    def finals(self) -> FloatArray:
        """The metric at the end of the longest schedule, mean over trials, shape (n_archs,).

        An arch of which a training failed has the worst value of all.
        """
        ends = self.trainings[list(self.problem.schedules)[-1]].valid[:, :, -1]  # (n_archs, n_trials)
        worst = np.nanmin if self.problem.metric.goal == "maximise" else np.nanmax
        means = ends.mean(axis=1)
        return np.where(np.isnan(means), worst(ends), means)

    def final(self, arch: Arch) -> float:
        """Return the entry of `finals` for an arch."""
        return float(self.finals[self.problem.space.number(arch)])

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hex digits that name the recording."""
        return hashlib.sha256(self.problem.recording.read_bytes()).hexdigest()[:12]

    @property
    def best(self) -> float:
        """The best of `finals`."""
        return float(self.finals.max() if self.problem.metric.goal == "maximise" else self.finals.min())

    @property
    def whole_s(self) -> float:
        """Mean seconds of a training on the longest schedule, validated after every epoch."""
        longest = self.trainings[list(self.problem.schedules)[-1]]
        per_epoch_s = longest.train_s + longest.valid_s
        return float((longest.setup_s + longest.n_done * per_epoch_s).mean())


@dataclass(frozen=True)
class Trainings:
    """All trainings under one schedule; the axes are archs, trials and epochs."""

    setup_s: FloatArray  # (n_archs, n_trials)
    train_s: FloatArray  # (n_archs, n_trials), per epoch
    valid_s: FloatArray  # (n_archs, n_trials), per validation
    n_done: FloatArray  # (n_archs, n_trials), epochs until the training failed, or all
    train_loss: FloatArray  # (n_archs, n_trials, n_epochs)
    valid: FloatArray  # (n_archs, n_trials, n_epochs)


def _trainings(part: pd.DataFrame, shape: tuple[int, int], n_epochs: int) -> Trainings:
    def seconds(name: str) -> FloatArray:
        return part[name].to_numpy(dtype=np.float64).reshape(shape)

    curves = [_padded(part[name], n_epochs) for name in ("train_loss", "valid")]
    whole = np.isfinite(curves[0]) & np.isfinite(curves[1])
    n_done = np.where(whole.all(axis=1), n_epochs, whole.argmin(axis=1) + 1.0)
    return Trainings(
        seconds("setup_s"),
        seconds("train_s"),
        seconds("valid_s"),
        n_done.reshape(shape),
        *(curve.reshape(*shape, n_epochs) for curve in curves),
    )


def _padded(curves: "pd.Series[Any]", n_epochs: int) -> FloatArray:
    """Return curves as rows of equal length; NaN after the end of a training that failed."""
    rows = np.full((len(curves), n_epochs), np.nan)
    for row, curve in zip(rows, curves, strict=True):
        row[: len(curve)] = curve
    return rows


class RecordedProblem:
    """A problem whose trainings are looked up. Implements `pmfnas.core.ports.Benchmark`; serves one run.

    Scores are those that `pmfnas.search` would tell: a positive metric is measured against the first value of the run.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._metric: Metric = recording.problem.metric

    @property
    def space(self) -> Choices:
        """The space of the problem."""
        return self._recording.problem.space

    @property
    def fidelities(self) -> Fidelities:
        """The schedules; validation is possible after every epoch."""
        schedules = self._recording.problem.schedules.items()
        return Fidelities(tuple(Schedule(name, n, frozenset(range(1, n + 1))) for name, n in schedules))

    def n_trials(self, arch: Arch, schedule: str) -> int:
        """Return the number of trials, which all archs share."""
        del arch, schedule
        return self._recording.n_trials

    def train(self, request: Train, trial: int) -> tuple[Curve, Cost]:
        """Return the segment's curve and cost; a training that failed has NaN from there on, and costs no more."""
        row, told = self._recording.trainings[request.schedule], (self.space.number(request.arch), trial)
        places = [epoch - 1 for epoch in request.validations]
        values = row.valid[told][places]
        if len(values) and np.isfinite(values[0]):
            self._metric = self._metric.settled(float(values[0]))
        curve = Curve(
            start=request.start,
            train_loss=row.train_loss[told][request.start : request.stop],
            train_acc=np.full(request.stop - request.start, np.nan),
            valid_epochs=request.validations,
            valid_loss=values if self._metric.name == "valid_loss" else np.full(len(values), np.nan),
            valid_acc=np.array([self._metric.score(float(value)) for value in values]),
        )
        last = min(request.stop, int(row.n_done[told]))
        n_validated = sum(epoch <= last for epoch in request.validations)
        cost = Cost(
            train_s=row.train_s[told] * max(0, last - request.start),
            valid_s=row.valid_s[told] * n_validated,
            setup_s=row.setup_s[told],
        )
        return curve, cost

    def measure(self, arch: Arch, metric: str) -> tuple[float, Cost]:
        """Raise `UnavailableError`: a recording holds no measurements."""
        raise UnavailableError(f"metric {metric!r} of arch {arch}: a recording holds no measurements")
