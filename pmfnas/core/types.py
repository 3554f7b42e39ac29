"""The values that the ports exchange: fidelities, requests, curves, outcomes, decisions. All are frozen.

A searcher *decides* (`Submit`, `Wait`, `Drop`, `Stop`). A `Submit` carries *requests* (`Train`, `Measure`). Each
request becomes a *ticket*. When the ticket's segment ends, the searcher is told the *outcome*.
Accuracies are percent in [0, 100] and maximised, times are seconds, epochs count from 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import InputError

Arch: TypeAlias = tuple[int, ...]
"""One architecture: an operation index per edge (or a width index per layer)."""

FloatArray: TypeAlias = NDArray[np.float64]


def arch_numbers(archs: Sequence[Arch] | NDArray[np.uint8], cardinalities: Sequence[int]) -> NDArray[np.int64]:
    """Return the mixed-radix number of each arch, shape (n_archs,): its place in the enumeration of a space."""
    columns = np.asarray(archs, dtype=np.int64).reshape(-1, len(cardinalities)).T
    return np.asarray(np.ravel_multi_index(tuple(columns), tuple(cardinalities)), dtype=np.int64)


def arch_number(arch: Arch, cardinalities: Sequence[int]) -> int:
    """Return the number of one arch, as `arch_numbers` does; raise `ValueError` for an arch of another space."""
    number = 0
    for choice, n_choices in zip(arch, cardinalities, strict=True):
        if not 0 <= choice < n_choices:
            raise ValueError(f"choice {choice} is not from 0 and below {n_choices}")
        number = number * n_choices + choice
    return number


# ---------------------------------------------------------------------------------------------- fidelities


@dataclass(frozen=True, slots=True)
class Fidelity:
    """A (schedule, epochs) pair, written `12@6`."""

    schedule: str
    epochs: int

    def __str__(self) -> str:
        return f"{self.schedule}@{self.epochs}"

    @classmethod
    def parse(cls, text: str) -> "Fidelity":
        """Return the fidelity written `schedule@epochs`; raise `InputError` for anything else."""
        schedule, _, epochs = text.strip().partition("@")
        if not schedule or not epochs.isdecimal() or int(epochs) < 1:
            raise InputError(f"fidelity is {text!r}, but must look like 12@6 (schedule@epochs)")
        return cls(schedule, int(epochs))


@dataclass(frozen=True, slots=True)
class Schedule:
    """A training recipe with its own learning-rate schedule; two schedules are two training runs."""

    name: str
    epochs: int
    validation_epochs: frozenset[int]
    """Epochs after which a clean validation value can be bought."""


@dataclass(frozen=True, slots=True)
class Fidelities:
    """The schedules that a benchmark offers, shortest first. Every searcher knows them."""

    schedules: tuple[Schedule, ...]

    def __post_init__(self) -> None:
        epochs = [s.epochs for s in self.schedules]
        if not epochs or epochs != sorted(epochs):
            raise InputError(f"schedules have {epochs} epochs, but must be given shortest first, at least one")

    def __getitem__(self, name: str) -> Schedule:
        for schedule in self.schedules:
            if schedule.name == name:
                return schedule
        known = ", ".join(s.name for s in self.schedules)
        raise InputError(f"schedule is {name!r}, but must be one of: {known}")

    @property
    def highest(self) -> Fidelity:
        """The end of the longest schedule."""
        last = self.schedules[-1]
        return Fidelity(last.name, last.epochs)

    def check(self, fidelity: Fidelity) -> None:
        """Raise `InputError` unless a clean validation value exists at `fidelity`."""
        schedule = self[fidelity.schedule]
        if fidelity.epochs > schedule.epochs:
            raise InputError(
                f"fidelity is {fidelity}, but schedule {schedule.name} ends after {schedule.epochs} epochs"
            )
        if fidelity.epochs not in schedule.validation_epochs:
            exists = describe_epochs(schedule.validation_epochs)
            raise InputError(
                f"fidelity is {fidelity}, but schedule {schedule.name} has clean validation only at {exists}"
            )


def describe_epochs(epochs: frozenset[int]) -> str:
    """Return a short text for a set of epochs: `epochs 1-12`, `epoch 200`, `no epoch`."""
    if not epochs:
        return "no epoch"
    low, high = min(epochs), max(epochs)
    if low == high:
        return f"epoch {low}"
    if len(epochs) == high - low + 1:
        return f"epochs {low}-{high}"
    return f"epochs {', '.join(map(str, sorted(epochs)))}"


# ------------------------------------------------------------------------------------------------ requests


@dataclass(frozen=True, slots=True)
class Train:
    """Train `arch` over epochs `start + 1 .. stop` of `schedule` and validate at the given epochs.

    `Train(a, "12", 0, 3)` starts afresh and validates after epoch 3. `Train(a, "12", 3, 12)` continues from the
    live checkpoint `12@3`. `Train(a, "200", 0, 100, validate_at=())` buys no validation.
    `start == stop` buys a validation at a live checkpoint, without training.
    """

    arch: Arch
    schedule: str
    start: int
    stop: int
    validate_at: tuple[int, ...] | None = None
    """Epochs after which to validate. Each validation is paid for. None, the default, means `(stop,)`."""
    replicate: int = 0
    """Number of the run's trial of (arch, schedule), from 0. Each replicate is paid in full."""

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.stop or self.stop < 1:
            raise InputError(
                f"start, stop are {self.start}, {self.stop}, but must satisfy 0 <= start <= stop, 1 <= stop"
            )
        if self.validate_at is None:
            object.__setattr__(self, "validate_at", (self.stop,))
        else:
            self._check_validations(self.validate_at)
        if self.replicate < 0:
            raise InputError(f"replicate is {self.replicate}, but must be >= 0")

    def _check_validations(self, epochs: tuple[int, ...]) -> None:
        if any(e < max(1, self.start) or e > self.stop for e in epochs) or list(epochs) != sorted(set(epochs)):
            raise InputError(f"validate_at is {epochs}, but must rise within the segment {self.start}..{self.stop}")
        if self.start == self.stop and not epochs:
            raise InputError(f"start equals stop ({self.stop}) and validate_at is empty: nothing is asked for")

    @property
    def validations(self) -> tuple[int, ...]:
        """`validate_at`, with None replaced by `(stop,)`."""
        return (self.stop,) if self.validate_at is None else self.validate_at

    @property
    def fidelity(self) -> Fidelity:
        """The fidelity that the segment ends at."""
        return Fidelity(self.schedule, self.stop)


