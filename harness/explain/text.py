"""A run in words: the trace with a line per request, the summary, and the trace as CSV.

The trace has the columns for which the record has values. A field in a searcher's reasons that PMF-NAS does not use
gets a column under its own name.
"""

import csv
import io
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from harness.explain.reading import (
    MOVED_ON,
    Answered,
    Explained,
    Spending,
    Standing,
    Stay,
    funnel,
    spendings,
    standing,
    stays,
)
from harness.host.units import counted, written_hours
from harness.show.render import justified, widths_of
from pmfnas.core.errors import InputError

NO_REASONS = "This searcher gives no reasons: its record holds no stage, prediction or gain."
WIDTH = 110
SHOWN = 5
"""Largest number of recommended archs that are listed."""

FORMATS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "stage": ("stage", ""),
        "action": ("action", ""),
        "potential": ("potential", ".3g"),
        "p_best": ("p best", ".3g"),
        "gain_per_hour": ("gain/h", ".3g"),
    }
)
"""Known fields of a reason, in the order of their columns: heading and format. `mean` and `std` share a column."""
LEGEND = (
    "mean ± std: forecast of the validation accuracy, percent. That of a start is about the level to which the arch "
    "may go on,\nthat of a probe about the end of its schedule. came out: what this segment itself showed."
)
_ELSEWHERE = ("mean", "std", "seconds", MOVED_ON)

