"""A run read from its record alone: requests, stages, funnel, seconds and incumbents, with the searcher's reasons.

    record --read_run--> Explained --stays---------> when the run moved from stage to stage, and why
                              --spendings-----> seconds and archs by stage and fidelity
                              --funnel--------> how many archs reached each fidelity, and how many went on
                              --incumbents----> which arch the run would have returned, over its clock

All functions are pure; `text` and `figure` show their results. A record holds no test accuracy. Reasons are optional:
which fields a searcher gave is read from the record.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from pmfnas.core.errors import DataError
from pmfnas.core.types import Reason
from pmfnas.loop.ledger import paid_s
from pmfnas.loop.record import RunHeader, read_header, read_rows

MOVED_ON = "moved_on"
"""Field of a reason: why the stage before ended. On the first request of a stage."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A request with its reason and its outcome."""

    number: int
    """Ticket, counted from 0 in the order of the decisions."""
    place: int
    """Among the tickets of the run, in the order in which they ended."""
    kind: str
    """`train` or `measure`."""
    arch: str
    schedule: str
    """Of a measurement: the metric."""
    start: int
    """Epochs that were there before; 0 of a measurement."""
    stop: int
    replicate: int
    worker: int
    start_s: float
    """When a worker began with it, seconds of the run's clock."""
    end_s: float
    paid_s: float
    """Training and validation; with the repeated epochs where the accounting pays them again."""
    status: str
    valid_acc: float | None
    """Percent; None where no validation was bought or told."""
    train_acc: float | None
    value: float | None
    """Of a measurement."""
    failure: str | None
    incumbent: str | None
    """First recommendation after it ended."""
    rose: bool
    """Whether that was another one than before."""
    reason: Reason
    """Empty where the searcher gave none."""

    @property
    def stage(self) -> str:
        """The stage that the searcher named; empty where it named none."""
        return str(self.reason.get("stage", ""))

    @property
    def has_no_such_trial(self) -> bool:
        """Whether a further trial was asked for that does not exist, as a searcher does that cannot know: free."""
        return self.status == "failed" and self.replicate > 0 and self.paid_s <= 0

    @property
    def fidelity(self) -> str:
        """What the segment ends at, `12@3`; of a measurement, the metric."""
        return f"{self.schedule}@{self.stop}" if self.kind == "train" else self.schedule

    @property
    def height(self) -> tuple[float, str, int]:
        """Sorts fidelities from the lowest to the highest: schedules by the number in their name, then epochs.

        Measurements, and schedules whose name is no number, come first.
        """
        length = int(self.schedule) if self.kind == "train" and self.schedule.isdecimal() else -1
        return float(length), self.schedule, self.stop


@dataclass(frozen=True, slots=True)
class Explained:
    """A record in the order in which it was decided, and its header."""

    header: RunHeader
    requests: tuple[Answered, ...]

    @property
    def has_reasons(self) -> bool:
        """Whether any request has a reason."""
        return any(request.reason for request in self.requests)

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that were named, in the order in which they first appear."""
        return tuple(dict.fromkeys(request.stage for request in self.requests if request.stage))

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that occur in reasons, in the order in which they first appear."""
        return tuple(dict.fromkeys(field for request in self.requests for field in request.reason))


def read_run(path: Path) -> Explained:
    """Return the record at `path`; raise `DataError` where it is damaged or of another format."""
    header, rows = read_header(path), read_rows(path).to_pylist()
    try:
        requests = list(_answered(rows, header.accounting))
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is damaged ({error}); remove it to run it again") from None
    return Explained(header, tuple(sorted(requests, key=lambda request: request.number)))


def _answered(rows: Sequence[Mapping[str, Any]], accounting: str) -> Iterator[Answered]:
    """Yield the rows of a record, which are in the order in which tickets ended."""
    before: str | None = None
    kept = [name for name in Answered.__dataclass_fields__ if name in (rows[0] if rows else ())]
    for place, row in enumerate(rows):
        values = {name: row[name] for name in kept}
        values |= {name: row[name] or 0 for name in ("start", "stop", "replicate")}  # null of a measurement
        yield Answered(
            place=place,
            **{**values, "reason": dict(json.loads(row["reason"] or "{}"))},
            paid_s=paid_s(row, accounting),
            rose=row["incumbent"] is not None and row["incumbent"] != before,
        )
        before = row["incumbent"] or before


# --------------------------------------------------------------------------------------------------- stages


@dataclass(frozen=True, slots=True)
class Stay:
    """Requests in a row that were made in one stage."""

    stage: str
    why: str
    """Why the stage before ended; empty where the record does not say."""
    start_s: float
    end_s: float
    """When the next stay began, or the run ended."""
    requests: tuple[Answered, ...]


def stays(explained: Explained) -> tuple[Stay, ...]:
    """Return the stays of a run in order; empty where its searcher named no stage.

    A request without a stage belongs to the stay before it, or to the first.
    """
    if not explained.stages:
        return ()
    stage, named = explained.stages[0], []
    for request in explained.requests:
        stage = request.stage or stage
        named.append((stage, request))
    groups = [(name, tuple(r for _, r in group)) for name, group in groupby(named, key=lambda pair: pair[0])]
    starts = [group[0].start_s for _, group in groups]
    ends = [*starts[1:], explained.header.clock_s]
    return tuple(
        Stay(name, next((str(r.reason[MOVED_ON]) for r in group if r.reason.get(MOVED_ON)), ""), start, end, group)
        for (name, group), start, end in zip(groups, starts, ends, strict=True)
    )