@dataclass(frozen=True, slots=True)
class Measure:
    """Measure a property of `arch` that costs time but no training, such as latency or energy."""

    arch: Arch
    metric: str


Request: TypeAlias = Train | Measure


@dataclass(frozen=True, slots=True)
class Ticket:
    """A request that was accepted; `number` counts from 0 within the run."""

    number: int
    request: Request


# ------------------------------------------------------------------------------------------------ outcomes


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of one worker."""

    train_s: float = 0.0
    valid_s: float = 0.0
    setup_s: float = 0.0
    """Building and warming up the network; 0 in a table, where no network is built."""

    @property
    def total_s(self) -> float:
        """Training (or measuring), validation and set-up together."""
        return self.train_s + self.valid_s + self.setup_s


@dataclass(frozen=True, slots=True)
class Curve:
    """The losses and accuracies of one training run over epochs `start + 1 .. stop`.

    A benchmark returns the curve of one segment. A searcher is told the curve so far, with `start == 0`.
    Validation values exist only at the epochs where they were paid for.
    """

    start: int
    train_loss: FloatArray  # (stop - start,)
    train_acc: FloatArray  # (stop - start,) percent
    valid_epochs: tuple[int, ...] = ()
    valid_loss: FloatArray = field(default_factory=lambda: np.empty(0))  # (len(valid_epochs),)
    valid_acc: FloatArray = field(default_factory=lambda: np.empty(0))  # (len(valid_epochs),) percent

    @property
    def stop(self) -> int:
        """The last epoch trained."""
        return self.start + len(self.train_loss)

    @property
    def last_valid_acc(self) -> float:
        """Percent at the latest validated epoch; NaN if no epoch was validated."""
        return float(self.valid_acc[-1]) if self.valid_epochs else float("nan")

    def then(self, segment: "Curve") -> "Curve":
        """Return this curve continued by `segment`. Raises `InputError` unless `segment` starts where it stops."""
        if segment.start != self.stop:
            raise InputError(f"segment starts after epoch {segment.start}, but the curve stops at {self.stop}")
        epochs, loss, acc = segment.valid_epochs, segment.valid_loss, segment.valid_acc
        if not set(epochs).isdisjoint(self.valid_epochs):
            new = [i for i, epoch in enumerate(epochs) if epoch not in self.valid_epochs]
            epochs, loss, acc = tuple(epochs[i] for i in new), loss[new], acc[new]
        return Curve(
            start=self.start,
            train_loss=np.concatenate([self.train_loss, segment.train_loss]),
            train_acc=np.concatenate([self.train_acc, segment.train_acc]),
            valid_epochs=self.valid_epochs + epochs,
            valid_loss=np.concatenate([self.valid_loss, loss]),
            valid_acc=np.concatenate([self.valid_acc, acc]),
        )


@dataclass(frozen=True, slots=True)
class Ok:
    """The segment ended as requested."""

    curve: Curve
    cost: Cost


@dataclass(frozen=True, slots=True)
class Diverged:
    """Training produced NaN or infinity; the curve shows at which epoch."""

    curve: Curve
    cost: Cost


@dataclass(frozen=True, slots=True)
class Measured:
    """The answer to a `Measure`."""

    value: float
    cost: Cost


@dataclass(frozen=True, slots=True)
class Failed:
    """The segment could not be completed: no such trial, out of memory, or a crashed worker."""

    reason: str
    cost: Cost = Cost()


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The searcher dropped the arch before its segment ended. The part that ran is paid for."""

    cost: Cost = Cost()


Outcome: TypeAlias = Ok | Diverged | Measured | Failed | Cancelled


# ----------------------------------------------------------------------------------------------- decisions

Reason: TypeAlias = Mapping[str, float | str]
"""Why a request was made: named figures of the searcher (`stage`, `mean`, `std`, ...), kept in the record."""

NO_REASON: Reason = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Submit:
    """Start these requests, in this order. A request that finds no free worker waits in line."""

    requests: tuple[Request, ...]
    reasons: tuple[Reason, ...] = ()
    """One per request, or empty."""

    def __post_init__(self) -> None:
        if not self.requests:
            raise InputError("requests is empty, but a Submit must hold at least one; to pass, return Wait()")
        if self.reasons and len(self.reasons) != len(self.requests):
            raise InputError(f"reasons has {len(self.reasons)} entries for {len(self.requests)} requests")


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask again after the next outcome. Idle workers are charged for."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Delete the checkpoints of `arch` and cancel its running and waiting segments."""

    arch: Arch


@dataclass(frozen=True, slots=True)
class Stop:
    """End the run before the budget ends."""

    why: str = ""


Decision: TypeAlias = Submit | Wait | Drop | Stop
