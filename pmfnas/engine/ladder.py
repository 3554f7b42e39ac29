"""Which fidelities the three stages train at.

    low      a few epochs of the search schedule      stage 1 explores, every later start passes through
    medium   the end of the search schedule           stage 2 searches regions
    probe    a few epochs of the last schedule        stage 3 sees who profits from it
    high     the end of the last schedule             stage 3 ends there

The search schedule is the one before the last. Where a benchmark has one schedule only, low and medium lie
within it, each level resumes the one before, and there is no probe.
"""

from dataclasses import dataclass
from enum import Enum

from pmfnas.core.errors import InputError
from pmfnas.core.types import Fidelities, Fidelity, Schedule


class Level(Enum):
    """How far a training of an arch came."""

    LOW = "low"
    MEDIUM = "medium"
    PROBE = "probe"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Ladder:
    """The levels of one run. Validation exists cleanly at `medium` and `high`."""

    low: Fidelity | None
    """None where the search schedule is a single epoch."""
    low_validates: bool
    """Whether a clean validation value exists at `low`; without one, training figures alone are read there."""
    medium: Fidelity
    probe: Fidelity | None
    """None where the last schedule is the search schedule."""
    high: Fidelity | None
    """None where the medium level is the highest fidelity already."""

    @property
    def resumes_to_high(self) -> bool:
        """Whether the high level goes on within the medium level's schedule."""
        return self.high is not None and self.high.schedule == self.medium.schedule

    def level(self, fidelity: Fidelity) -> Level:
        """Return the level that a training which ended at `fidelity` reached."""
        if fidelity == self.low:
            return Level.LOW
        if fidelity == self.medium:
            return Level.MEDIUM
        return Level.PROBE if fidelity == self.probe else Level.HIGH


def make_ladder(fidelities: Fidelities, low_share: float, probe_share: float) -> Ladder:
    """Return the ladder of a benchmark.

    Args:
        fidelities: the schedules that exist.
        low_share: length of the low level as a share of the medium level's epochs.
        probe_share: length of the probe as a share of the high level's epochs.

    Raises:
        InputError: no schedule has clean validation after its last epoch.
    """
    usable = [s for s in fidelities.schedules if s.epochs in s.validation_epochs]
    if not usable:
        names = ", ".join(s.name for s in fidelities.schedules)
        raise InputError(f"fidelities are {names}, but one schedule needs clean validation after its last epoch")
    last = usable[-1]
    if len(usable) > 1:
        search, high = usable[-2], Fidelity(last.name, last.epochs)
        levels: tuple[Fidelity, Fidelity | None] = Fidelity(search.name, search.epochs), high
    else:
        search, levels = last, _within(last, low_share)
    medium, highest = levels
    low_epochs = round(medium.epochs * low_share)
    low = Fidelity(search.name, max(1, low_epochs)) if medium.epochs > 1 else None
    probe = None
    if highest is not None and highest.schedule != medium.schedule:
        probe = Fidelity(last.name, max(1, round(last.epochs * probe_share)))
    probe = None if highest is not None and probe == highest else probe
    return Ladder(low, low is not None and low.epochs in search.validation_epochs, medium, probe, highest)


def _within(schedule: Schedule, share: float) -> tuple[Fidelity, Fidelity | None]:
    """Return medium and high level within a single schedule: the validated epoch nearest to `share` of it."""
    inner = [e for e in schedule.validation_epochs if e < schedule.epochs]
    end = Fidelity(schedule.name, schedule.epochs)
    if not inner:
        return end, None
    wanted = schedule.epochs * share
    return Fidelity(schedule.name, min(inner, key=lambda e: (abs(e - wanted), e))), end
