"""A benchmark of two schedules whose final accuracies are given.

Shorter schedules are worse by an amount that differs between archs (`late`). Trials differ by a constant and by noise
that dies down towards the end of a schedule. Seconds grow with FLOPs.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pmfnas.core.errors import UnavailableError
from pmfnas.core.ports import Space
from pmfnas.core.rng import stream
from pmfnas.core.types import Arch, Cost, Curve, Fidelities, FloatArray, Schedule, Train, arch_numbers

_FIDELITIES = Fidelities((Schedule("12", 12, frozenset(range(1, 13))), Schedule("200", 200, frozenset({200}))))
_N_TRIALS = 3
_SHORT = 0.35
"""Gap between the medium score and the final score, log odds, in addition to `late`."""
_STEEP = 1.2
"""Gap between the first epoch of a schedule and its end, log odds."""
_TRIAL_STD, _EPOCH_STD = 0.02, 0.08
_EPOCH_S, _VALIDATION = 20.0, 0.2
"""Seconds of an epoch of the most expensive arch; cost of a validation as a share of an epoch."""


@dataclass(frozen=True, eq=False)
class Landscape:
    """A benchmark whose truth is known. Implements `pmfnas.core.ports.Benchmark`."""

    name: str
    space: Space
    acc_pct: FloatArray
    """Final accuracy of every arch, by its number, (n_archs,)."""
    late: FloatArray
    """Part of the final score that the medium score lacks, log odds, (n_archs,)."""
    cost: FloatArray
    """Seconds of an epoch as a share of the most expensive arch's, (n_archs,)."""
    fidelities: Fidelities = _FIDELITIES

    @property
    def best_pct(self) -> float:
        """Best final accuracy."""
        return float(self.acc_pct.max())

    @cached_property
    def medium_s(self) -> float:
        """Seconds of a training of the medium level, mean over the space."""
        medium = self.fidelities.schedules[0].epochs
        return float(_EPOCH_S * self.cost.mean() * (medium + _VALIDATION))

    def regret_pct(self, arch: Arch | None) -> float:
        """Return the difference of final accuracy between the best arch and `arch`; None counts as the worst arch."""
        found = self.acc_pct.min() if arch is None else self.acc_pct[self._number(arch)]
        return self.best_pct - float(found)

    def n_trials(self, arch: Arch, schedule: str) -> int:
        """Return how many trials exist: the same for every arch and schedule."""
        del arch, schedule
        return _N_TRIALS

    def train(self, request: Train, trial: int) -> tuple[Curve, Cost]:
        """Return the segment's curve and cost.

        Raises:
            UnavailableError: no such trial or epoch, or no clean validation at an epoch asked for.
        """
        schedule, number = self.fidelities[request.schedule], self._number(request.arch)
        at = request.validations
        if not 0 <= trial < _N_TRIALS or request.stop > schedule.epochs or not set(at) <= schedule.validation_epochs:
            raise UnavailableError(f"trial {trial} of {request.fidelity}, validated at {at}, does not exist")
        valid, train = self._log_odds(number, schedule, trial)
        seen, checked = slice(request.start, request.stop), np.asarray(at, dtype=np.int64) - 1
        acc, valid_acc = percent(train[seen]), percent(valid[checked])
        curve = Curve(request.start, -np.log(acc / 100.0), acc, at, -np.log(valid_acc / 100.0), valid_acc)
        epoch_s = _EPOCH_S * float(self.cost[number])
        return curve, Cost(epoch_s * (request.stop - request.start), _VALIDATION * epoch_s * len(at))

    def measure(self, arch: Arch, metric: str) -> tuple[float, Cost]:
        """Raise `UnavailableError`: a landscape holds no measurements."""
        raise UnavailableError(f"metric {metric!r} of arch {arch}: a landscape holds no measurements")

    def _log_odds(self, number: int, schedule: Schedule, trial: int) -> tuple[FloatArray, FloatArray]:
        """Return log odds of validation and training accuracy after every epoch, (n_epochs,) each."""
        short = np.log(200.0 / schedule.epochs) / np.log(200.0 / 12.0)  # 1 for 12 epochs, 0 for 200
        progress = np.arange(1, schedule.epochs + 1) / schedule.epochs
        rng = stream(trial, f"{self.name}/{schedule.name}/{number}")
        late = float(self.late[number])
        end = log_odds(self.acc_pct[number]) - short * (_SHORT + late) + _TRIAL_STD * rng.standard_normal()
        noise = _EPOCH_STD * (1.0 - progress) * rng.standard_normal(schedule.epochs)
        valid = end - (_STEEP + late) * (1.0 - progress) + noise
        return valid, valid + 0.2 + (1.5 - short) * progress + late * progress

    def _number(self, arch: Arch) -> int:
        return int(arch_numbers([arch], self.space.cardinalities)[0])


def percent(log_odds: FloatArray) -> FloatArray:
    """Return accuracies of log odds."""
    return np.asarray(100.0 / (1.0 + np.exp(-log_odds)))


def log_odds(acc_pct: FloatArray | float) -> FloatArray:
    """Return log odds of accuracies in percent, which are kept within [0.1, 99.9]."""
    share = np.clip(np.asarray(acc_pct) / 100.0, 1e-3, 1.0 - 1e-3)
    return np.asarray(np.log(share / (1.0 - share)))
