"""Faults of a benchmark or an executor, each as a wrapper around a sound one.

ConstantScores   every accuracy is the same: there is nothing to rank by
Diverging        the training of some archs turns to NaN
Unavailable      some archs were never measured
Uneven           segments take an eighth to eightfold of their time
Disturbed        outcomes are replaced as the segments end

The first four are benchmarks, of which the space, the fidelities and everything unnamed are those of the one inside.
"""

import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from pmfnas.core.errors import InputError, UnavailableError
from pmfnas.core.ports import Benchmark, Event, Executor
from pmfnas.core.types import Arch, Cost, Curve, Outcome, Ticket, Train

Disturbance: TypeAlias = Callable[[Ticket, Outcome], Outcome]
"""Turns the outcome of a ticket into another one."""


class ConstantScores:
    """A benchmark whose every accuracy is `acc_pct` and every loss 1; costs are those of the benchmark inside."""

    def __init__(self, benchmark: Benchmark, *, acc_pct: float = 50.0) -> None:
        if not 0 <= acc_pct <= 100:
            raise InputError(f"acc_pct is {acc_pct}, but must be in [0, 100]")
        self._benchmark, self._acc_pct = benchmark, acc_pct
        self.space, self.fidelities, self.n_trials = benchmark.space, benchmark.fidelities, benchmark.n_trials

    def train(self, request: Train, trial: int) -> tuple[Curve, Cost]:
        """Return a flat curve and the true cost."""
        curve, cost = self._benchmark.train(request, trial)
        flat = replace(
            curve,
            train_loss=np.ones_like(curve.train_loss),
            train_acc=np.full_like(curve.train_acc, self._acc_pct),
            valid_loss=np.ones_like(curve.valid_loss),
            valid_acc=np.full_like(curve.valid_acc, self._acc_pct),
        )
        return flat, cost

    def measure(self, arch: Arch, metric: str) -> tuple[float, Cost]:
        """Return 1 and the true cost."""
        return 1.0, self._benchmark.measure(arch, metric)[1]


class Diverging:
    """A benchmark on which the training of a `share` of the archs is NaN from an epoch on.

    Which archs and, for each schedule, from which epoch of its first half is a hash: every trial and every segment of
    an arch agree about it.
    """

    def __init__(self, benchmark: Benchmark, *, share: float = 0.3) -> None:
        self._benchmark, self._share = benchmark, _checked_share(share)
        self.space, self.fidelities, self.n_trials = benchmark.space, benchmark.fidelities, benchmark.n_trials
        self.measure = benchmark.measure

    def train(self, request: Train, trial: int) -> tuple[Curve, Cost]:
        """Return the curve, NaN from the epoch at which the arch diverges, and the true cost."""
        curve, cost = self._benchmark.train(request, trial)
        if _hash("diverges", request.arch) >= self._share:
            return curve, cost
        half = self.fidelities[request.schedule].epochs // 2
        first = 1 + int(_hash(f"epoch {request.schedule}", request.arch) * half)
        trained = np.arange(request.start + 1, request.stop + 1) >= first
        validated = np.asarray(request.validations, dtype=np.int64) >= first
        broken = replace(
            curve,
            train_loss=np.where(trained, np.nan, curve.train_loss),
            train_acc=np.where(trained, np.nan, curve.train_acc),
            valid_loss=np.where(validated, np.nan, curve.valid_loss),
            valid_acc=np.where(validated, np.nan, curve.valid_acc),
        )
        return broken, cost


class Unavailable:
    """A benchmark that refuses a `share` of the archs, as an incomplete table does."""

    def __init__(self, benchmark: Benchmark, *, share: float = 0.3) -> None:
        self._benchmark, self._share = benchmark, _checked_share(share)
        self.space, self.fidelities = benchmark.space, benchmark.fidelities

    def n_trials(self, arch: Arch, schedule: str) -> int:
        """Return the number of trials of the benchmark inside, 0 for a refused arch."""
        return 0 if self._refuses(arch) else self._benchmark.n_trials(arch, schedule)

    def train(self, request: Train, trial: int) -> tuple[Curve, Cost]:
        """Return the segment; raise `UnavailableError` for a refused arch."""
        if self._refuses(request.arch):
            raise UnavailableError(f"arch {request.arch} was never measured")
        return self._benchmark.train(request, trial)

    def measure(self, arch: Arch, metric: str) -> tuple[float, Cost]:
        """Return the measurement; raise `UnavailableError` for a refused arch."""
        if self._refuses(arch):
            raise UnavailableError(f"arch {arch} was never measured")
        return self._benchmark.measure(arch, metric)

    def _refuses(self, arch: Arch) -> bool:
        return _hash("refused", arch) < self._share


class Uneven:
    """A benchmark whose seconds are multiplied by a factor from 1/8 to 8.

    The factor is a hash of the seed, the arch and the segment: the same segment costs the same again.
    """

    def __init__(self, benchmark: Benchmark, *, seed: int = 0) -> None:
        self._benchmark, self._seed = benchmark, seed
        self.space, self.fidelities, self.n_trials = benchmark.space, benchmark.fidelities, benchmark.n_trials

    def train(self, request: Train, trial: int) -> tuple[Curve, Cost]:
        """Return the segment's curve, and its cost times the factor."""
        curve, cost = self._benchmark.train(request, trial)
        return curve, self._priced(cost, f"{request.schedule} {request.start} {request.stop} {trial}", request.arch)

    def measure(self, arch: Arch, metric: str) -> tuple[float, Cost]:
        """Return the measurement of the benchmark inside, and its cost times the factor."""
        value, cost = self._benchmark.measure(arch, metric)
        return value, self._priced(cost, metric, arch)

    def _priced(self, cost: Cost, what: str, arch: Arch) -> Cost:
        factor = 8.0 ** (2 * _hash(f"{self._seed} takes {what}", arch) - 1)
        return Cost(factor * cost.train_s, factor * cost.valid_s, factor * cost.setup_s)


class Disturbed:
    """An executor whose outcomes are replaced as tickets end. Implements `pmfnas.core.ports.Executor`."""

    def __init__(self, executor: Executor, disturb: Disturbance) -> None:
        self._executor, self._disturb = executor, disturb
        self.submit, self.running, self.spent = executor.submit, executor.running, executor.spent
        self.cancel = executor.cancel  # the end of a cancelled ticket is not disturbed

    @property
    def n_free(self) -> int:
        """As the executor inside says."""
        return self._executor.n_free

    def next_event(self, until_s: float) -> Event | None:
        """Return the next event with a disturbed outcome."""
        event = self._executor.next_event(until_s)
        return replace(event, outcome=self._disturb(event.ticket, event.outcome)) if event is not None else None


def _checked_share(share: float) -> float:
    if not 0 <= share <= 1:
        raise InputError(f"share is {share}, but must be in [0, 1]")
    return share


def _hash(what: str, arch: Arch) -> float:
    """Return a number in [0, 1) that depends on `what` and `arch` alone."""
    return zlib.crc32(f"{what} {'-'.join(map(str, arch))}".encode()) / 2**32
