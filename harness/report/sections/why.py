"""Why one run did what it did: what was predicted of every arch it asked for, and what came of it."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from matplotlib.axes import Axes

from harness.explain.record import Answered, Explained, read_run, standing
from harness.explain.text import NO_REASONS, about, columns_of
from harness.players.ours import REFERENCE
from harness.report.content import Folded, Key, Picture, Section, listed
from harness.report.pictures import box_key, picture
from harness.report.results import Results
from harness.show.looks import plain_ticks
from harness.show.sheet import Sheet
from pmfnas.loop.record import find_record, record_path

_COLOURS = ("#0072B2", "#E69F00", "#CC3377", "#44AA99", "#AA4499", "#999933")
"""Of stages, in the order in which they appear."""
_MARKERS = ("o", "s", "^", "D", "v", "P")
_KEY = "why", "Why each arch was trained"
_LEAST = 1e-6
"""Potential, in points, at the lower edge of its picture, where everything smaller stands too."""
_SCORED = ("mean", "std", "potential")
_READING = (
    "mean ± std: what the searcher predicted of the arch when it asked, before anything was paid for (PMF-NAS: "
    "validation accuracy in % at the end of the search schedule, and of the full training once one was seen); "
    "potential: by how much the best is expected to rise (points); gain/h: the same per GPU-hour."
)


def why_section(results: Results, chosen: str | None) -> Section:
    """Return the trace of a run.

    Args:
        results: the folder.
        chosen: id of the run; None for PMF-NAS's first run on the first data set, or else the first run there is.

    Raises:
        InputError: the chosen run is not in the folder.
    """
    key, title = _KEY
    path = _record(results, chosen)
    if path is None:
        absent = "This folder holds no records of runs, so there is no trace. The folder of the run has them."
        return Section(key, title, words=(absent,))
    return trace_section(path)


def trace_section(path: Path) -> Section:
    """Return the trace of the run whose record is at `path`."""
    key, title = _KEY
    explained = read_run(path)
    if not explained.requests:
        return Section(key, title, words=(about(explained), "The record holds no request."))
    higher, all_rows = _sheets(explained)
    folded = (Folded(f"All {len(explained.requests)} requests", (all_rows,)),)
    pictures = _pictures(explained)
    return Section(
        key,
        title,
        words=(about(explained), _READING if explained.has_reasons else NO_REASONS),
        pictures=pictures,
        keys=_keys(explained) if pictures else (),
        sheets=(higher, _recommended(explained)),
        folded=folded,
    )


def _record(results: Results, chosen: str | None) -> Path | None:
    if chosen is not None:
        return find_record(chosen, results.folder)
    ids = [name for name in results.records if f"/{REFERENCE}/" in name] or list(results.records)
    return record_path(results.folder, ids[0]) if ids else None


def _sheets(explained: Explained) -> tuple[Sheet, Sheet]:
    """Return the requests above the lowest fidelity, and all of them."""
    lowest = min(request.height for request in explained.requests)
    promoted = [request for request in explained.requests if request.height > lowest]
    run = explained.header.run_id
    higher = _sheet(f"{run}: requests above the lowest fidelity ({len(promoted)})", explained, promoted)
    return higher, _sheet(f"{run}: all requests", explained, explained.requests)


def _sheet(caption: str, explained: Explained, requests: Sequence[Answered]) -> Sheet:
    columns = columns_of(explained)
    rows = tuple(tuple(write(request) for write in columns.values()) for request in requests)
    return Sheet(caption, tuple(columns), rows)


def _recommended(explained: Explained) -> Sheet:
    """Return the archs that the run recommends, with what it had learnt of each by validation."""
    rows = []
    for place, arch in enumerate(explained.header.recommended, start=1):
        known = standing(explained.requests, arch)
        told = (f"{known.valid_acc:.2f}", known.fidelity) if known else ("-", "-")
        rows.append((str(place), *told, arch))
    caption = f"{explained.header.run_id}: recommended, best first"
    return Sheet(caption, ("place", "validation %", "at", "arch"), tuple(rows))


# ------------------------------------------------------------------------------------------------- pictures


def _pictures(explained: Explained) -> tuple[Picture, ...]:
    """Return predictions and potential over time; nothing where the searcher gave no predictions."""
    told = [r for r in explained.requests if all(isinstance(r.reason.get(name), int | float) for name in _SCORED)]
    if not told:
        return ()
    run, n = explained.header.run_id, len(told)
    stages = listed(dict.fromkeys(request.stage or "no stage" for request in told))
    return (
        picture(
            "predicted mean ± std",
            f"Predicted final accuracy with its uncertainty of {n} requests over the hours of {run}, coloured by stage "
            f"({stages}); the numbers are in the table below.",
            partial(_draw_means, requests=told),
        ),
        picture(
            "potential",
            f"Potential of the same {n} requests on a logarithmic axis that ends at {_LEAST:g}; the numbers are in the "
            "table below.",
            partial(_draw_potential, requests=told),
        ),
    )


def _draw_means(panel: Axes, *, requests: Sequence[Answered]) -> None:
    for stage, colour, marker in _looks(requests):
        own = [request for request in requests if request.stage == stage]
        hours = [request.start_s / 3600 for request in own]
        means, stds = ([float(request.reason[name]) for request in own] for name in ("mean", "std"))
        panel.errorbar(hours, means, stds, fmt=marker, color=colour, ms=3, lw=0, elinewidth=0.7, mew=0)
    panel.set_xlabel("hours of the run's clock")
    panel.set_ylabel("predicted accuracy (%)")


def _draw_potential(panel: Axes, *, requests: Sequence[Answered]) -> None:
    for stage, colour, marker in _looks(requests):
        own = [request for request in requests if request.stage == stage]
        hours = [request.start_s / 3600 for request in own]
        potentials = [max(float(request.reason["potential"]), _LEAST) for request in own]
        panel.plot(hours, potentials, marker, color=colour, ms=3, mew=0, clip_on=False, zorder=3)
    panel.set_yscale("log")
    panel.set_ylim(bottom=_LEAST)
    plain_ticks(panel.yaxis, *panel.get_ylim())
    panel.set_xlabel("hours of the run's clock")
    panel.set_ylabel("potential (points)")


def _looks(requests: Sequence[Answered]) -> list[tuple[str, str, str]]:
    """Return (stage, colour, marker) in the order in which stages appear."""
    stages = dict.fromkeys(request.stage for request in requests)
    return [(s, _COLOURS[i % len(_COLOURS)], _MARKERS[i % len(_MARKERS)]) for i, s in enumerate(stages)]


def _keys(explained: Explained) -> tuple[Key, ...]:
    return tuple(box_key(stage or "no stage", colour) for stage, colour, _ in _looks(explained.requests))
