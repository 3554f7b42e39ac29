"""The plain rule of recommendation, updated with every result.

Complete schedules outrank partial ones, then the longer schedule, then more epochs, then higher validation accuracy.
On ties the arch observed first stays ahead. Each arch is ranked once, by its best result. Only validation counts. A run
that diverged, failed or was cancelled is never recommended.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from pmfnas.core.types import Arch, Fidelities, Ok, Outcome, Ticket, Train

LISTED = 10
"""Number of archs in a ranking. It is short because the runner asks for one after every result."""

_Place: TypeAlias = tuple[bool, int, int, float, int]
"""(partial, -rank of the schedule, -epochs, -percent, first seen): the smallest is the best."""


class Observed:
    """The observed archs of a run, ranked by the plain rule.

    >>> observed = Observed(fidelities)
    >>> observed.add(ticket, outcome)  # for every tell, with any outcome
    >>> observed.ranking()
    ((3, 3, 1, 3, 1, 3), (3, 3, 3, 3, 1, 3))
    """

    def __init__(self, fidelities: Fidelities) -> None:
        self._schedules: Mapping[str, tuple[int, int]] = MappingProxyType(
            {s.name: (rank, s.epochs) for rank, s in enumerate(fidelities.schedules)}
        )
        self._places: dict[Arch, _Place] = {}
        self._ranked: list[tuple[_Place, Arch]] = []  # rises, so the best comes first
        self._listed: tuple[Arch, ...] = ()

    def add(self, ticket: Ticket, outcome: Outcome) -> None:
        """Record an outcome. All outcomes but an `Ok` with a finite validation are ignored."""
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
        place = bisect_left(self._ranked, (new, arch))
        self._ranked.insert(place, (new, arch))
        if place < LISTED:
            self._listed = tuple([arch for _, arch in self._ranked[:LISTED]])

    def ranking(self) -> tuple[Arch, ...]:
        """Return the best archs, best first, at most `LISTED`."""
        return self._listed
