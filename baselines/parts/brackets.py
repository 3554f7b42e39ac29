"""Brackets of successive halving, as data.

`sizes[0]` archs enter a bracket at rung `first` of a ladder, the best `sizes[1]` of them are promoted to the next rung,
and so on. `Bracket.next` returns the next action as a value and changes nothing:

    Enter(rung=0)          start a new arch at rung 0
    Promote(arch, rung=1)  train `arch` to rung 1
    BARRIER                wait: results of this rung are still missing
    DONE                   the bracket is complete

SuccessiveHalving repeats one shape of bracket, Hyperband cycles through several. BOHB and DEHB do the same with
another choice of archs. The *resource* of a rung is its number of epochs, so the rungs of a ladder need no constant
ratio. All counts are integers (see `pmfnas.core.rungs` for the reason).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, TypeAlias

from pmfnas.core.errors import InputError
from pmfnas.core.types import Arch, Fidelity

Rounding: TypeAlias = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of a bracket: the rung where it enters the ladder, and the number of archs at each rung."""

    first: int
    """Index of the rung at which new archs enter."""
    sizes: tuple[int, ...]
    """Archs per rung, from `first` to the top of the ladder."""

    def __post_init__(self) -> None:
        falling = all(a >= b for a, b in pairwise(self.sizes))
        if self.first < 0 or not self.sizes or self.sizes[-1] < 1 or not falling:
            raise InputError(f"bracket {self} is impossible: sizes must not rise, be at least 1, and start at a rung")


def resources(ladder: Sequence[Fidelity], eta: int | None = None) -> tuple[int, ...]:
    """Return the resource of each rung: its epochs from 0, or with `eta` the rung's power of `eta`.

    >>> resources(ladder), resources(ladder, eta=3)  # of 12@1, 12@3, 12@12, 200@200
    ((1, 3, 12, 200), (1, 3, 9, 27))

    Raises:
        InputError: the epochs do not rise and `eta` is None, or `eta` is below 2.
    """
    if eta is None:
        epochs = tuple(rung.epochs for rung in ladder)
        if any(a >= b for a, b in pairwise(epochs)):
            raise InputError(f"eta is None, but the ladder's epochs {epochs} do not rise; give an eta")
        return epochs
    if not eta >= 2:
        raise InputError(f"eta is {eta}, but must be at least 2, or None to count rungs by their epochs")
    return tuple(eta**k for k in range(len(ladder)))


def halving(n_archs: int, first: int, counts: Sequence[int]) -> Shape:
    """Return a bracket of `n_archs` with about equal cost per rung: n_i = n r_first / r_i, at least 1.

    With counts in constant ratio this is n_i = floor(n eta^-i) (Hyperband, Algorithm 1, line 5).
    """
    if n_archs < 1:
        raise InputError(f"n_archs is {n_archs}, but must be at least 1")
    return Shape(first, tuple(max(1, n_archs * counts[first] // count) for count in counts[first:]))


def hyperband_shapes(counts: Sequence[int], rounding: Rounding = "up") -> tuple[Shape, ...]:
    """Return one round of Hyperband's brackets. The first enters at the lowest rung.

    Args:
        counts: resource of each rung, rising; R is the last.
        rounding: `up` is n = ceil((s_max + 1) / (s + 1) * R / r) (Li et al. 2018, Algorithm 1, line 2), where r is the
            resource of the bracket's first rung and s is the number of rungs above it. `down` rounds
            (s_max + 1) / (s + 1) down first, as HpBandSter and DEHB do.

    >>> [shape.sizes for shape in hyperband_shapes((1, 3, 9), "up")]
    [(9, 3, 1), (5, 1), (3,)]
    """
    n_rungs, highest = len(counts), counts[-1]
    shapes = []
    for first, count in enumerate(counts):
        n_left = n_rungs - first  # s + 1
        if rounding == "up":
            n_archs = -(-n_rungs * highest // (n_left * count))
        else:
            n_archs = -(-(n_rungs // n_left) * highest // count)
        shapes.append(halving(n_archs, first, counts))
    return tuple(shapes)


@dataclass(frozen=True, slots=True)
class Enter:
    """Start a new arch at `rung`."""

    rung: int


@dataclass(frozen=True, slots=True)
class Promote:
    """Train `arch` to `rung`."""

    arch: Arch
    rung: int


Action: TypeAlias = Enter | Promote | Literal["barrier", "done"]
BARRIER: Literal["barrier"] = "barrier"
DONE: Literal["done"] = "done"


@dataclass
class Bracket:
    """A bracket in progress. `next` changes nothing; `start` and `finish` record starts and results."""

    shape: Shape
    level: int = 0
    """Index of the current rung within the bracket, from 0."""
    archs: list[Arch] = field(default_factory=list)
    """Archs of the current rung: those that entered, or above the first rung those promoted to it, best first."""
    n_started: int = 0
    """Number of started archs of the current rung."""
    results: list[tuple[Arch, float]] = field(default_factory=list)
    """Results of the current rung in order of arrival: (arch, percent), -inf if training failed."""
    n_archs: int = field(init=False)
    """Number of archs that the current rung takes."""

    def __post_init__(self) -> None:
        self.n_archs = self.shape.sizes[0]

    @property
    def rung(self) -> int:
        """Index of the current rung in the ladder."""
        return self.shape.first + self.level

    @property
    def has_work(self) -> bool:
        """Whether an arch can start at the current rung."""
        return self.n_started < self.n_archs

    @property
    def is_done(self) -> bool:
        """Whether all archs of the last rung have results."""
        return not self.has_work and len(self.results) >= self.n_archs

    def next(self) -> Action:
        """Return the next action."""
        if self.has_work:
            return Promote(self.archs[self.n_started], self.rung) if self.level else Enter(self.rung)
        return DONE if self.is_done else BARRIER

    def start(self, arch: Arch) -> None:
        """Record the start of `arch`: the arch that `next` named, or a substitute."""
        self.archs[self.n_started : self.n_started + 1] = [arch]
        self.n_started += 1

    def finish(self, arch: Arch, value: float) -> tuple[Arch, ...]:
        """Record the result of `arch` at the current rung. Return the archs that this eliminates."""
        self.results.append((arch, value))
        return self._climb()

    def close(self) -> tuple[Arch, ...]:
        """Let no more archs enter because the space is exhausted. Return the archs that this eliminates."""
        self.n_archs = self.n_started
        return self._climb()

    def _climb(self) -> tuple[Arch, ...]:
        """Go to the next rung if the current one is complete. Return the archs that are not promoted."""
        if len(self.results) < self.n_archs:
            return ()
        top = self.level + 1 == len(self.shape.sizes)
        best = [] if top else best_of(self.archs, self.results, self.shape.sizes[self.level + 1])
        promoted = set(best)
        left = tuple(arch for arch in self.archs if arch not in promoted)
        if best:
            self.level, self.archs, self.results = self.level + 1, best, []
            self.n_started, self.n_archs = 0, len(best)
        return left


def best_of(archs: Sequence[Arch], results: Sequence[tuple[Arch, float]], n_best: int) -> list[Arch]:
    """Return the `n_best` archs with the highest results, best first; fewer if fewer have a finite result.

    Ties go to the arch that comes first in `archs`.
    """
    values = {arch: value for arch, value in results if value > -math.inf}
    alive = [arch for arch in dict.fromkeys(archs) if arch in values]
    return sorted(alive, key=lambda arch: -values[arch])[:n_best]
