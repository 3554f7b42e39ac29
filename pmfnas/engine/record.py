"""Who has been started, how far each arch has come, and what can no longer be had."""

from dataclasses import dataclass, field

from pmfnas.core.types import Arch, Train

_REFUSALS = 2
"""Failed replicates of a schedule, none having succeeded, before no other arch is tried."""


@dataclass
class Record:
    """Progress of the archs of one run; archs are in the order in which their segments ended."""

    low: list[Arch] = field(default_factory=list)
    """Archs with a live low checkpoint that have not been continued."""
    medium: list[Arch] = field(default_factory=list)
    """Archs with a medium score."""
    probed: list[Arch] = field(default_factory=list)
    """Archs with a live probe checkpoint that have not been finished."""
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

    def may_train(self, arch: Arch, schedule: str) -> bool:
        """Whether another trial of `arch` under `schedule` may exist, as far as is known."""
        succeeded, failed = self.replicates.get(schedule, (0, 0))
        fresh = (arch, schedule) not in self.trials
        return (arch, schedule) not in self.exhausted and (fresh or succeeded > 0 or failed < _REFUSALS)
