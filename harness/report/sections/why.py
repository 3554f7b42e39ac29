"""Why one run did what it did: what was predicted of every arch it asked for, and what came of it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from harness.explain.reading import Answered, Explained, read_run, standing
from harness.explain.text import NO_REASONS, about, columns_of
from harness.players.ours import REFERENCE
from harness.report.cells import drawing
from harness.report.charts import Axes, key, point_chart
from harness.report.content import Chart, Folded, Key, Picture, Section, listed
from harness.report.results import Results
from harness.show.looks import stage_colours
from harness.show.sheet import Sheet
from pmfnas.core.types import FloatArray
from pmfnas.loop.record import find_record, record_path

_KEY = "why", "Why each arch was trained"
_LEAST = 1e-6
"""Potential, in points, to which everything smaller is raised in the chart."""
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
    anchor, title = _KEY
    path = _record(results, chosen)
    if path is None:
        absent = "This folder holds no records of runs, so there is no trace. The folder of the run has them."
        return Section(anchor, title, words=(absent,))
    return trace_section(path)


def trace_section(path: Path) -> Section:
    """Return the trace of the run whose record is at `path`."""
    anchor, title = _KEY
    explained = read_run(path)
    if not explained.requests:
        return Section(anchor, title, words=(about(explained), "The record holds no request."))
    higher, all_rows = _sheets(explained)
    folded = (Folded(f"All {len(explained.requests)} requests", (all_rows,)),)
    charts, keys = _charts(explained)
    return Section(
        anchor,
        title,
        words=(about(explained), _READING if explained.has_reasons else NO_REASONS),
        pictures=(*charts, *_drawn(explained)),
        keys=keys,
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


def _drawn(explained: Explained) -> tuple[Picture, ...]:
    """Return the arch that the run recommends first, drawn where its space has drawings."""
    drawn = [drawing(explained.header.space, arch, "Recommended") for arch in explained.header.recommended[:1]]
    return tuple(picture for picture in drawn if picture)


def _charts(explained: Explained) -> tuple[tuple[Chart, ...], tuple[Key, ...]]:
    """Return predictions and potential over time, and their legend; nothing where the searcher gave no predictions."""
    told = [r for r in explained.requests if all(isinstance(r.reason.get(name), int | float) for name in _SCORED)]
    if not told:
        return (), ()
    colours = stage_colours(request.stage for request in explained.requests)
    by_stage = {
        key(stage or "no stage", colours[stage], switches="stage"): [r for r in told if r.stage == stage]
        for stage in dict.fromkeys(request.stage for request in told)
    }
    stages, n = listed(k.name for k in by_stage), len(told)
    return (
        point_chart(
            "Predicted mean ± std",
            f"Predicted final accuracy with its uncertainty of {n} requests over the hours of "
            f"{explained.header.run_id}, coloured by stage ({stages}); the numbers are in the table below.",
            {k: (_hours(own), _figures(own, "mean"), _figures(own, "std")) for k, own in by_stage.items()},
            Axes("hours of the run's clock", "predicted accuracy (%)"),
        ),
        point_chart(
            "Potential",
            f"Potential of the same {n} requests on a logarithmic axis that ends at {_LEAST:g}; the numbers are in the "
            "table below.",
            {
                k: (_hours(own), np.maximum(_figures(own, "potential"), _LEAST), np.full(len(own), np.nan))
                for k, own in by_stage.items()
            },
            Axes("hours of the run's clock", "potential (points)", y_log=True),
        ),
    ), tuple(by_stage)


def _hours(requests: Sequence[Answered]) -> FloatArray:
    return np.array([request.start_s / 3600 for request in requests])


def _figures(requests: Sequence[Answered], name: str) -> FloatArray:
    return np.array([float(request.reason[name]) for request in requests])
