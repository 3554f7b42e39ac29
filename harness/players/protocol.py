"""The messages of the process protocol: values to JSON lines, and lines back to values, checked.

`docs/reference/protocol.md` describes every message. Here is nothing but text: what is sent is made from our own
values, what is received is checked field by field before anything is made of it. Every fault is a `ContractError` that
says what was received, so that it can stand in a record as the reason of a failed run.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

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
MAX_TEXT = 500
MAX_ARCH = 1000
MAX_WHOLE = 10_000
"""Bound of epochs and replicates."""
_SHOWN = 80
_T = TypeVar("_T")

Message: TypeAlias = Mapping[str, Any]
Parse: TypeAlias = Callable[[str], Arch]
"""`Space.parse`, or what answers like it."""
_Reader: TypeAlias = Callable[[Any, str], Any]
"""Returns the checked value of a field; the text names the field."""


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
    """Return the question what to do next."""
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


@dataclass(frozen=True, slots=True)
class About:
    """What a searcher says of itself in its `ready`."""

    name: str = ""
    version: str = ""
    settings: Mapping[str, float | str | bool | None] = field(default_factory=dict)


def read_ready(message: Message) -> About:
    """Return what a `ready` says; raise `ContractError` where it is none, or of another protocol."""
    kind = _type_of(message, ("ready",))
    fields = _fields(message, kind, {"protocol": _whole}, {"name": _text, "version": _text, "settings": _settings})
    if fields["protocol"] != PROTOCOL:
        raise ContractError(f"speaks protocol {fields['protocol']}, but this harness speaks {PROTOCOL}")
    return About(fields.get("name", ""), fields.get("version", ""), fields.get("settings", {}))


def read_decision(message: Message, parse: Parse) -> Decision:
    """Return the decision of a searcher; raise `ContractError` where it is none."""
    kind = _type_of(message, ("submit", "wait", "drop", "stop"))
    if kind == "submit":
        fields = _fields(message, kind, {"requests": _objects}, {"reasons": _reasons})
        requests = tuple(_request(request, parse) for request in fields["requests"])
        return _made(lambda: Submit(requests, tuple(fields.get("reasons", ()))))
    if kind == "drop":
        return Drop(_arch(_fields(message, kind, {"arch": _arch_text})["arch"], parse))
    if kind == "stop":
        return Stop(" ".join(_fields(message, kind, {}, {"why": _text}).get("why", "").split()))
    _fields(message, kind, {})
    return Wait()


def read_recommend(message: Message, parse: Parse) -> tuple[Arch, ...]:
    """Return the recommended archs, best first; raise `ContractError` where the message is no `recommend`."""
    fields = _fields(message, _type_of(message, ("recommend",)), {"archs": _arch_texts})
    return tuple(_arch(text, parse) for text in fields["archs"])


def _type_of(message: Message, expected: Sequence[str]) -> str:
    kind = message.get("type")
    if kind == "error":
        said = _fields(message, "error", {"message": _text})["message"]
        raise ContractError(f"gave up: {' '.join(said.split())}")
    if kind not in expected:
        raise ContractError(f"answered with type {shown(kind)}, but must answer with {' or '.join(expected)}")
    return str(kind)


def _request(message: Message, parse: Parse) -> Request:
    kind = message.get("kind", "train")
    if kind == "measure":
        fields = _fields(message, "measure", {"arch": _arch_text, "metric": _text}, {"kind": _text})
        return Measure(_arch(fields["arch"], parse), fields["metric"])
    if kind != "train":
        raise ContractError(f"submits a request of kind {shown(kind)}, but must be train or measure")
    needed: dict[str, _Reader] = {"arch": _arch_text, "schedule": _text, "start": _whole, "stop": _whole}
    also: dict[str, _Reader] = {"kind": _text, "validate_at": _wholes, "replicate": _whole}
    fields = _fields(message, "train", needed, also)
    epochs = tuple(fields["validate_at"]) if "validate_at" in fields else None
    arch, replicate = _arch(fields["arch"], parse), fields.get("replicate", 0)
    return _made(lambda: Train(arch, fields["schedule"], fields["start"], fields["stop"], epochs, replicate))


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


# --------------------------------------------------------------------------------------------------- the fields


def _fields(
    message: Message, what: str, needed: Mapping[str, _Reader], also: Mapping[str, _Reader] | None = None
) -> dict[str, Any]:
    """Return the checked fields of a message; raise `ContractError` for one that lacks or is too many."""
    known = {**needed, **(also or {})}
    for name in needed:
        if name not in message:
            raise ContractError(f"{what} lacks the field {name!r}")
    for name in message:
        if name not in known and name != "type":
            raise ContractError(f"{what} has the field {shown(name)}, but must have: {', '.join(known) or 'none'}")
    return {name: read(message[name], f"{what}.{name}") for name, read in known.items() if name in message}


def _text(value: Any, name: str, *, longest: int = MAX_TEXT) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise ContractError(f"{name} is {shown(value)}, but must be a text of at most {longest} characters")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair: legal JSON that no file can hold
        raise ContractError(f"{name} is {shown(value)}, which is no Unicode text") from None
    return value


def _arch_text(value: Any, name: str) -> str:
    return _text(value, name, longest=MAX_ARCH)


def _whole(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_WHOLE:
        raise ContractError(f"{name} is {shown(value)}, but must be a whole number in 0..{MAX_WHOLE}")
    return value


def _items(value: Any, name: str, *, longest: int = MAX_ITEMS) -> list[Any]:
    if not isinstance(value, list) or len(value) > longest:
        raise ContractError(f"{name} is {shown(value)}, but must be a list of at most {longest}")
    return value


def _wholes(value: Any, name: str) -> list[int]:
    return [_whole(item, name) for item in _items(value, name)]


def _arch_texts(value: Any, name: str) -> list[str]:
    return [_arch_text(item, name) for item in _items(value, name)]


def _objects(value: Any, name: str) -> list[dict[str, Any]]:
    for item in _items(value, name):
        if not isinstance(item, dict):
            raise ContractError(f"{name} holds {shown(item)}, but must hold objects")
    return list(value)


def _figures(value: Any, name: str, *, kinds: tuple[type, ...]) -> dict[str, Any]:
    """Return an object of plain values, all of the `kinds`."""
    if not isinstance(value, dict) or len(value) > MAX_ITEMS:
        raise ContractError(f"{name} is {shown(value)}, but must be an object of at most {MAX_ITEMS} fields")
    for key, item in value.items():
        _text(key, f"{name}, a key,")
        if isinstance(item, str):
            _text(item, f"{name}.{key}")
        elif type(item) not in kinds or (isinstance(item, int | float) and not abs(item) < 1e300):
            raise ContractError(f"{name}.{shown(key)} is {shown(item)}, but must be a finite number or a text")
    return value


def _reasons(value: Any, name: str) -> list[dict[str, Any]]:
    return [_figures(item, name, kinds=(int, float)) for item in _objects(value, name)]


def _settings(value: Any, name: str) -> dict[str, Any]:
    return _figures(value, name, kinds=(int, float, bool, type(None)))
