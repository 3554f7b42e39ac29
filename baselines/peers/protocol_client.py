"""The searcher's side of the process protocol (`docs/reference/protocol.md`): one file, Python >= 3.8, no dependencies.

    import random
    from protocol_client import serve, submit, train

    class RandomSearch:
        def __init__(self, hello):
            self.hello, self.rng, self.best = hello, random.Random(hello.seed), None

        def ask(self, running, remaining_s):
            return submit(train(self.hello.space.sample(self.rng), "12", 0, 12))

        def tell(self, ticket, outcome):
            if outcome.status == "ok" and (self.best is None or outcome.last_valid_acc > self.best[0]):
                self.best = (outcome.last_valid_acc, ticket.arch)

        def recommend(self):
            return [self.best[1]] if self.best else []

    serve(RandomSearch, name="random search", version="1")

`serve` uses standard output for the protocol alone. Other output of this process goes to standard error, and its
standard input is empty. A searcher that does not fit `ask` and `tell` uses `Connection` directly.
"""

# ruff: noqa: B905  zip(strict=) came with Python 3.10
from __future__ import annotations

import json
import math
import os
import re
import sys
import traceback
from dataclasses import dataclass
from typing import Any, BinaryIO, Callable, Dict, Mapping, Sequence  # noqa: UP035  as Python 3.8 has them

PROTOCOL = 1

Message = Dict[str, Any]  # noqa: UP006  evaluated by Python 3.8
"""A message of the protocol as a dictionary; also a decision or a request within a message."""


class ProtocolError(Exception):
    """The harness sent a message that this client does not understand."""


# ------------------------------------------------------------------------------------------- incoming messages


@dataclass(frozen=True)
class Space:
    """The archs as official strings: the pieces of the template, with one choice between each two pieces."""

    name: str
    choices: tuple[tuple[str, ...], ...]
    template: tuple[str, ...]

    def format(self, indices: Sequence[int]) -> str:
        """Return the official string of an arch given as one index per position. Raises `ValueError` for others."""
        chosen = [names[i] for names, i in zip(self.choices, indices)]
        if len(indices) != len(self.choices) or min(indices) < 0:
            raise ValueError(f"indices is {indices!r}, but an arch has {len(self.choices)} of them, from 0")
        return self.template[0] + "".join(name + after for name, after in zip(chosen, self.template[1:]))

    def parse(self, arch: str) -> tuple[int, ...]:
        """Return the index per position of an official string. Raises `ValueError` for any other text."""
        groups = [f"({'|'.join(map(re.escape, names))})" for names in self.choices]
        pattern = re.escape(self.template[0])
        pattern += "".join(group + re.escape(after) for group, after in zip(groups, self.template[1:]))
        match = re.fullmatch(pattern, arch)
        if match is None:
            raise ValueError(f"{arch!r} is no arch of the space {self.name}")
        return tuple(names.index(name) for names, name in zip(self.choices, match.groups()))

    def sample(self, rng: Any) -> str:
        """Return one arch, uniformly. `rng` is a `random.Random`, or anything with `randrange(n)`."""
        return self.format([rng.randrange(len(names)) for names in self.choices])

    def neighbours(self, arch: str) -> list[str]:
        """Return all archs that differ in one position: by position, then by choice."""
        here = self.parse(arch)
        return [
            self.format([*here[:place], choice, *here[place + 1 :]])
            for place, names in enumerate(self.choices)
            for choice in range(len(names))
            if choice != here[place]
        ]


@dataclass(frozen=True)
class Schedule:
    """A training recipe with its own length."""

    name: str
    epochs: int
    validation_epochs: tuple[int, ...]


@dataclass(frozen=True)
class Hello:
    """The setting of the run."""

    space: Space
    schedules: tuple[Schedule, ...]
    """Shortest first."""
    budget_s: float
    workers: int
    seed: int


