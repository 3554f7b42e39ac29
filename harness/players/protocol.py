"""The messages of the process protocol: values to JSON lines, and lines back to values, checked.

`docs/reference/protocol.md` describes every message. Messages that are sent are made from our own values. Messages that
are received are checked against the types declared below before they are used. Every fault is a `ContractError` that
names the field, the value received and what it must be; it is the reason of a failed run in the record.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from msgspec import Meta, Struct, ValidationError, convert

from harness.players.space_text import space_text
from pmfnas.core.errors import ContractError, InputError
from pmfnas.core.ports import Space
from pmfnas.core.types import (
    Arch,
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
    Ticket,
    Train,
    Wait,
)

PROTOCOL = 1
MAX_LINE_BYTES = 2**20
MAX_DEPTH = 16
MAX_ITEMS = 1000
"""Requests in a submit, archs in a recommendation."""
_SHOWN, MAX_WHY = 80, 200
_T = TypeVar("_T")

Message: TypeAlias = Mapping[str, Any]
Parse: TypeAlias = Callable[[str], Arch]
"""`Space.parse`, or a cached form of it."""


# ------------------------------------------------------------------------------------------------------ lines


def encode(message: Message) -> bytes:
    """Return the line of a message."""
    return json.dumps(message, allow_nan=False).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """Return the message in a line; raise `ContractError` unless it is one JSON object within the limits."""
    if len(line) > MAX_LINE_BYTES:
        raise ContractError(f"wrote a line of {len(line)} bytes, but a line has at most {MAX_LINE_BYTES}")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ContractError(f"wrote {shown(line)}, which is not UTF-8 ({error.reason})") from None
    if _depth(text) > MAX_DEPTH:
        raise ContractError(f"wrote {shown(text)}, which is nested deeper than {MAX_DEPTH} levels")
    try:
        message = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse_constant)
    except ValueError as error:
        raise ContractError(f"wrote {shown(text)}, which is not JSON ({error})") from None
    if not isinstance(message, dict):
        raise ContractError(f"wrote {shown(text)}, but a message is a JSON object")
    try:
        json.dumps(message, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half of a surrogate pair: legal JSON that no file can hold
        raise ContractError(f"wrote {shown(text)}, which is no Unicode text") from None
    return message


def shown(raw: object) -> str:
    """Return the beginning of what was received, on one line of ASCII."""
    text = ascii(raw)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _depth(text: str) -> int:
    """Return how deep brackets nest outside of strings, without a parser that such a text could exhaust."""
    depth = deepest = 0
    for bracket in re.findall(r'[\[{\]}]|"(?:[^"\\]|\\.)*"?', text):
        if bracket in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif bracket in "]}":
            depth -= 1
    return deepest


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {shown(twice)} stands twice")
    return made


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


# ---------------------------------------------------------------------------------------- what the harness says


def hello(space: Space, fidelities: Fidelities, budget_s: float, n_workers: int, *, seed: int) -> Message:
    """Return the first message."""
    text = space_text(space)
    return {
        "type": "hello",
        "protocol": PROTOCOL,
        "space": {"name": space.name, "choices": text.choices, "template": text.template},
        "fidelities": [
            {"schedule": s.name, "epochs": s.epochs, "validation_epochs": sorted(s.validation_epochs)}
            for s in fidelities.schedules
        ],
        "budget_s": budget_s,
        "workers": n_workers,
        "seed": seed,
    }


def ask(running: Sequence[Ticket], remaining_s: float, space: Space) -> Message:
    """Return the `ask` message."""
    return {"type": "ask", "running": [_ticket(ticket, space) for ticket in running], "remaining_s": remaining_s}


def tell(ticket: Ticket, outcome: Outcome, space: Space) -> Message:
    """Return the message that a ticket has ended."""
    return {"type": "tell", "ticket": _ticket(ticket, space), "outcome": _outcome(outcome)}


def end(why: str) -> Message:
    """Return the last message."""
    return {"type": "end", "why": why}


def _ticket(ticket: Ticket, space: Space) -> Message:
    request = ticket.request
    arch = space.format(request.arch)
    if isinstance(request, Measure):
        return {"number": ticket.number, "kind": "measure", "arch": arch, "metric": request.metric}
    return {
        "number": ticket.number,
        "kind": "train",
        "arch": arch,
        "schedule": request.schedule,
        "start": request.start,
        "stop": request.stop,
        "validate_at": list(request.validations),
        "replicate": request.replicate,
    }


def _outcome(outcome: Outcome) -> Message:
    cost = _cost(outcome.cost)
    match outcome:
        case Ok(curve):
            return {"status": "ok", "cost": cost, "curve": _curve(curve)}
        case Diverged(curve):
            return {"status": "diverged", "cost": cost, "curve": _curve(curve)}
        case Measured(value):
            return {"status": "measured", "cost": cost, "value": _finite(value)}
        case Failed(reason):
            return {"status": "failed", "cost": cost, "reason": reason}
        case _:
            return {"status": "cancelled", "cost": cost}


def _cost(cost: Cost) -> Message:
    return {"train_s": float(cost.train_s), "valid_s": float(cost.valid_s)}


def _curve(curve: Curve) -> Message:
    return {
        "train_loss": [_finite(value) for value in curve.train_loss.tolist()],
        "train_acc": [_finite(value) for value in curve.train_acc.tolist()],
        "valid_epochs": list(curve.valid_epochs),
        "valid_loss": [_finite(value) for value in curve.valid_loss.tolist()],
        "valid_acc": [_finite(value) for value in curve.valid_acc.tolist()],
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


# -------------------------------------------------------------------------------------- what the searcher says

_Text: TypeAlias = Annotated[str, Meta(max_length=500)]
_ArchText: TypeAlias = Annotated[str, Meta(max_length=1000)]
_Whole: TypeAlias = Annotated[int, Meta(ge=0, le=10_000)]
_Number: TypeAlias = Annotated[int, Meta(ge=-(2**53), le=2**53)] | Annotated[float, Meta(ge=-1e300, le=1e300)]


class _Said(Struct, frozen=True, forbid_unknown_fields=True):
    """A message or a part of one; unknown, missing and wrong fields are refused."""


class Ready(_Said, frozen=True, tag="ready"):
    """Name, version and settings of a searcher."""

    protocol: _Whole
    name: _Text = ""
    version: _Text = ""
    settings: Annotated[dict[_Text, _Number | _Text | bool | None], Meta(max_length=MAX_ITEMS)] = {}


class _Submit(_Said, frozen=True, tag="submit"):
    requests: Annotated[list[dict[str, Any]], Meta(max_length=MAX_ITEMS)]
    reasons: Annotated[list[dict[_Text, _Number | _Text]], Meta(max_length=MAX_ITEMS)] = []


class _Wait(_Said, frozen=True, tag="wait"):
    pass


class _Drop(_Said, frozen=True, tag="drop"):
    arch: _ArchText


class _Stop(_Said, frozen=True, tag="stop"):
    why: _Text = ""


class _Recommend(_Said, frozen=True, tag="recommend"):
    archs: Annotated[list[_ArchText], Meta(max_length=MAX_ITEMS)]


class _Error(_Said, frozen=True, tag="error"):
    message: _Text


class _Train(_Said, frozen=True):
    arch: _ArchText
    schedule: _Text
    start: _Whole
    stop: _Whole
    validate_at: Annotated[tuple[_Whole, ...], Meta(max_length=MAX_ITEMS)] | None = None
    replicate: _Whole = 0
    kind: Literal["train"] = "train"


class _Measure(_Said, frozen=True):
    arch: _ArchText
    metric: _Text
    kind: Literal["measure"] = "measure"


def read_ready(message: Message) -> Ready:
    """Return a `ready`; raise `ContractError` for another message or another protocol."""
    ready: Ready = _heard(message, ("ready",), Ready)
    if ready.protocol != PROTOCOL:
        raise ContractError(f"speaks protocol {ready.protocol}, but this harness speaks {PROTOCOL}")
    return ready


def read_decision(message: Message, parse: Parse) -> Decision:
    """Return the decision of a searcher; raise `ContractError` where it is none."""
    match _heard(message, ("submit", "wait", "drop", "stop"), _Submit | _Wait | _Drop | _Stop):
        case _Submit(requests, reasons):
            made = tuple(_request(request, i, parse) for i, request in enumerate(requests))
            return _made(lambda: Submit(made, tuple(reasons)))
        case _Drop(arch):
            return Drop(_arch(arch, parse))
        case _Stop(why):
            return Stop(" ".join(why.split()))
        case _:
            return Wait()


def read_recommend(message: Message, parse: Parse) -> tuple[Arch, ...]:
    """Return the recommended archs, best first; raise `ContractError` where the message is no `recommend`."""
    return tuple(_arch(text, parse) for text in _heard(message, ("recommend",), _Recommend).archs)


def _heard(message: Message, expected: Sequence[str], kind: Any) -> Any:
    """Return a message as one of the kinds expected; raise `ContractError` for another, or an error of the searcher."""
    named = message.get("type")
    if named == "error":
        raise ContractError(f"gave up: {' '.join(_converted(message, _Error, 'error').message.split())}")
    if named not in expected:
        raise ContractError(f"answered with type {shown(named)}, but must answer with {' or '.join(expected)}")
    return _converted(message, kind, str(named))


def _request(message: Message, number: int, parse: Parse) -> Request:
    kind, where = message.get("kind", "train"), f"submit.requests[{number}]"
    if kind == "measure":
        measure = _converted(message, _Measure, where)
        return Measure(_arch(measure.arch, parse), measure.metric)
    if kind != "train":
        raise ContractError(f"{where}.kind is {shown(kind)}, but must be train or measure")
    train = _converted(message, _Train, where)
    arch, epochs = _arch(train.arch, parse), train.validate_at
    return _made(lambda: Train(arch, train.schedule, train.start, train.stop, epochs, train.replicate))


def _converted(message: Message, kind: Any, name: str) -> Any:
    """Return the message as a `kind`; raise `ContractError` that names the field, its value and what it must be."""
    try:
        return convert(message, kind)
    except ValidationError as error:
        why, _, path = str(error).partition(" - at `")
        value: Any = message
        for field, place in re.findall(r"\.(\w+)|\[(\d+)\]", path):
            value = value[field] if field else value[int(place)]
        where = name + re.sub(r"^.*?\$|`$", "", path)
        told = why.encode("unicode_escape").decode()[:MAX_WHY]  # it may quote the name of a field that was received
        raise ContractError(f"{where} is {shown(value)}: {told}; docs/reference/protocol.md describes it") from None


def _made(make: Callable[[], _T]) -> _T:
    try:
        return make()
    except InputError as error:
        raise ContractError(f"submits what cannot be: {error}") from None


def _arch(text: str, parse: Parse) -> Arch:
    try:
        return parse(text)
    except InputError as error:
        raise ContractError(str(error)) from None
