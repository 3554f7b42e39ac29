"""The journal of a search: one line per ended ticket, written to disk before the searcher is told.

    OUT/journal.jsonl     JSON, one event per line, each with a checksum; curves in full

A killed search resumes from the journal (`pmfnas.loop.replay`). The process may die while it writes a line, so an
incomplete last line is cut off. Any other unreadable line is an error.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pmfnas.core.errors import DataError, InputError, PmfnasError
from pmfnas.core.ports import Event, Executor
from pmfnas.core.types import (
    Cancelled,
    Cost,
    Curve,
    Diverged,
    Failed,
    Measure,
    Measured,
    Ok,
    Outcome,
    Request,
    Ticket,
    Train,
)
from pmfnas.files import MOST_BYTES
from pmfnas.seal import SEAL, is_intact, sealed

_KINDS: Mapping[str, type[Outcome]] = {
    "ok": Ok,
    "diverged": Diverged,
    "measured": Measured,
    "failed": Failed,
    "cancelled": Cancelled,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


class Journal:
    """An append-only file of events."""

    def __init__(self, path: Path, *, remedy: str = "make room and go on with --resume") -> None:
        """Set the path of the file, and the remedy in the error message if it cannot be written."""
        self._path, self._remedy = path, remedy

    def read(self) -> list[Event]:
        """Return the events of the file, oldest first, and cut off an incomplete last line."""
        if not self._path.exists():
            return []
        events, n_bytes = list[Event](), 0
        with self._path.open("rb") as stream:
            for number, line in enumerate(iter(partial(stream.readline, MOST_BYTES), b""), start=1):
                if not line.endswith(b"\n") and len(line) < MOST_BYTES:
                    break
                events.append(self._read_line(line.removesuffix(b"\n"), number))
                n_bytes += len(line)
        if n_bytes < self._path.stat().st_size:
            os.truncate(self._path, n_bytes)
        return events

    def _read_line(self, line: bytes, number: int) -> Event:
        try:
            return _event(_checked(line))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError, PmfnasError) as error:
            raise DataError(
                f"{self._path} is damaged in line {number} ({error}); cut it there to go on from before"
            ) from None

    def append(self, event: Event) -> None:
        """Write an event and flush it to the disk; raise `InputError` if writing fails."""
        line = sealed(json.dumps({"seal": SEAL, **_plain(event)}).encode()) + b"\n"
        try:
            with self._path.open("ab") as stream:
                stream.write(line)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise InputError(f"{self._path} cannot be written ({error.strerror}); {self._remedy}") from None


class JournalledExecutor:
    """An executor that writes each event to a journal before returning it. Implements `Executor`."""

    def __init__(self, executor: Executor, journal: Journal) -> None:
        self._executor, self._journal = executor, journal
        self.submit, self.running, self.spent = executor.submit, executor.running, executor.spent

    @property
    def n_free(self) -> int:
        """Number of free slots of the wrapped executor."""
        return self._executor.n_free

    def next_event(self, until_s: float) -> Event | None:
        """Return the next event after writing it to the journal."""
        return self._written(self._executor.next_event(until_s))

    def cancel(self, ticket: Ticket) -> Event | None:
        """Cancel a ticket and return its end after writing it to the journal."""
        return self._written(self._executor.cancel(ticket))

    def _written(self, event: Event | None) -> Event | None:
        if event is not None:
            self._journal.append(event)
        return event


def _plain(event: Event) -> dict[str, Any]:
    request, outcome = event.ticket.request, event.outcome
    told: dict[str, Any] = {"cost": asdict(outcome.cost)}
    if isinstance(outcome, Ok | Diverged):
        told["curve"] = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in asdict(outcome.curve).items()}
    elif isinstance(outcome, Measured):
        told["value"] = outcome.value
    elif isinstance(outcome, Failed):
        told["reason"] = outcome.reason
    return {
        "number": event.ticket.number,
        "kind": "train" if isinstance(request, Train) else "measure",
        "request": asdict(request),
        "outcome": _NAMES[type(outcome)],
        "told": told,
        "time_s": event.time_s,
        "worker": event.worker,
        "start_s": event.start_s,
    }


def _checked(line: bytes) -> Mapping[str, Any]:
    """Return the entries of a line; raise `ValueError` if it is not as it was written."""
    plain = json.loads(line)
    if not is_intact(line, plain.get("seal")):
        raise ValueError("its checksum is another")
    return dict(plain)


def _event(plain: Mapping[str, Any]) -> Event:
    ticket = Ticket(plain["number"], _request(plain["kind"], plain["request"]))
    outcome = _outcome(_KINDS[plain["outcome"]], plain["told"])
    return Event(plain["time_s"], ticket, outcome, plain["worker"], plain["start_s"])


def _request(kind: str, plain: Mapping[str, Any]) -> Request:
    known = {**plain, "arch": tuple(plain["arch"])}
    if kind == "measure":
        return Measure(**known)
    return Train(**{**known, "validate_at": tuple(known["validate_at"])})


def _outcome(kind: type[Outcome], told: Mapping[str, Any]) -> Outcome:
    known = {**told, "cost": Cost(**told["cost"])}
    if "curve" in told:
        known["curve"] = _curve(told["curve"])
    return kind(**known)


def _curve(plain: Mapping[str, Any]) -> Curve:
    arrays = {k: np.array(plain[k], dtype=float) for k in ("train_loss", "train_acc", "valid_loss", "valid_acc")}
    return Curve(start=plain["start"], valid_epochs=tuple(plain["valid_epochs"]), **arrays)
