"""A course: which archs a search trains, by rules that no predictor influences.

In a search of its own, a damaged predictor chooses other archs, mostly worse and more diverse ones, which are easier to
rank: the rank correlation of its forecasts *rises*. So the gate compares engines that are told the same trainings. The
script takes the place of the stages (`Parts.explore`); predictor, forecasts and their reasons are those of any search:

    20 random archs to the low level, the best 10 by early accuracy on
    5 rounds: 8 archs, half of them near the best medium scores; the best 4 early curves on
    after rounds 2 and 5: the best 6 medium scores get a probe, then a full training

Before each round and batch, the engine is asked about fixed archs (`Panel`), which changes nothing in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from pmfnas.core.types import Arch, Curve, Train
from pmfnas.engine.choices import Batch, Choice, Choices
from pmfnas.engine.ladder import Ladder, Level
from pmfnas.engine.pool import Pool
from pmfnas.engine.record import State

N_FIRST, N_FIRST_ON = 20, 10
N_ROUNDS, N_STARTS, N_ON = 5, 8, 4
REFINED_AFTER, N_REFINED = (2, 5), 6
N_PANEL = 200
"""Archs that no course trains, about which the engine is asked."""
_TRIED, _LEADERS = 100, 3


@dataclass(frozen=True, slots=True)
class Panel:
    """What the engine said of some archs at one moment, in log odds."""

    kind: str
    """`start`, `continue`, `probe`, `finish` or `pick`."""
    archs: tuple[Arch, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass
class Script:
    """The script of one course. `next` is called as that of a stage; `heard` is told every curve."""

    ladder: Ladder
    rng: np.random.Generator
    panels: list[Panel] = field(default_factory=list)
    is_done: bool = False

    def explore(self, choices: Choices, *others: object, **more: object) -> "Script":
        """Return itself as stage 1 of the run that has these choices."""
        del others, more
        self._choices, self._steps = choices, self._plan()
        self._accuracy: dict[Level, dict[Arch, float]] = {level: {} for level in Level}
        return self

    def over(self, state: State, remaining_s: float) -> str:
        """Return nothing: the stage never ends."""
        del state, remaining_s
        return ""

    def next(self, state: State, remaining_s: float) -> Choice | None:
        """Return the next training of the course."""
        del remaining_s
        self._state = state
        return next(self._steps, None)

    def heard(self, arch: Arch, level: Level, curve: Curve) -> None:
        """Take note of a curve that ended at `level`."""
        self._accuracy[level][arch] = curve.last_valid_acc

    # -- the course --------------------------------------------------------------------------------------

    def _plan(self) -> Iterator[Choice]:
        """Yield the trainings in order."""
        pool = self._state.pool
        self._panel = [int(place) for place in self.rng.choice(len(pool), size=N_PANEL, replace=False)]
        for place in self._places(N_FIRST, 0):
            yield self._choices.starts([place])[0]
        for _ in range(N_FIRST_ON):
            yield self._on()
        for number in range(1, N_ROUNDS + 1):
            self._ask_starts()
            yield from self._choices.starts(self._places(N_STARTS, N_STARTS // 2))
            self._ask_continuations()
            for _ in range(N_ON):
                yield self._on()
            if number in REFINED_AFTER:
                yield from self._refined()
        self._ask_finals("pick", self._accuracy[Level.HIGH])
        self.is_done = True

    def _refined(self) -> Iterator[Choice]:
        """Yield probes, then full trainings of the best medium scores that have none."""
        probe, high = self.ladder.probe, self.ladder.high
        assert probe is not None
        assert high is not None
        medium, probed = self._accuracy[Level.MEDIUM], self._accuracy[Level.PROBE]
        left = {arch: value for arch, value in medium.items() if arch not in probed}
        self._ask_finals("probe", left)
        best = sorted(left, key=lambda arch: -left[arch])[:N_REFINED]
        for arch in best:
            yield from self._choice("probe", Train(arch, probe.schedule, 0, probe.epochs, ()))
        self._ask_finals("finish", probed)
        for arch in best:
            yield from self._choice("finish", Train(arch, probe.schedule, probe.epochs, high.epochs, None))

    def _choice(self, action: str, request: Train) -> Iterator[Choice]:
        """Yield a refinement; nothing where the engine has no belief about its arch."""
        choice = self._choices.refinement(Batch(action, (request,)), request, self._state.belief)
        if choice is not None:
            yield choice

    def _on(self) -> Choice:
        """Return the continuation of the best early curve by validation accuracy."""
        early = self._accuracy[Level.LOW]
        return max(self._choices.continuations(), key=lambda choice: early.get(choice.request.arch, -1.0))

    def _places(self, n: int, n_near: int) -> list[int]:
        """Return `n` new places, taken from the pool: `n_near` of them near the best medium scores."""
        pool, found = self._state.pool, list[int]()
        while len(found) < n:
            place = self._near(pool) if len(found) < n_near else self._anywhere(pool, 1)[0]
            if pool.take(place):
                pool.started.append(place)
                found.append(place)
        return found

    def _anywhere(self, pool: Pool, n: int) -> list[int]:
        free = np.setdiff1d(np.flatnonzero(pool.free), self._panel)
        return [int(place) for place in self.rng.choice(free, size=n, replace=False)]

    def _near(self, pool: Pool) -> int:
        """Return the nearest of some random places to one of the best archs by medium score."""
        medium, some = self._accuracy[Level.MEDIUM], self._anywhere(pool, _TRIED)
        best = sorted(medium, key=lambda arch: -medium[arch])[:_LEADERS]
        centre = pool.x[pool.place(best[self.rng.integers(len(best))])]
        return some[int(np.argmin(((pool.x[some] - centre) ** 2).sum(axis=1)))]

    # -- the questions -----------------------------------------------------------------------------------

    def _ask_starts(self) -> None:
        self._keep("start", self._choices.starts(self._panel))

    def _ask_continuations(self) -> None:
        self._keep("continue", self._choices.continuations())

    def _keep(self, kind: str, choices: list[Choice]) -> None:
        archs = tuple(choice.request.arch for choice in choices)
        self.panels.append(Panel(kind, archs, tuple(c.mean for c in choices), tuple(c.std for c in choices)))

    def _ask_finals(self, kind: str, archs: Mapping[Arch, float]) -> None:
        belief = self._state.belief
        rows = [i for i, arch in enumerate(belief.archs) if arch in archs]
        mean, std = belief.mean[rows].tolist(), belief.std[rows].tolist()
        self.panels.append(Panel(kind, tuple(belief.archs[i] for i in rows), tuple(mean), tuple(std)))