_CSV_COLUMNS = (
    *("number", "worker", "start_s", "end_s", "paid_s", "kind", "schedule", "start", "stop", "replicate"),
    *("status", "valid_acc", "train_acc", "value", "failure", "incumbent", "arch"),
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Selects the lines of a trace that are shown."""

    stage: str | None = None
    last: int | None = None

    def of(self, explained: Explained) -> tuple[Answered, ...]:
        """Return the requests of the stage, the last ones of them; raise `InputError` for an unknown stage."""
        shown = explained.requests
        if self.stage is not None:
            if self.stage not in explained.stages:
                known = f"one of: {', '.join(explained.stages)}" if explained.stages else "left out: it names none"
                raise InputError(f"--stage is {self.stage!r}, but for {explained.header.run_id} must be {known}")
            shown = tuple(r for stay in stays(explained) if stay.stage == self.stage for r in stay.requests)
        return shown if self.last is None else shown[-self.last :]


ALL = Chosen()


def clock(seconds: float) -> str:
    """Return a time of the clock: `8:30:00`."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"


def one_line(text: str) -> str:
    """Return a searcher's text with a blank in place of every line end, tab and other control character."""
    return "".join(char if char.isprintable() else " " for char in text)


# ---------------------------------------------------------------------------------------------------- trace


def trace(explained: Explained, chosen: Chosen = ALL) -> str:
    """Return one line per chosen request, a headed paragraph where a stage begins, and the recommendation."""
    shown = chosen.of(explained)
    parts = [about(explained)]
    if len(shown) < len(explained.requests):
        parts.append(f"Shown are {len(shown)} of {len(explained.requests)} requests.")
    if explained.requests and not explained.has_reasons:
        parts.append(NO_REASONS)
    parts.append("\n".join(_lines(explained, shown)) if shown else "The record holds no request.")
    if shown and "mean" in explained.fields:
        parts.append(LEGEND)
    return "\n\n".join([*parts, recommendation(explained)]) + "\n"


def about(explained: Explained) -> str:
    """Return the run's id, data, budget and end."""
    header = explained.header
    return (
        f"{header.run_id}\n"
        f"{header.data} data {header.fingerprint}, budget {written_hours(header.budget_s)}, "
        f"{counted(header.n_workers, 'worker')}, {header.accounting} accounting\n"
        f"{header.status}, ended after {clock(header.clock_s)}: {one_line(header.why)}"
    )


def _lines(explained: Explained, shown: Sequence[Answered]) -> Iterator[str]:
    """Yield the aligned lines of the trace, with a heading at the start of every stay."""
    columns = columns_of(explained)
    cells = [[write(request) for write in columns.values()] for request in shown]
    widths, left = widths_of((list(columns), *cells), _WIDEST), [i for i, name in enumerate(columns) if name in _WORDS]
    heads = _heads(stays(explained))
    present = ""
    yield justified(list(columns), widths, left)
    for request, row in zip(shown, cells, strict=True):
        stay, head = heads.get(request.number, ("", ""))
        if stay != present:
            yield f"\n{head}\n"
        present = stay
        yield justified(row, widths, left)


def _heads(found: Sequence[Stay]) -> dict[int, tuple[str, str]]:
    """Return for each request a name of its stay, and the heading to print if the trace enters the stay there."""
    heads: dict[int, tuple[str, str]] = {}
    for place, stay in enumerate(found):
        name = f"{place} {stay.stage}"
        heads |= {request.number: (name, f"== {one_line(stay.stage)}, gone on with ==") for request in stay.requests}
        heads[stay.requests[0].number] = name, _opening(stay, found[place - 1] if place else None)
    return heads


def _opening(stay: Stay, before: Stay | None) -> str:
    """Return the heading paragraph of a stay: time, extent, and why the previous stage ended."""
    paid_s = sum(request.paid_s for request in stay.requests)
    head = (
        f"== {one_line(stay.stage)}: {clock(stay.start_s)} to {clock(stay.end_s)}, "
        f"{counted(len(stay.requests), 'request')}, {clock(paid_s)} paid =="
    )
    if before is None:
        return head
    why = one_line(f"{before.stage} ended: {stay.why or 'the record does not say why'}")
    return "\n".join([head, *textwrap.wrap(why, WIDTH)])


_WORDS = ("stage", "action", "trains", "came out", "arch")
"""Columns that are aligned left; all others are aligned right."""
_WIDEST = 42
"""Largest width of a column: a longer cell, such as the reason of a failure, shifts the rest of its line."""
_TINY = 1e-6


def columns_of(explained: Explained) -> dict[str, Callable[[Answered], str]]:
    """Return the columns for which the record has values: heading -> function that returns the cell of a request."""
    fields, first = explained.fields, _first_numbers(explained)
    columns: dict[str, Callable[[Answered], str]] = {"#": lambda r: str(r.number), "time": lambda r: clock(r.start_s)}
    if explained.header.n_workers > 1:
        columns["worker"] = lambda r: str(r.worker) if r.worker >= 0 else "-"
    for name in ("stage", "action"):
        if name in fields:
            columns[name] = _written(name)
    columns["trains"] = _asked
    if "mean" in fields:
        columns["mean ± std"] = _predicted
    for name in (*FORMATS, *fields):
        if name in fields and name not in ("stage", "action", *_ELSEWHERE):
            columns[FORMATS[name][0] if name in FORMATS else name] = _written(name)
    columns["paid s"] = lambda r: f"{r.paid_s:.1f}"
    columns["came out"] = lambda r: _came_out(r, first)
    columns["arch"] = lambda r: r.arch
    return columns


def _written(name: str) -> Callable[[Answered], str]:
    return lambda request: _figure(request.reason.get(name), FORMATS.get(name, ("", ".4g"))[1])


def _figure(value: float | str | None, pattern: str) -> str:
    if value is None:
        return "-"
    if isinstance(value, str):
        return one_line(value)
    return f"<{_TINY:g}" if 0 < value < _TINY else format(value, pattern)


def _predicted(request: Answered) -> str:
    mean, std = request.reason.get("mean"), request.reason.get("std")
    spread = "" if std is None else f" ± {_figure(std, '.2f')}"
    return f"{_figure(mean, '.2f')}{spread}"


def _asked(request: Answered) -> str:
    """Return the fidelity, and start and replicate if they are not 0."""
    start = f" from {request.start}" if request.start else ""
    replicate = f" r{request.replicate}" if request.replicate else ""
    return f"{request.fidelity}{start}{replicate}"


def _came_out(request: Answered, first: Mapping[str, int]) -> str:
    """Return how a request ended, and whether the incumbent changed with it."""
    if not request.rose:
        return _ended(request)
    other = "" if request.incumbent == request.arch else f" (arch of #{first.get(request.incumbent or '', '?')})"
    return f"{_ended(request)}, new incumbent{other}"


def _ended(request: Answered) -> str:
    match request.status:
        case "failed":
            return f"failed: {one_line(request.failure or '')}"
        case "measured":
            return f"{request.value:g}"
        case "cut":
            return "cut by the end"
        case "ok" | "free":
            free = " (known, free)" if request.status == "free" else ""
            if request.valid_acc is not None:
                return f"{request.told}{free}"
            return f"train {request.train_acc:.2f}{free}" if request.train_acc is not None else f"done{free}"
        case other:
            return other


def _first_numbers(explained: Explained) -> dict[str, int]:
    """Return for each arch the number of the first request for it."""
    return {request.arch: request.number for request in reversed(explained.requests)}


def recommendation(explained: Explained) -> str:
    """Return the recommended archs, best first, each with its validation."""
    archs, first = explained.header.recommended, _first_numbers(explained)
    if not archs:
        return "Recommended: nothing, for no segment ended well."
    lines = ["Recommended, best first:"]
    for place, arch in enumerate(archs[:SHOWN], start=1):
        known = _known(standing(explained.requests, arch))
        lines.append(f"  {place}. {arch}  {known}, first asked for in #{first.get(arch, '?')}")
    if len(archs) > SHOWN:
        lines.append(f"  and {len(archs) - SHOWN} more, in the record")
    return "\n".join(lines)


def _known(known: Standing | None) -> str:
    return "no validation" if known is None else f"{known.told} at {known.fidelity}"


# -------------------------------------------------------------------------------------------------- summary


def summary(explained: Explained) -> str:
    """Return seconds and archs by stage and fidelity, the idle time, and the funnel in one line."""
    rows = spendings(explained)
    clocked_s, busy_s = explained.header.clock_s * explained.header.n_workers, sum(row.paid_s for row in rows)
    idle_s = max(0.0, clocked_s - busy_s)
    n_archs, n_lost = len({r.arch for r in explained.requests}), sum(row.n_lost for row in rows)
    total = ["total", "", str(len(explained.requests)), str(n_archs), "", str(n_lost)]
    cells = [
        ["stage", "fidelity", "requests", "archs", "went on", "lost", "paid", "share"],
        *([one_line(row.stage) or "-", row.fidelity, *_counts(row), *_time(row.paid_s, clocked_s)] for row in rows),
        [*total, *_time(busy_s, clocked_s)],
        ["idle", "", "", "", "", "", *_time(idle_s, clocked_s)],
    ]
    if not explained.stages:  # without stages that column holds "-" and the words of the last lines
        cells = [[row[1] or row[0], *row[2:]] for row in cells]
    widths = widths_of(cells)
    lines = [justified(row, widths, range(2 if explained.stages else 1)) for row in cells]
    return "\n".join(["Summary of the whole run", "", *lines, "", _funnel_line(explained)]) + "\n"


def _time(seconds: float, whole_s: float) -> list[str]:
    return [clock(seconds), f"{100 * seconds / whole_s:.1f} %" if whole_s > 0 else "-"]


def _counts(row: Spending) -> list[str]:
    return [str(n) for n in (row.n_requests, row.n_archs, row.n_on, row.n_lost)]


def _funnel_line(explained: Explained) -> str:
    levels = funnel(explained)
    return f"Funnel: {' -> '.join(f'{level.fidelity} {level.n_archs}' for level in levels)}" if levels else "Funnel: -"


# ------------------------------------------------------------------------------------------------------ CSV


def trace_csv(explained: Explained, chosen: Chosen = ALL) -> str:
    """Return the chosen requests as CSV, numbers unrounded: the record's columns, then every field of the reasons.

    A field called like one of the columns gets the prefix `reason_`.
    """
    fields = {name: f"reason_{name}" if name in _CSV_COLUMNS else name for name in explained.fields}
    sink = io.StringIO()
    lines = csv.writer(sink, lineterminator="\n")
    lines.writerow([*_CSV_COLUMNS, *fields.values()])
    for request in chosen.of(explained):
        own = [getattr(request, name) for name in _CSV_COLUMNS]
        lines.writerow([*own, *(request.reason.get(name) for name in fields)])
    return sink.getvalue()
