"""The overview of a search on the user's own problem (`pmfnas.search`): text, Markdown and the tables of a page.

All values come from the record, in the unit of the search's metric. A single search measures only validation, so there
is no test result and no comparison, and the outputs say so.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.experiment.folder import SPEC, read_claim
from harness.explain.figure import explain_figure
from harness.explain.reading import Explained, incumbents, metric_of, read_run, standing
from harness.explain.text import about
from harness.host.units import counted, written_time
from harness.search.overview import lost, spent
from harness.show import render
from harness.show.panels import write_figure
from harness.show.sheet import Sheet, pairs
from pmfnas.core.errors import DataError, InputError
from pmfnas.core.metric import Metric
from pmfnas.files import write_text
from pmfnas.loop.record import read_rows, record_path, run_id
from pmfnas.problem.folder import EXPERIMENT

NOTE = (
    "One search on one problem: no test value, no regret and no comparison with other searchers can be told from it. "
    "The best value is a validation that was chosen among many, so a new training of the same arch tends to be worse."
)
_BETWEEN = "the searcher's own thinking, for starting worker processes, and for what was interrupted"


@dataclass(frozen=True, slots=True)
class OwnSearch:
    """An ended search on the user's own problem."""

    folder: Path
    claim: dict[str, Any]
    record: Path
    explained: Explained
    metric: Metric
    setup_s: float
    """Set-up seconds; part of the tickets' costs."""

    @property
    def title(self) -> str:
        """Title of the outputs."""
        return f"Search for {self.metric.name} on {self.claim['name']}"


def is_own(folder: Path) -> bool:
    """Return whether `folder` holds a search on the user's own problem."""
    return (folder / SPEC).is_file() and read_claim(folder).get("experiment") == EXPERIMENT


def read_own(folder: Path) -> OwnSearch:
    """Return the search in `folder`.

    Raises:
        InputError: the search has not ended.
        DataError: the claim lacks a field, or the record names no metric.
    """
    claim = read_claim(folder)
    missing = [name for name in ("name", "searcher", "seed") if name not in claim]
    if missing:
        raise DataError(f"{folder / SPEC} lacks {', '.join(missing)}; remove the folder, and search anew")
    record = record_path(folder, run_id("choices", claim["name"], claim["searcher"], claim["seed"]))
    if not record.exists():
        raise InputError(f"{folder} holds a search that has not ended; the same call of pmfnas.search goes on with it")
    explained = read_run(record)
    metric = metric_of(explained.header)
    if metric is None:
        raise DataError(f"{record} names no metric; remove the folder, and search anew")
    setup_s = sum(read_rows(record, ["setup_s"])["setup_s"].to_pylist())
    return OwnSearch(folder, claim, record, explained, metric, setup_s)


def sheets(own: OwnSearch) -> tuple[Sheet, ...]:
    """Return the tables of a search."""
    made = (found(own), spent(own.explained, own.setup_s, between=_BETWEEN), over_time(own), lost(own.explained))
    return tuple(sheet for sheet in made if sheet.rows)


def found(own: OwnSearch) -> Sheet:
    """Return a description of the found arch and the cost of the search."""
    header = own.explained.header
    best = standing(own.explained.requests, header.recommended[0])
    rows = {
        "arch": header.recommended[0],
        f"{own.metric.name} ({own.metric.goal}d)": f"{best.value_told} at {best.fidelity}" if best else "-",
        "searcher": f"{header.searcher}, seed {header.seed}, {counted(header.n_workers, 'worker')}",
        "time": f"{written_time(header.clock_s)} of a budget of {written_time(header.budget_s)}",
        "ended": header.why,
    }
    return pairs("What was found", rows, titles=("", "value"))


def over_time(own: OwnSearch) -> Sheet:
    """Return the incumbents over time."""
    rows = tuple(
        (
            written_time(step.time_s),
            step.standing.value_told if step.standing else "-",
            step.standing.fidelity if step.standing else "-",
            step.arch,
        )
        for step in incumbents(own.explained)
    )
    return Sheet("The best arch over time", ("from", own.metric.name, "at", "arch"), rows)


def write_own(folder: Path) -> tuple[Path, ...]:
    """Write `table.md` and the figure of a search to its folder, print the tables, and return the written paths."""
    own = read_own(folder)
    path = folder / "table.md"
    write_text(path, render.markdown(own.title, [NOTE, about(own.explained), *sheets(own)]))
    print(render.terminal(own.title, [NOTE, *sheets(own)]))
    return path, *write_figure(explain_figure(own.explained), folder, "search")
