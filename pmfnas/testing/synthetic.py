"""A benchmark that costs nothing and needs no data: every value is a function of (seed, arch, schedule, trial).

An arch has three traits, random projections of its features, so that neighbours and isomorphs resemble each
other: its final accuracy, how slowly it learns, and how much it overfits. Better archs tend to learn more slowly, so
their curves cross the curves of worse archs, and short and long schedules rank archs differently.
Trials differ by a constant and by noise that dies down towards the end. Seconds grow with parameters.

The numbers have no further meaning: use the benchmark to test code, never to compare searchers.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from pmfnas.core.errors import InputError, UnavailableError
from pmfnas.core.ports import Space
from pmfnas.core.rng import stream
from pmfnas.core.types import Arch, Cost, Curve, Fidelities, FloatArray, Schedule, Train, arch_numbers, describe_epochs

LATENCY_MS = "latency_ms"

_CHANCE_PCT = 10.0
_N_REFERENCE = 256


class SyntheticBenchmark:
    """A benchmark over any space. Implements `pmfnas.core.ports.Benchmark`.

    Args:
        space: the space.
        seed: two seeds are two unrelated landscapes over the same space.
        schedules: shortest first. A name such as `"12"` is the number of epochs, with validation after each epoch;
            the last of several names has validation at its end only. A `Schedule` is used unchanged.
        n_trials: trials of every arch and schedule.
    """

    def __init__(
        self, space: Space, *, seed: int = 0, schedules: Sequence[str | Schedule] = ("12", "200"), n_trials: int = 3
    ) -> None:
        if n_trials < 1:
            raise InputError(f"n_trials is {n_trials}, but must be at least 1")
        self.space = space
        self.fidelities = _fidelities(schedules)
        self._seed = seed
        self._n_trials = n_trials

    def n_trials(self, arch: Arch, schedule: str) -> int:
        """Return how many trials exist: the same for every arch and schedule."""
        del arch, schedule
        return self._n_trials

    def train(self, request: Train, trial: int) -> tuple[Curve, Cost]:
        """Return the segment's curve and cost.

        Raises:
            UnavailableError: no such trial or epoch, or no clean validation at an epoch asked for.
        """
        self._check(request, trial)
        valid_acc, train_acc = self._accuracies(request.arch, self.fidelities[request.schedule], trial)  # (n_epochs,)
        segment = slice(request.start, request.stop)
        at = np.asarray(request.validations, dtype=np.int64) - 1
        curve = Curve(
            start=request.start,
            train_loss=-np.log(train_acc[segment] / 100),
            train_acc=train_acc[segment],
            valid_epochs=request.validations,
            valid_loss=-np.log(valid_acc[at] / 100),
            valid_acc=valid_acc[at],
        )
        epoch_s = 2.0 + 10.0 * self.space.params_m(request.arch)
        return curve, Cost(epoch_s * (request.stop - request.start), 0.2 * epoch_s * len(at))

    def measure(self, arch: Arch, metric: str) -> tuple[float, Cost]:
        """Return `latency_ms`, which grows with the operations and costs half a second."""
        if metric != LATENCY_MS:
            raise UnavailableError(f"metric {metric!r} was never measured; measured: {LATENCY_MS}")
        return 1.0 + 0.05 * self.space.flops_m(arch), Cost(train_s=0.5)

    def _check(self, request: Train, trial: int) -> None:
        schedule = self.fidelities[request.schedule]
        if request.stop > schedule.epochs:
            raise UnavailableError(f"{request.fidelity} does not exist: the schedule ends at {schedule.epochs}")
        if not 0 <= trial < self._n_trials:
            raise UnavailableError(f"trial {trial} of arch {request.arch} does not exist: {self._n_trials} trials do")
        if not set(request.validations) <= schedule.validation_epochs:
            exists = describe_epochs(schedule.validation_epochs)
            raise UnavailableError(f"validation at {request.validations}: schedule {schedule.name} has it at {exists}")

    def _accuracies(self, arch: Arch, schedule: Schedule, trial: int) -> tuple[FloatArray, FloatArray]:
        """Return validation and training accuracy after every epoch, percent, each shape (n_epochs,)."""
        height, slowness, overfitting = self._traits(arch)
        limit_pct = 30.0 + 65.0 * height
        reached = schedule.epochs / (schedule.epochs + 2.0 + 6.0 * slowness)  # a short schedule favours quick learners
        progress = np.arange(1, schedule.epochs + 1) / schedule.epochs  # (n_epochs,)
        mean = _CHANCE_PCT + (limit_pct - _CHANCE_PCT) * reached * progress ** (0.2 + 0.7 * slowness)
        number = int(arch_numbers([arch], self.space.cardinalities)[0])
        rng = stream(self._seed, f"synthetic/{schedule.name}/{number}/{trial}")
        noise = 0.4 * rng.standard_normal() + (1.1 - progress) * rng.standard_normal(schedule.epochs)
        valid_acc = np.clip(mean + noise, 1.0, 99.0)
        return valid_acc, np.minimum(valid_acc + (2.0 + 8.0 * overfitting) * progress, 99.9)

    def _traits(self, arch: Arch) -> tuple[float, float, float]:
        """Return height, slowness and overfitting, each in (0, 1)."""
        mean, weights = self._projection
        raw = (self.space.features([arch])[0] - mean) @ weights
        height, slowness, overfitting = 1.0 / (1.0 + np.exp(-np.clip(raw, -5.0, 5.0) * (1.2, 1.0, 1.0)))
        return float(height), float(0.7 * slowness + 0.3 * height), float(overfitting)

    @cached_property
    def _projection(self) -> tuple[FloatArray, FloatArray]:
        """Mean of the features and weights of the traits, shapes (n_features,) and (n_features, 3).

        Over random archs the traits have unit variance, for any features.
        """
        rng = stream(self._seed, "synthetic/traits")
        features = self.space.features([self.space.sample(rng=rng) for _ in range(_N_REFERENCE)])
        mean, spread = features.mean(axis=0), features.std(axis=0)
        weights = rng.standard_normal((features.shape[1], 3)) / np.where(spread > 0, spread, np.inf)[:, None]
        scale = ((features - mean) @ weights).std(axis=0)
        return mean, weights / np.where(scale > 0, scale, 1.0)


def _fidelities(schedules: Sequence[str | Schedule]) -> Fidelities:
    last = len(schedules) - 1
    return Fidelities(tuple(_schedule(s, ends_only=0 < i == last) for i, s in enumerate(schedules)))


def _schedule(given: str | Schedule, *, ends_only: bool) -> Schedule:
    if isinstance(given, Schedule):
        return given
    if not given.isdecimal() or int(given) < 1:
        raise InputError(f"schedule is {given!r}, but must be a number of epochs, or a Schedule where it is not")
    epochs = int(given)
    return Schedule(given, epochs, frozenset({epochs} if ends_only else range(1, epochs + 1)))
