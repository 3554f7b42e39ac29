"""A run read from its record alone: requests, stages, funnel, seconds and incumbents, with the searcher's reasons.

    record --read_run--> Explained --stays---------> when the run moved from stage to stage, and why
                              --spendings-----> seconds and archs by stage and fidelity
                              --funnel--------> how many archs reached each fidelity, and how many went on
                              --incumbents----> which arch the run would have returned, over its clock

All functions are pure; `text` and `figure` show their results. A record holds no test accuracy. Reasons are optional:
the record tells which fields a searcher gave.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from pmfnas.core.errors import DataError
from pmfnas.core.metric import Metric
from pmfnas.core.types import Reason
from pmfnas.loop.ledger import paid_s
from pmfnas.loop.record import RunHeader, read_header, read_rows

MOVED_ON = "moved_on"
"""Field in the reason of a stage's first request: why the previous stage ended."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A request with its reason and its outcome."""

    number: int
    """Ticket, counted from 0 in the order of the decisions."""
    place: int
    """Index of the ticket in the order in which the run's tickets ended."""
    kind: str
    """`train` or `measure`."""
    arch: str
    schedule: str
    """Name of the schedule; for a measurement, the metric."""
    start: int
    """Epochs trained before; 0 for a measurement."""
    stop: int
    replicate: int
    worker: int
    start_s: float
    """Time at which a worker started the request, seconds of the run's clock."""
    end_s: float
    paid_s: float
    """Seconds of training and validation, and of repeated epochs if the accounting charges them."""
    status: str
    valid_acc: float | None
    """Percent, or in the unit of `metric`; None if no validation was bought or reported."""
    train_acc: float | None
    value: float | None
    """Result of a measurement; None for training."""
    failure: str | None
    incumbent: str | None
    """First recommendation after the request ended."""
    rose: bool
    """True if the incumbent changed."""
    reason: Reason
    """Empty if the searcher gave no reason."""
    length: float = -1.0
    """Epochs of the schedule; -1 for a measurement, or if the record does not say."""
    metric: Metric | None = None
    """The metric of the search; None for validation accuracy in percent."""

    @property
    def stage(self) -> str:
        """The stage that the searcher named; empty if it named no stage."""
        return str(self.reason.get("stage", ""))

    @property
    def has_no_such_trial(self) -> bool:
        """True for a request for a further trial that does not exist; it is free, because a searcher cannot know."""
        return self.status == "failed" and self.replicate > 0 and self.paid_s <= 0

    @property
    def fidelity(self) -> str:
        """Schedule and last epoch of the segment, such as `12@3`; for a measurement, the metric."""
        return f"{self.schedule}@{self.stop}" if self.kind == "train" else self.schedule

    @property
    def height(self) -> tuple[float, str, int]:
        """Sort key of fidelities, lowest first: schedules by their epochs, then epochs.

        Measurements, and schedules with unknown epochs, come first.
        """
        return self.length, self.schedule, self.stop

    @property
    def told(self) -> str:
        """The validation that was reported, with its name; empty if there was none."""
        return "" if self.valid_acc is None else _told(self.valid_acc, self.metric)


@dataclass(frozen=True, slots=True)
class Explained:
    """The requests of a record, in the order of the decisions, and its header."""

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
    """Return the record at `path`; raise `DataError` if it is damaged or has another format."""
    header, rows = read_header(path), read_rows(path).to_pylist()
    try:
        requests = list(_answered(rows, header))
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is damaged ({error}); remove it to run it again") from None
    return Explained(header, tuple(sorted(requests, key=lambda request: request.number)))


def _answered(rows: Sequence[Mapping[str, Any]], header: RunHeader) -> Iterator[Answered]:
    """Yield the rows of a record, which are in the order in which tickets ended."""
    before: str | None = None
    metric = metric_of(header)
    kept = [name for name in Answered.__dataclass_fields__ if name in (rows[0] if rows else ())]
    for place, row in enumerate(rows):
        values = {name: row[name] for name in kept}
        values |= {name: row[name] or 0 for name in ("start", "stop", "replicate")}  # null for a measurement
        if metric is not None:
            values |= {name: _in_unit(row[name], metric) for name in ("valid_acc", "train_acc")}
        yield Answered(
            place=place,
            **{**values, "reason": dict(json.loads(row["reason"] or "{}"))},
            paid_s=paid_s(row, header.accounting),
            length=_length(row, header),
            metric=metric,
            rose=row["incumbent"] is not None and row["incumbent"] != before,
        )
        before = row["incumbent"] or before


def metric_of(header: RunHeader) -> Metric | None:
    """Return the metric of a run on a user's own problem; None for validation accuracy in percent."""
    given = header.settings.get("metric")
    return Metric(**given) if isinstance(given, Mapping) else None


def _in_unit(score: float | None, metric: Metric) -> float | None:
    return None if score is None or score != score else metric.value(score)


def _length(row: Mapping[str, Any], header: RunHeader) -> float:
    """Return the epochs of a schedule: as the run's settings say, or else the number that is its name."""
    schedule = row["schedule"]
    if row["kind"] != "train":
        return -1.0
    lengths = header.settings.get("schedules")
    if isinstance(lengths, Mapping) and schedule in lengths:
        return float(lengths[schedule])
    return float(schedule) if schedule.isdecimal() else -1.0


def _told(value: float, metric: Metric | None) -> str:
    return f"valid {value:.2f}" if metric is None else f"{metric.name} {metric.written(value)}"


# --------------------------------------------------------------------------------------------------- stages


@dataclass(frozen=True, slots=True)
class Stay:
    """Consecutive requests made in one stage."""

    stage: str
    why: str
    """Why the previous stage ended; empty if the record gives no reason."""
    start_s: float
    end_s: float
    """Time at which the next stay began, or the run ended."""
    requests: tuple[Answered, ...]


def stays(explained: Explained) -> tuple[Stay, ...]:
    """Return the stays of a run in order; empty if its searcher named no stage.

    A request without a stage belongs to the previous stay, or to the first one.
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
    """Number of different archs that were asked for."""
    n_on: int
    """Number of these archs that the run also asked for at a higher fidelity."""
    n_lost: int
    """Requests that diverged, failed, were cancelled, or were cut off by the end; without `has_no_such_trial`."""
    paid_s: float


@dataclass(frozen=True, slots=True)
class Level:
    """One fidelity of the funnel."""

    fidelity: str
    archs: Mapping[str, int]
    """Stage -> archs whose first successful segment at this level was in the stage; sums to the archs of the level."""
    n_on: int
    """Number of archs of the level that also ended well at a higher fidelity."""

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
    """Return how many archs reached each fidelity, lowest first, by the stage in which they reached it."""
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
    """The validation of an arch at the highest fidelity at which the run has a validation."""

    fidelity: str
    valid_acc: float
    """Percent, or in the unit of the metric; the mean over the replicates."""
    metric: Metric | None = None
    """As of `Answered`."""

    @property
    def told(self) -> str:
        """The validation with its name."""
        return _told(self.valid_acc, self.metric)

    @property
    def value_told(self) -> str:
        """The validation without its name."""
        return self.told.split(" ", 1)[1]


@dataclass(frozen=True, slots=True)
class Step:
    """From `time_s` on, a run would have returned `arch`."""

    time_s: float
    arch: str
    standing: Standing | None
    """None if no validation of the arch had been bought."""


def incumbents(explained: Explained) -> tuple[Step, ...]:
    """Return the steps of the incumbent, oldest first: a change of the arch or of its standing."""
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
    return Standing(top.fidelity, sum(values.values()) / len(values), top.metric)