# -------------------------------------------------------------------------------------- seconds and the funnel


@dataclass(frozen=True, slots=True)
class Spending:
    """Requests and costs of one stage at one fidelity."""

    stage: str
    fidelity: str
    n_requests: int
    n_archs: int
    """Different archs that were asked for."""
    n_on: int
    """Of these, archs that the run also asked for at a higher fidelity."""
    n_lost: int
    """Requests that diverged, failed, were cancelled, or were cut off by the end; not what `has_no_such_trial`."""
    paid_s: float


@dataclass(frozen=True, slots=True)
class Level:
    """One fidelity of the funnel."""

    fidelity: str
    archs: Mapping[str, int]
    """Stage -> archs whose first segment that ended well here belonged to it; sums to the archs of the level."""
    n_on: int
    """Archs of the level that ended well at a higher fidelity too."""

    @property
    def n_archs(self) -> int:
        """Different archs with a segment that ended well at this fidelity."""
        return sum(self.archs.values())


_LOST = ("diverged", "failed", "cancelled", "cut")
_WELL = ("ok", "free", "measured")


def fidelities(explained: Explained) -> tuple[str, ...]:
    """Return the fidelities that a run asked for, lowest first."""
    heights = {request.fidelity: request.height for request in explained.requests}
    return tuple(sorted(heights, key=lambda fidelity: heights[fidelity]))


def spendings(explained: Explained) -> tuple[Spending, ...]:
    """Return the costs by stage, in the order of first appearance, and fidelity, lowest first.

    Their `paid_s` sums to the busy seconds of the run.
    """
    tops = _tops(explained.requests)
    stages = dict.fromkeys(request.stage for request in explained.requests)
    rows = []
    for stage in stages:
        for fidelity in fidelities(explained):
            here = [r for r in explained.requests if (r.stage, r.fidelity) == (stage, fidelity)]
            if here:
                n_lost = sum(r.status in _LOST and not r.has_no_such_trial for r in here)
                archs = {r.arch for r in here}
                n_on = sum(tops[arch] > here[0].height for arch in archs)
                rows.append(Spending(stage, fidelity, len(here), len(archs), n_on, n_lost, sum(r.paid_s for r in here)))
    return tuple(rows)


def funnel(explained: Explained) -> tuple[Level, ...]:
    """Return how many archs reached each fidelity, lowest first, by the stage in which they did."""
    well = [r for r in explained.requests if r.status in _WELL]
    tops = _tops(well)
    first: dict[str, dict[str, Answered]] = {fidelity: {} for fidelity in fidelities(explained)}
    for request in well:
        first[request.fidelity].setdefault(request.arch, request)
    levels = []
    for fidelity, reached in first.items():
        archs: dict[str, int] = {}
        for request in reached.values():
            archs[request.stage] = archs.get(request.stage, 0) + 1
        levels.append(Level(fidelity, archs, sum(tops[arch] > r.height for arch, r in reached.items())))
    return tuple(levels)


def _tops(requests: Sequence[Answered]) -> dict[str, tuple[float, str, int]]:
    """Return the height of each arch's highest request."""
    tops: dict[str, tuple[float, str, int]] = {}
    for request in requests:
        tops[request.arch] = max(tops.get(request.arch, request.height), request.height)
    return tops


# ------------------------------------------------------------------------------------------------ incumbents


@dataclass(frozen=True, slots=True)
class Standing:
    """The validation of an arch at the highest fidelity at which the run has one."""

    fidelity: str
    valid_acc: float
    """Percent; the mean over the replicates."""


@dataclass(frozen=True, slots=True)
class Step:
    """From `time_s` on, a run would have returned `arch`."""

    time_s: float
    arch: str
    standing: Standing | None
    """None where no validation of the arch had been bought."""


def incumbents(explained: Explained) -> tuple[Step, ...]:
    """Return the steps of the incumbent, oldest first: another arch, or more known of the same one."""
    seen: dict[str, list[Answered]] = {}
    steps: list[Step] = []
    for request in sorted(explained.requests, key=lambda r: r.place):
        seen.setdefault(request.arch, []).append(request)
        if request.incumbent is None:
            continue
        step = Step(request.end_s, request.incumbent, standing(seen.get(request.incumbent, ()), request.incumbent))
        if not steps or (steps[-1].arch, steps[-1].standing) != (step.arch, step.standing):
            steps.append(step)
    return tuple(steps)


def standing(requests: Sequence[Answered], arch: str) -> Standing | None:
    """Return the standing of an arch by `requests`; None if they hold no validation of it."""
    known = [r for r in requests if r.arch == arch and r.status in _WELL and r.valid_acc is not None]
    if not known:
        return None
    top = max(known, key=lambda r: r.height)
    values = {r.replicate: r.valid_acc for r in known if r.fidelity == top.fidelity and r.valid_acc is not None}
    return Standing(top.fidelity, sum(values.values()) / len(values))
