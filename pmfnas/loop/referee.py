"""The rules of one run: legal decisions, live checkpoints, and requests that the record answers free of charge.

A checkpoint is the end of a segment that has not been dropped. A drop removes checkpoints and keeps the record. The
record still answers a repeated request, but training can continue only from a live checkpoint.

Breaking a rule raises a `ContractError` that names the searcher's error, the legal values and the remedy.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from operator import lt
from typing import TypeAlias, TypeVar, TypeVarTuple

import numpy as np

from pmfnas.core.errors import ContractError, InputError
from pmfnas.core.ports import Space
from pmfnas.core.types import (
    Arch,
    Cost,
    Curve,
    Decision,
    Diverged,
    Drop,
    Fidelities,
    Fidelity,
    Measure,
    Measured,
    Ok,
    Outcome,
    Request,
    Stop,
    Submit,
    Train,
    Wait,
    describe_epochs,
)

MAX_NUMBER = 10_000
"""Largest epoch and replicate, well within the range of a record's columns."""

_Training: TypeAlias = tuple[Arch, str, int]
"""(arch, schedule, replicate): one training run."""

_WHOLE = (int, np.integer)

_Checkpoints: TypeAlias = dict[tuple[str, int, int], tuple[Curve, float]]
"""(schedule, replicate, epoch) of a live checkpoint -> the curve and the training seconds, both from epoch 0."""

_Args = TypeVarTuple("_Args")
_T = TypeVar("_T")


def guarded(name: str, question: Callable[[*_Args], _T], *args: *_Args) -> _T:
    """Return the answer to the question called `name`; an exception in it becomes a `ContractError`."""
    try:
        return question(*args)
    except ContractError:
        raise
    except SystemExit:
        raise ContractError("the searcher exits from the process that it is a guest in") from None
    except Exception as error:
        raise ContractError(" ".join(f"{name} raised {type(error).__name__}: {error}".split())) from error


