"""Brackets of successive halving, as data.

A bracket is a race: `sizes[0]` archs enter at rung `first` of a ladder, the best `sizes[1]` go on to the next rung,
and so on. What it wants next is a value, never a side effect:

    Enter(rung=0)          start a new arch at rung 0
    Promote(arch, rung=1)  take `arch` on to rung 1
    BARRIER                nothing before a result that is still out: the rung is a barrier
    DONE                   nothing any more

SuccessiveHalving runs one kind of bracket, Hyperband cycles through several, BOHB and DEHB do the same and choose
the archs differently. Rungs count by their *resource* in epochs of training, so the rungs of a ladder need no
constant ratio; all counting is done with integers (see `pmfnas.core.rungs` for why).
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
    """Size of a bracket: where it enters the ladder, and how many archs each of its rungs takes."""

    first: int
    """Rung of the ladder that new archs enter at."""
    sizes: tuple[int, ...]
    """Archs per rung, from `first` to the top of the ladder."""

    def __post_init__(self) -> None:
        falling = all(a >= b for a, b in pairwise(self.sizes))
        if self.first < 0 or not self.sizes or self.sizes[-1] < 1 or not falling:
            raise InputError(f"bracket {self} is impossible: sizes must not rise, be at least 1, and start at a rung")


def resources(ladder: Sequence[Fidelity], eta: int | None = None) -> tuple[int, ...]:
    """Return what each rung counts: its epochs from 0, or with `eta` the rung's power of `eta`.

    >>> resources(ladder), resources(ladder, eta=3)  # of 12@1, 12@3, 12@12, 200@200
    ((1, 3, 12, 200), (1, 3, 9, 27))
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
    """Return the bracket of `n_archs` that spends about the same on each rung: n_i = n r_first / r_i, at least 1.

    With counts in constant ratio this is n_i = floor(n eta^-i) (Hyperband, Algorithm 1, line 5).
    """
    if n_archs < 1:
        raise InputError(f"n_archs is {n_archs}, but must be at least 1")
    return Shape(first, tuple(max(1, n_archs * counts[first] // count) for count in counts[first:]))


def hyperband_shapes(counts: Sequence[int], rounding: Rounding = "up") -> tuple[Shape, ...]:
    """Return one round of Hyperband's brackets, the one that enters lowest first.

    Args:
        counts: resource of each rung, rising; R is the last.
        rounding: `up` is n = ceil((s_max + 1) / (s + 1) * R / r) (Li et al. 2018, Algorithm 1, line 2), where s rungs
            follow the first and r is the resource of the first; `down` rounds (s_max + 1) / (s + 1) down first, as
            HpBandSter and DEHB do.

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
    """Take `arch` on to `rung`."""

    arch: Arch
    rung: int


Action: TypeAlias = Enter | Promote | Literal["barrier", "done"]
BARRIER: Literal["barrier"] = "barrier"
DONE: Literal["done"] = "done"


@dataclass
class Bracket:
    """A bracket in progress. `next` changes nothing; `start` and `finish` note what was done and what came of it."""

    shape: Shape
    level: int = 0
    """Rungs above the first that were reached."""
    archs: list[Arch] = field(default_factory=list)
    """Archs of the present rung: those that entered; above the first rung, those promoted to it, best first."""
    n_started: int = 0
    """How many of them were started."""
    results: list[tuple[Arch, float]] = field(default_factory=list)
    """What the present rung brought, in order of completion: (arch, percent), -inf where training failed."""
    n_archs: int = field(init=False)
    """Archs that the present rung takes."""

    def __post_init__(self) -> None:
        self.n_archs = self.shape.sizes[0]

    @property
    def rung(self) -> int:
        """The rung of the ladder that is being filled."""
        return self.shape.first + self.level

    def next(self) -> Action:
        """Return what the bracket wants next."""
        if self.n_started < self.n_archs:
            return Promote(self.archs[self.n_started], self.rung) if self.level else Enter(self.rung)
        return BARRIER if len(self.results) < self.n_archs else DONE

    def start(self, arch: Arch) -> None:
        """Note that `arch` was started: the one that `next` named, or a substitute for it."""
        self.archs[self.n_started : self.n_started + 1] = [arch]
        self.n_started += 1

    def finish(self, arch: Arch, value: float) -> tuple[Arch, ...]:
        """Note the result of `arch` at the present rung; return the archs that are out of the race now."""
        self.results.append((arch, value))
        return self._climb()

    def close(self) -> tuple[Arch, ...]:
        """Let no more archs enter, the space being exhausted; return the archs that are out of the race now."""
        self.n_archs = self.n_started
        return self._climb()

    def _climb(self) -> tuple[Arch, ...]:
        """Go to the next rung once the present one is complete; return the archs left behind."""
        if len(self.results) < self.n_archs:
            return ()
        top = self.level + 1 == len(self.shape.sizes)
        best = [] if top else best_of(self.archs, self.results, self.shape.sizes[self.level + 1])
        left = tuple(arch for arch in self.archs if arch not in best)
        if best:
            self.level, self.archs, self.results = self.level + 1, best, []
            self.n_started, self.n_archs = 0, len(best)
        return left


def best_of(archs: Sequence[Arch], results: Sequence[tuple[Arch, float]], n_best: int) -> list[Arch]:
    """Return the up to `n_best` archs with the highest results, best first.

    Ties go to the arch that stands first in `archs`; an arch without a finite result is never among them.
    """
    values = {arch: value for arch, value in results if value > -math.inf}
    alive = [arch for arch in dict.fromkeys(archs) if arch in values]
    return sorted(alive, key=lambda arch: -values[arch])[:n_best]