@dataclass(frozen=True)
class Ticket:
    """A request that was accepted. `schedule` is empty for a measurement, `metric` for a training."""

    number: int
    kind: str
    arch: str
    schedule: str = ""
    start: int = 0
    stop: int = 0
    validate_at: tuple[int, ...] = ()
    replicate: int = 0
    metric: str = ""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a ticket. Curves start at epoch 1; accuracies are percent; values that are not finite are NaN."""

    status: str
    """`ok`, `diverged`, `measured`, `failed` or `cancelled`."""
    train_s: float
    valid_s: float
    train_loss: tuple[float, ...] = ()
    train_acc: tuple[float, ...] = ()
    valid_epochs: tuple[int, ...] = ()
    valid_loss: tuple[float, ...] = ()
    valid_acc: tuple[float, ...] = ()
    value: float = math.nan
    reason: str = ""

    @property
    def last_valid_acc(self) -> float:
        """Percent at the latest validated epoch; NaN if no epoch was validated."""
        return self.valid_acc[-1] if self.valid_acc else math.nan


# ------------------------------------------------------------------------------------------- outgoing messages


def train(
    arch: str,
    schedule: str,
    start: int,
    stop: int,
    validate_at: Sequence[int] | None = None,
    replicate: int = 0,
) -> Message:
    """Return the request to train epochs `start + 1 .. stop`. `validate_at=None` validates after epoch `stop`."""
    request: Message = {"kind": "train", "arch": arch, "schedule": schedule, "start": int(start), "stop": int(stop)}
    if validate_at is not None:
        request["validate_at"] = [int(epoch) for epoch in validate_at]
    if replicate:
        request["replicate"] = int(replicate)
    return request


def measure(arch: str, metric: str) -> Message:
    """Return the request to measure `metric`."""
    return {"kind": "measure", "arch": arch, "metric": metric}


def submit(*requests: Message, reasons: Sequence[Mapping[str, Any]] = ()) -> Message:
    """Return the decision to start the requests. `reasons` go into the record: one per request, or none."""
    decision: Message = {"type": "submit", "requests": list(requests)}
    return dict(decision, reasons=[dict(reason) for reason in reasons]) if reasons else decision


def wait() -> Message:
    """Return the decision to wait for the next outcome."""
    return {"type": "wait"}


def drop(arch: str) -> Message:
    """Return the decision to delete the checkpoints of `arch` and cancel its running segments."""
    return {"type": "drop", "arch": arch}


def stop(why: str = "") -> Message:
    """Return the decision to end the run."""
    return {"type": "stop", "why": why}


# ---------------------------------------------------------------------------------------------- the connection


class Connection:
    """The two streams of the protocol. It redirects standard output to standard error and empties standard input."""

    def __init__(self) -> None:
        self._in: BinaryIO = os.fdopen(os.dup(0), "rb")
        self._out: BinaryIO = os.fdopen(os.dup(1), "wb")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)

    def receive(self) -> Message | None:
        """Return the next message; None after the last one."""
        line = self._in.readline()
        if not line:
            return None
        message: Message = json.loads(line)
        return None if message["type"] == "end" else message

    def send(self, message: Message) -> None:
        """Send one message."""
        self._out.write(json.dumps(message, allow_nan=False).encode() + b"\n")
        self._out.flush()

    def receive_hello(self) -> Hello:
        """Return the first message. Raises `ProtocolError` unless it is a `hello` of this protocol version."""
        message = self.receive()
        if message is None or message["type"] != "hello" or message["protocol"] != PROTOCOL:
            raise ProtocolError(f"the first message is {message!r}, but must be a hello of protocol {PROTOCOL}")
        return read_hello(message)

    def send_ready(self, name: str, version: str, settings: Mapping[str, Any]) -> None:
        """Answer the first message. Settings are numbers, texts, booleans or None."""
        about = {"name": name, "version": version, "settings": dict(settings)}
        self.send({"type": "ready", "protocol": PROTOCOL, **about})


def read_hello(message: Message) -> Hello:
    """Return the setting that a `hello` describes."""
    space = message["space"]
    return Hello(
        space=Space(space["name"], tuple(map(tuple, space["choices"])), tuple(space["template"])),
        schedules=tuple(
            Schedule(s["schedule"], s["epochs"], tuple(s["validation_epochs"])) for s in message["fidelities"]
        ),
        budget_s=message["budget_s"],
        workers=message["workers"],
        seed=message["seed"],
    )


def read_ticket(message: Message) -> Ticket:
    """Return the ticket in an `ask` or a `tell`."""
    return Ticket(**dict(message, validate_at=tuple(message.get("validate_at", ()))))


def read_outcome(message: Message) -> Outcome:
    """Return the outcome in a `tell`."""
    curve, cost = message.get("curve", {}), message["cost"]
    return Outcome(
        status=message["status"],
        train_s=cost["train_s"],
        valid_s=cost["valid_s"],
        train_loss=_numbers(curve.get("train_loss", ())),
        train_acc=_numbers(curve.get("train_acc", ())),
        valid_epochs=tuple(curve.get("valid_epochs", ())),
        valid_loss=_numbers(curve.get("valid_loss", ())),
        valid_acc=_numbers(curve.get("valid_acc", ())),
        value=_numbers([message.get("value")])[0],
        reason=message.get("reason", ""),
    )


def _numbers(values: Sequence[float | None]) -> tuple[float, ...]:
    return tuple(math.nan if value is None else value for value in values)


def serve(
    make: Callable[[Hello], Any],
    name: str = "",
    version: str = "",
    settings: Mapping[str, Any] | None = None,
) -> None:
    """Run one search: make the searcher from the `hello` and answer until the harness ends the run.

    Args:
        make: called with the `Hello`; returns an object with `ask(running, remaining_s)`, `tell(ticket, outcome)`
            and `recommend()`. `ask` returns the result of `submit`, `wait`, `drop` or `stop`; `recommend` returns
            official strings.
        name: name of the searcher, for the record.
        version: version of the package, for the record.
        settings: settings for the record: numbers, texts, booleans or None.

    An exception of the searcher is sent to the harness. Its traceback goes to standard error, and the process exits
    with code 1.
    """
    connection = Connection()
    try:
        searcher = make(connection.receive_hello())
        connection.send_ready(name, version, settings or {})
        message = connection.receive()
        while message is not None:
            connection.send(_answer(searcher, message))
            message = connection.receive()
    except Exception as error:
        traceback.print_exc()
        connection.send({"type": "error", "message": f"{type(error).__name__}: {error}"[:500]})
        sys.exit(1)


def _answer(searcher: Any, message: Message) -> Message:
    if message["type"] == "ask":
        running = [read_ticket(ticket) for ticket in message["running"]]
        decision: Message = searcher.ask(running, message["remaining_s"])
        return decision
    if message["type"] == "tell":
        searcher.tell(read_ticket(message["ticket"]), read_outcome(message["outcome"]))
        return {"type": "recommend", "archs": list(searcher.recommend())}
    raise ProtocolError(f"message type is {message['type']!r}, but must be ask or tell")
