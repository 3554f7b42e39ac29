"""The books of a run: how far each arch has come, the best value seen of it, and what can no longer be had."""

from dataclasses import dataclass, field

import numpy as np

from pmfnas.core.types import Arch, Curve, Train
from pmfnas.engine.ladder import Level
from pmfnas.engine.model import curves
from pmfnas.engine.model.transfer import FinalBelief
from pmfnas.engine.pool import Pool

_REFUSALS = 2
"""Failed replicates of a schedule, none having succeeded, before no other arch is tried."""


@dataclass
class Record:
    """Progress of the archs of one run; archs are in the order in which their segments ended."""

    early: list[Arch] = field(default_factory=list)
    """Archs with an early curve."""
    low: list[Arch] = field(default_factory=list)
    """Archs with a live low checkpoint that have not been continued."""
    medium: list[Arch] = field(default_factory=list)
    """Archs with a medium score."""
    probed: list[Arch] = field(default_factory=list)
    """Archs with a live probe checkpoint that have not been finished."""
    best: dict[Arch, tuple[bool, float]] = field(default_factory=dict)
    """Best value seen of an arch: whether of a full training, and log odds."""
    lost: set[Arch] = field(default_factory=set)
    """Archs of which a training diverged."""
    doomed: list[Arch] = field(default_factory=list)
    """Archs that wait at the low level and will never go on: to be dropped."""
    refined: set[Arch] = field(default_factory=set)
    """Archs whose probe or full training was begun."""
    n_started: int = 0
    n_continued: int = 0
    """How many segments of each kind were begun."""
    trials: dict[tuple[Arch, str], int] = field(default_factory=dict)
    """Trials that were begun, per arch and schedule."""
    exhausted: set[tuple[Arch, str]] = field(default_factory=set)
    """Where no further trial can be had."""
    replicates: dict[str, list[int]] = field(default_factory=dict)
    """How many replicates succeeded and failed, per schedule."""

    @property
    def has_scores(self) -> bool:
        """Whether any arch has a medium score or diverged."""
        return bool(self.medium or self.lost)

    def begin(self, action: str, request: Train) -> None:
        """Take note of a request that is about to be submitted."""
        key = (request.arch, request.schedule)
        self.trials[key] = max(self.trials.get(key, 0), request.replicate + 1)
        if action == "start":
            self.n_started += 1
        elif action == "continue":
            self.n_continued += 1
            self.low.remove(request.arch)
        elif action in ("probe", "promote"):
            self.refined.add(request.arch)
        elif action == "finish":
            self.probed.remove(request.arch)

    def end(self, request: Train, *, ok: bool) -> None:
        """Take note of how a trial ended."""
        if not ok:
            self.exhausted.add((request.arch, request.schedule))
        if request.replicate:
            self.replicates.setdefault(request.schedule, [0, 0])[not ok] += 1

    def reach(self, arch: Arch, level: Level, curve: Curve | None) -> None:
        """Take note of the level at which a curve of `arch` ended; None where it diverged on the way."""
        if curve is None:
            self.lost.add(arch)
        elif level is Level.LOW:
            self.early.append(arch)
            self.low.append(arch)
        elif level is Level.PROBE:
            self.probed.append(arch)
        else:
            self._score(arch, curves.score(curve), full=level is Level.HIGH)

    def next_doomed(self) -> Arch:
        """Return an arch to drop, which is forgotten here."""
        arch = self.doomed.pop()
        self.low.remove(arch)
        return arch

    def may_train(self, arch: Arch, schedule: str) -> bool:
        """Whether another trial of `arch` under `schedule` may exist, as far as is known."""
        succeeded, failed = self.replicates.get(schedule, (0, 0))
        fresh = (arch, schedule) not in self.trials
        return (arch, schedule) not in self.exhausted and (fresh or succeeded > 0 or failed < _REFUSALS)

    def _score(self, arch: Arch, value: float, *, full: bool) -> None:
        if not full:
            self.medium.append(arch)
        if np.isfinite(value):
            self.best[arch] = max(self.best.get(arch, (False, -np.inf)), (full, value))
        elif not full:
            self.lost.add(arch)


@dataclass(frozen=True, slots=True)
class State:
    """Where a run stands when its next second is chosen."""

    record: Record
    pool: Pool
    belief: FinalBelief
    """About the final scores of the best archs, best first."""