class Referee:
    """Tracks the legal requests of one run and its recorded answers."""

    def __init__(self, space: Space, fidelities: Fidelities) -> None:
        self._cardinalities = space.cardinalities
        self._types = (int,) * len(self._cardinalities)
        self._fidelities = fidelities
        self._checkpoints: dict[Arch, _Checkpoints] = {}
        self._known: dict[_Training, list[Curve]] = {}
        self._measured: dict[Measure, Measured] = {}
        self._observed: dict[Arch, Arch] = {}  # archs with a successful segment or measurement, as asked for
        self._recommended: tuple[tuple[Arch, ...], tuple[Arch, ...]] = (
            (),
            (),
        )  # as the searcher said it, and as asked for

    def check_decision(self, decision: Decision, *, n_open: int) -> None:
        """Raise `ContractError` unless `decision` is legal while `n_open` tickets run or wait in line.

        The requests of a `Submit` are checked one by one, with `check_request`, as they start.
        """
        match decision:
            case Submit():
                _check_submit(decision)
            case Wait():
                if n_open == 0:
                    raise ContractError("ask returned Wait() with nothing running, so nothing can end; return Stop()")
            case Drop(arch):
                self.check_arch(arch, "drops")
            case Stop(why):
                if not isinstance(why, str):
                    raise ContractError(f"stops with the reason {why!r}, but a reason is a str")
            case _:
                raise ContractError(f"ask returned {decision!r}, but must return Submit, Wait, Drop or Stop")

    def check_request(self, request: Request) -> None:
        """Raise `ContractError` unless `request` can start now."""
        if not isinstance(request, (Train, Measure)):
            raise ContractError(f"submits {request!r}, but a request is a Train or a Measure")
        self.check_arch(request.arch, "submits")
        if not isinstance(request.schedule if isinstance(request, Train) else request.metric, str):
            raise ContractError(f"submits {request}, but schedules and metrics are named by a str")
        if isinstance(request, Train):
            self._check_training(request)

    def check_arch(self, arch: Arch, verb: str) -> None:
        """Raise `ContractError` unless `arch` is a tuple of `int`, each a choice of its position."""
        choices = self._cardinalities
        if not isinstance(arch, tuple) or tuple(map(type, arch)) != self._types:
            raise ContractError(f"{verb} arch {arch!r}, but an arch is a tuple of {len(choices)} of Python's int")
        if min(arch) < 0 or not all(map(lt, arch, choices)):
            raise ContractError(f"{verb} arch {arch}, but its indices must be from 0 and below {choices}")

    def _check_training(self, request: Train) -> None:
        for number in (request.start, request.stop, request.replicate, *request.validations):
            if not isinstance(number, _WHOLE) or number > MAX_NUMBER:
                whole = f"whole numbers up to {MAX_NUMBER}"
                raise ContractError(f"submits {request}, but epochs and replicates are {whole}")
        try:
            schedule = self._fidelities[request.schedule]
        except InputError as error:
            raise ContractError(f"submits a training whose {error}") from None
        if request.stop > schedule.epochs:
            raise ContractError(
                f"submits {request.fidelity}, but schedule {schedule.name} ends after {schedule.epochs} epochs"
            )
        if not schedule.validation_epochs.issuperset(request.validations):
            unclean = next(e for e in request.validations if e not in schedule.validation_epochs)
            exists = describe_epochs(schedule.validation_epochs)
            raise ContractError(
                f"asks for validation at {Fidelity(schedule.name, unclean)}, but clean values exist at {exists}; "
                "for none say validate_at=()"
            )
        if request.start > 0 and self._checkpoint(request) is None:
            checkpoints = self._checkpoints.get(request.arch, {})
            live = frozenset(e for name, n, e in checkpoints if (name, n) == (schedule.name, request.replicate))
            raise ContractError(
                f"goes on from {schedule.name}@{request.start} of arch {request.arch}, replicate {request.replicate}, "
                f"but live checkpoints exist at {describe_epochs(live)}"
            )

    def answer(self, request: Request) -> Outcome | None:
        """Return the outcome of a request that the record answers, else None."""
        if isinstance(request, Measure):
            return self._measured.get(request)
        for curve in self._known.get(_training(request), ()):
            if curve.stop >= request.stop and set(request.validations).issubset(curve.valid_epochs):
                return Ok(_until(curve, request.stop), Cost())
        return None

    def before_s(self, request: Request) -> float:
        """Return the training seconds from epoch 0 to the start of the request."""
        if isinstance(request, Measure) or request.start == 0:
            return 0.0
        return self._start_of(request)[1]

    def _checkpoint(self, request: Train) -> tuple[Curve, float] | None:
        """Return curve and training seconds of the live checkpoint that the request goes on from; None if none is."""
        return self._checkpoints.get(request.arch, {}).get((request.schedule, request.replicate, request.start))

    def _start_of(self, request: Train) -> tuple[Curve, float]:
        checkpoint = self._checkpoint(request)
        assert checkpoint is not None, "This is a bug: a segment runs without the checkpoint that it goes on from."
        return checkpoint

    def take(self, request: Request, outcome: Outcome) -> Outcome:
        """Return the outcome as it is told, its curve joined to the checkpoint's; store answer and checkpoint."""
        if isinstance(outcome, Measured) and isinstance(request, Measure):
            self._observed[request.arch] = request.arch
            self._measured[request] = replace(outcome, cost=Cost())
        if not isinstance(outcome, (Ok, Diverged)) or not isinstance(request, Train):
            return outcome
        curve, trained_s = outcome.curve, outcome.cost.train_s
        if request.start > 0:
            before, before_s = self._start_of(request)
            curve, trained_s = before.then(curve), before_s + trained_s
        if isinstance(outcome, Ok):
            self._observed[request.arch] = request.arch
            checkpoints = self._checkpoints.setdefault(request.arch, {})
            checkpoints[request.schedule, request.replicate, request.stop] = (curve, trained_s)
            self._known.setdefault(_training(request), []).insert(0, curve)
        return outcome if request.start == 0 else replace(outcome, curve=curve)

    def recommended(self, archs: tuple[Arch, ...]) -> tuple[Arch, ...]:
        """Return a recommendation as archs that were asked for; raise `ContractError` for one without a result."""
        if archs is self._recommended[0]:
            return self._recommended[1]
        known: list[Arch] = []
        try:
            for arch in archs:
                known.append(self._observed[arch])
        except (KeyError, TypeError):  # TypeError: the recommended object cannot be hashed
            self.check_arch(arch, "recommends")
            raise ContractError(f"recommends arch {arch!r}, but was told of no segment of it that ended well") from None
        self._recommended = archs, tuple(known)
        return self._recommended[1]

    def drop(self, arch: Arch) -> None:
        """Forget every checkpoint of `arch`."""
        self._checkpoints.pop(arch, None)


def _check_submit(decision: Submit) -> None:
    """Raise `ContractError` unless requests and reasons are collections that can be recorded."""
    if not isinstance(decision.requests, tuple):
        raise ContractError(f"submits {decision.requests!r}, but the requests of a Submit are a tuple")
    for reason in decision.reasons:
        named = isinstance(reason, Mapping) and all(isinstance(name, str) for name in reason)
        if not named or not all(isinstance(value, int | float | str) for value in reason.values()):
            raise ContractError(f"gives the reason {reason!r}, but reasons map names to float or str")


def _training(request: Train) -> _Training:
    return request.arch, request.schedule, request.replicate


def _until(curve: Curve, stop: int) -> Curve:
    """Return the part of a curve from epoch 1 up to `stop`."""
    kept = np.array([epoch <= stop for epoch in curve.valid_epochs], dtype=bool)
    return Curve(
        start=curve.start,
        train_loss=curve.train_loss[:stop],
        train_acc=curve.train_acc[:stop],
        valid_epochs=tuple(epoch for epoch in curve.valid_epochs if epoch <= stop),
        valid_loss=curve.valid_loss[kept],
        valid_acc=curve.valid_acc[kept],
    )
