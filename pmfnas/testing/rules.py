"""The rules of the ports, as bookkeeping: what a searcher may do now, and what the record answers free of charge.

Each rule that is broken raises a `ContractError` that says what was done, what is legal, and what to do instead.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from pmfnas.core.errors import ContractError
from pmfnas.core.ports import Space
from pmfnas.core.types import (
    Arch,
    Cancelled,
    Cost,
    Curve,
    Decision,
    Diverged,
    Drop,
    Failed,
    Fidelities,
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

_Run: TypeAlias = tuple[Arch, str, int]
"""(arch, schedule, replicate): one training run."""


@dataclass
class Rules:
    """What is legal in one run so far."""

    space: Space
    fidelities: Fidelities
    observed: set[Arch] = field(default_factory=set)
    """Archs with a segment or a measurement that ended well: those that may be recommended."""
    _checkpoints: dict[_Run, dict[int, Curve]] = field(default_factory=dict)
    _record: dict[_Run, list[Curve]] = field(default_factory=dict)
    _measured: dict[Measure, Measured] = field(default_factory=dict)

    # -- what a searcher may decide --------------------------------------------------------------------------

    def check_decision(self, decision: Decision, *, n_open: int) -> None:
        """Raise `ContractError` unless `decision` is legal while `n_open` tickets run or wait in line.

        The requests of a `Submit` are checked one by one, with `check_request`, as they start.
        """
        match decision:
            case Submit(requests, reasons):
                _check_reasons(requests, reasons)
            case Wait():
                if n_open == 0:
                    raise ContractError("ask returned Wait() with nothing running, so nothing can end; return Stop()")
            case Drop(arch):
                self.check_arch(arch, "drops")
            case Stop():
                pass
            case _:
                raise ContractError(f"ask returned {decision!r}, but must return Submit, Wait, Drop or Stop")

    def check_arch(self, arch: Arch, verb: str) -> None:
        """Raise `ContractError` unless `arch` is a tuple of `int`, each a choice of its position."""
        choices = self.space.cardinalities
        if not isinstance(arch, tuple) or len(arch) != len(choices) or not all(type(i) is int for i in arch):
            raise ContractError(f"{verb} arch {arch!r}, but an arch is a tuple of {len(choices)} of Python's int")
        if not all(0 <= i < n for i, n in zip(arch, choices, strict=True)):
            raise ContractError(f"{verb} arch {arch}, but its indices must be from 0 and below {choices}")

    def check_request(self, request: Request) -> None:
        """Raise `ContractError` unless `request` can start now."""
        if not isinstance(request, Train | Measure):
            raise ContractError(f"submits {request!r}, but a request is a Train or a Measure")
        self.check_arch(request.arch, "submits")
        if isinstance(request, Train):
            self._check_training(request)

    def _check_training(self, request: Train) -> None:
        schedule = next((s for s in self.fidelities.schedules if s.name == request.schedule), None)
        if schedule is None:
            known = ", ".join(s.name for s in self.fidelities.schedules)
            raise ContractError(f"submits schedule {request.schedule!r}, but the schedules are: {known}")
        if request.stop > schedule.epochs:
            raise ContractError(
                f"submits {request.fidelity}, but schedule {schedule.name} has {schedule.epochs} epochs"
            )
        unclean = sorted(set(request.validations) - schedule.validation_epochs)
        if unclean:
            raise ContractError(
                f"validates at {schedule.name}@{unclean[0]}, but clean values exist at "
                f"{describe_epochs(schedule.validation_epochs)}; for none say validate_at=()"
            )
        live = self._checkpoints.get(_run(request), {})
        if request.start > 0 and request.start not in live:
            raise ContractError(
                f"goes on from {schedule.name}@{request.start} of arch {request.arch}, replicate {request.replicate}, "
                f"but live checkpoints exist at {describe_epochs(frozenset(live))}"
            )

    def check_recommended(self, archs: Sequence[Arch]) -> None:
        """Raise `ContractError` unless every arch was told of with a result."""
        for arch in archs:
            self.check_arch(arch, "recommends")
            if arch not in self.observed:
                raise ContractError(f"recommends arch {arch}, but was told of no segment of it that ended well")

    # -- what becomes of a request -----------------------------------------------------------------------------

    def answer(self, request: Request) -> Ok | Measured | None:
        """Return what the record holds of `request`, at no cost; None where it must run."""
        if isinstance(request, Measure):
            return self._measured.get(request)
        for curve in self._record.get(_run(request), ()):
            if curve.stop >= request.stop and set(request.validations) <= set(curve.valid_epochs):
                return Ok(_up_to(curve, request.stop), Cost())
        return None

    def take(self, request: Request, outcome: Outcome) -> Outcome:
        """Return `outcome` as the searcher is told it, curves from epoch 1, and keep what it brings."""
        match outcome:
            case Ok(curve) if isinstance(request, Train):
                whole = self._joined(request, curve)
                self.observed.add(request.arch)
                self._checkpoints.setdefault(_run(request), {})[request.stop] = whole
                self._record.setdefault(_run(request), []).insert(0, whole)
                return replace(outcome, curve=whole)
            case Diverged(curve) if isinstance(request, Train):
                return replace(outcome, curve=self._joined(request, curve))
            case Measured() if isinstance(request, Measure):
                self.observed.add(request.arch)
                self._measured[request] = replace(outcome, cost=Cost())
                return outcome
            case Failed() | Cancelled():
                return outcome
            case _:
                raise AssertionError(f"This is a bug: {outcome} cannot end {request}.")

    def _joined(self, request: Train, segment: Curve) -> Curve:
        return self._checkpoints[_run(request)][request.start].then(segment) if request.start > 0 else segment

    def drop(self, arch: Arch) -> None:
        """Forget the checkpoints of `arch`; the record keeps what it showed."""
        self._checkpoints = {run: live for run, live in self._checkpoints.items() if run[0] != arch}


def _check_reasons(requests: Collection[Request], reasons: Sequence[object]) -> None:
    if not isinstance(requests, tuple):
        raise ContractError(f"submits {requests!r}, but the requests of a Submit are a tuple")
    for reason in reasons:
        values = list(reason.values()) if hasattr(reason, "values") else [reason]
        bad = [value for value in values if not isinstance(value, int | float | str)]
        if bad:
            raise ContractError(f"gives the reason {bad[0]!r}, but reasons map names to float or str")


def _run(request: Train) -> _Run:
    return request.arch, request.schedule, request.replicate


def _up_to(curve: Curve, stop: int) -> Curve:
    """Return the epochs 1 .. `stop` of a curve."""
    n_valid = sum(epoch <= stop for epoch in curve.valid_epochs)
    return Curve(
        start=0,
        train_loss=curve.train_loss[:stop],
        train_acc=curve.train_acc[:stop],
        valid_epochs=curve.valid_epochs[:n_valid],
        valid_loss=curve.valid_loss[:n_valid],
        valid_acc=curve.valid_acc[:n_valid],
    )
