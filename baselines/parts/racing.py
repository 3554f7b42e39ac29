"""The loop of successive halving, Hyperband, BOHB and DEHB: it runs brackets on one climber."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from baselines.parts.brackets import Bracket, Enter, Promote, Shape
from baselines.parts.climbing import Climber
from baselines.parts.evaluations import exhausted
from baselines.parts.sampling import unseen
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Decision, Outcome, Ticket, Wait

Choose: TypeAlias = Callable[[Enter | Promote, Bracket], Arch | None]
"""Returns the arch for a bracket's action; it must not be in flight. Returns None if the space is exhausted."""


def random_entrants(space: Space, *, rng: np.random.Generator) -> Choose:
    """Return a choice that enters random archs without repetition and promotes the archs that the bracket names."""
    seen: set[Arch] = set()

    def choose(action: Enter | Promote, bracket: Bracket) -> Arch | None:
        del bracket
        if isinstance(action, Promote):
            return action.arch
        arch = unseen(space, seen, rng=rng)
        if arch is not None:
            seen.add(arch)
        return arch

    return choose


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a ticket."""

    arch: Arch
    rung: int
    value: float
    """Percent; -inf if training diverged, failed or was cancelled."""
    out: tuple[Arch, ...]
    """Archs that this result eliminates from their bracket."""


class Race:
    """Runs brackets of `shapes`, in turn and without end. `choose` selects their archs.

    With `overlap`, a worker that meets a barrier works on the next bracket; without, it waits.
    """

    def __init__(self, climber: Climber, shapes: Sequence[Shape], choose: Choose, *, overlap: bool) -> None:
        self._climber = climber
        self._shapes = tuple(shapes)
        self._choose = choose
        self._overlap = overlap
        self._brackets: list[Bracket] = []  # in progress, oldest first
        self._bracket_of: dict[Arch, Bracket] = {}  # archs in flight
        self._n_opened = 0
        self._exhausted = False

    def ask(self, running: Sequence[Ticket]) -> Decision:
        """Return the next decision while a worker is free."""
        while True:
            queued = self._climber.queued()
            if queued is not None:
                return queued
            bracket = self._eligible()
            if bracket is None:
                return exhausted(running) if self._exhausted else Wait()
            decision = self._advance(bracket)
            if decision is not None:
                return decision

    def _eligible(self) -> Bracket | None:
        """Return the oldest bracket that can use a worker, a new one if that is allowed, or None."""
        for bracket in self._brackets:
            if bracket.has_work:
                return bracket
        if self._exhausted or (self._brackets and not self._overlap):
            return None
        self._brackets.append(Bracket(self._shapes[self._n_opened % len(self._shapes)]))
        self._n_opened += 1
        return self._brackets[-1]

    def _advance(self, bracket: Bracket) -> Decision | None:
        """Return the decision for the next action of `bracket`; None if the space is exhausted."""
        action = bracket.next()
        assert not isinstance(action, str), "This is a bug: a bracket that waits or is done was taken for eligible."
        arch = self._choose(action, bracket)
        if arch is None:
            self._exhausted = True
            self._climber.drop(bracket.close())
            self._clear(bracket)
            return None
        bracket.start(arch)
        self._bracket_of[arch] = bracket
        return self._climber.take(arch, action.rung)

    def _clear(self, bracket: Bracket) -> None:
        """Remove a bracket that is done."""
        if bracket.is_done:
            self._brackets = [other for other in self._brackets if other is not bracket]

    def tell(self, ticket: Ticket, outcome: Outcome) -> Result:
        """Record the outcome of a ticket and return its result."""
        arch, rung, value = self._climber.note(ticket, outcome)
        bracket = self._bracket_of.pop(arch)
        out = bracket.finish(arch, value)
        self._clear(bracket)
        return Result(arch, rung, value, out)
