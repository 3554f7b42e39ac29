"""The plain rule of recommendation, kept up to date one result at a time.

Complete schedules outrank partial ones, then the longer schedule, then epochs, then validation accuracy; on ties
the arch seen first stays ahead. An arch stands in the ranking once, with its best result. Validation is all that
counts; a run that diverged, failed or was cancelled is never recommended.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from pmfnas.core.types import Arch, Fidelities, Ok, Outcome, Ticket, Train

LISTED = 10
"""Archs that a ranking names by default: nobody reads further, and the runner asks after every result."""

_Place: TypeAlias = tuple[bool, int, int, float, int]
"""(partial, -rank of the schedule, -epochs, -percent, first seen): the smallest is the best."""


class Observed:
    """What was observed in a run, ranked by the plain rule.

    >>> observed = Observed(fidelities)
    >>> observed.add(ticket, outcome)  # for every tell, whatever its outcome
    >>> observed.ranking()
    ((3, 3, 1, 3, 1, 3), (3, 3, 3, 3, 1, 3))
    """

    def __init__(self, fidelities: Fidelities) -> None:
        self._schedules: Mapping[str, tuple[int, int]] = MappingProxyType(
            {s.name: (rank, s.epochs) for rank, s in enumerate(fidelities.schedules)}
        )
        self._places: dict[Arch, _Place] = {}
        self._ranked: list[tuple[_Place, Arch]] = []  # rises, so the best comes first

    def add(self, ticket: Ticket, outcome: Outcome) -> None:
        """Take note of an outcome. Anything but an `Ok` of a training that was validated is passed over."""
        request = ticket.request
        if not isinstance(request, Train) or not isinstance(outcome, Ok) or not outcome.curve.valid_epochs:
            return
        valid_acc_pct = outcome.curve.last_valid_acc
        if not math.isfinite(valid_acc_pct):
            return
        rank, full_epochs = self._schedules[request.schedule]
        epochs = outcome.curve.valid_epochs[-1]
        old = self._places.get(request.arch)
        seen = len(self._places) if old is None else old[-1]
        self._move(request.arch, old, (epochs < full_epochs, -rank, -epochs, -valid_acc_pct, seen))

    def _move(self, arch: Arch, old: _Place | None, new: _Place) -> None:
        if old is not None:
            if old <= new:
                return
            del self._ranked[bisect_left(self._ranked, (old, arch))]
        self._places[arch] = new
        insort(self._ranked, (new, arch))

    def ranking(self, n: int = LISTED) -> tuple[Arch, ...]:
        """Return the best `n` archs (fewer where fewer were observed), best first."""
        return tuple(arch for _, arch in self._ranked[:n])
