"""The overview of a search with real training: one run on one data set, as text, Markdown and a page.

A table of searchers rests on a benchmark that knows every arch; here one network was scored, once, when the search
had ended. So neither regret nor rank nor a comparison can be given, and the outputs say so. What there is instead:

    what was found      validation and test of the network in hand, GPU-hours, retraining
    seconds             by stage and fidelity, set-up and idle time apart
    incumbents          what would have been returned when, by validation
    failures            with their reasons

All of it is read from the record and `result.json`; no image is opened and no torch is needed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.experiment.folder import SPEC, read_claim
from harness.explain.figure import explain_figure
from harness.explain.reading import Explained, incumbents, read_run, spendings
from harness.explain.text import about
from harness.host.units import written_time
from harness.search.folder import EXPERIMENT, read_result
from harness.show import render
from harness.show.cells import number
from harness.show.panels import write_figure
from harness.show.sheet import Sheet, pairs
from pmfnas.core.errors import DataError, InputError
from pmfnas.files import write_text
from pmfnas.loop.record import read_rows, record_path, run_id

NOTE = (
    "One search on one data set, and one network that was scored: no regret, no rank and no comparison with other "
    "searchers can be told from it. Test accuracy was measured after the search had ended."
)
_RETRAINED = "retrained.json"


@dataclass(frozen=True, slots=True)
class Overview:
    """A search that has ended."""

    folder: Path
    claim: dict[str, Any]
    result: dict[str, Any]
    retrained: dict[str, Any] | None
    record: Path
    explained: Explained
    setup_s: float
    """Within the tickets' costs."""

    @property
    def title(self) -> str:
        """Names the search."""
        return f"Search on {self.claim['dataset']} with real training"

    @property
    def run(self) -> str:
        """The id of its run."""
        return self.explained.header.run_id


def is_search(folder: Path) -> bool:
    """Return whether `folder` is that of a search with real training."""
    return (folder / SPEC).is_file() and read_claim(folder).get("experiment") == EXPERIMENT


def read_overview(folder: Path) -> Overview:
    """Return the search in `folder`.

    Raises:
        InputError: it has not ended.
        DataError: a file in it is damaged.
    """
    claim, result = read_claim(folder), read_result(folder)
    if result is None:
        raise InputError(
            f"{folder} holds a search that has not ended; its lines are in log.txt; go on with search ... --resume"
        )
    record = record_path(folder, run_id(claim["space"], claim["dataset"], claim["searcher"], claim["seed"]))
    explained = read_run(record)
    if explained.header.fingerprint != claim["fingerprint"]:
        raise DataError(f"{record} is of other data than {folder}; search anew in another folder")
    setup_s = sum(read_rows(record, ["setup_s"])["setup_s"].to_pylist())
    return Overview(folder, claim, result, read_result(folder, _RETRAINED), record, explained, setup_s)


def sheets(overview: Overview) -> tuple[Sheet, ...]:
    """Return the tables of a search."""
    return tuple(sheet for sheet in (found(overview), spent(overview), best(overview), lost(overview)) if sheet.rows)


def found(overview: Overview) -> Sheet:
    """Return a description of the found network."""
    result, claim = overview.result, overview.claim
    rows = {
        "arch": result["arch"],
        "validation accuracy": f"{result['valid_acc']:.2f} %",
        "test accuracy": f"{result['test_acc']:.2f} %",
        "trained": f"{result['epochs']} epochs of schedule {result['schedule']}, seed {result['seed']}",
        "trained on": result["trained_on"],
        "size": f"{result['params_m']:.3f} M parameters, {result['flops_m']:.2f} M multiply-adds",
        "data": f"{result['dataset']} ({result['data']}), split {result['split']}",
        "searcher": f"{claim['searcher']}, seed {claim['seed']}, width {claim['width']}",
        "GPU-hours": f"{result['gpu_hours']:.3f} on {claim['device']}: {written_time(result['gpu_hours'] * 3600)} of a "
        f"budget of {written_time(claim['budget_s'])}",
        "ended": result["ended"],
    }
    if overview.retrained is not None:
        again = overview.retrained
        rows["test accuracy, retrained"] = f"{again['test_acc']:.2f} %, trained on {again['trained_on']}"
    if result["recommended"] != result["arch"]:
        rows["recommended"] = f"{result['recommended']}, of which no whole training is there"
    return pairs("What was found", rows, titles=("", "value"))


def spent(overview: Overview) -> Sheet:
    """Return GPU-hours by stage and fidelity, then set-up and unpaid time."""
    header = overview.explained.header
    rows = [
        (
            row.stage or "search",
            row.fidelity,
            str(row.n_archs),
            str(row.n_requests),
            str(row.n_lost),
            number(row.paid_s / 3600, ".3f"),
        )
        for row in spendings(overview.explained)
    ]
    idle_h = header.gpu_hours_resume - header.busy_hours
    rows.append(("between tickets", "-", "-", "-", "-", number(max(0.0, idle_h), ".3f")))
    remark = (
        f"Of these hours {number(overview.setup_s / 3600, '.3f')} are set-up: building what trains. Between tickets "
        "the clock runs for measuring the width, for the searcher's own thinking, and for what was interrupted."
    )
    titles = ("stage", "fidelity", "archs", "requests", "lost", "GPU-hours")
    return Sheet("Where the hours went", titles, tuple(rows), remarks=(remark,))


def best(overview: Overview) -> Sheet:
    """Return the incumbents over time."""
    rows = tuple(
        (
            written_time(step.time_s),
            number(step.standing.valid_acc) if step.standing else "-",
            step.standing.fidelity if step.standing else "-",
            step.arch,
        )
        for step in incumbents(overview.explained)
    )
    return Sheet("The network in hand over time", ("from", "validation %", "at", "arch"), rows)


def lost(overview: Overview) -> Sheet:
    """Return the requests that failed or diverged, with reasons; a request beyond the last trial is no failure."""
    rows = tuple(
        (written_time(request.end_s), request.arch, request.fidelity, request.failure or request.status)
        for request in overview.explained.requests
        if request.status in ("failed", "diverged") and not request.has_no_such_trial
    )
    return Sheet("What went wrong", ("at", "arch", "fidelity", "reason"), rows, words=True)


def write_overview(folder: Path) -> tuple[Path, ...]:
    """Write `table.md` and the figure of a search to its folder, print the tables, and return what was written."""
    overview = read_overview(folder)
    path = folder / "table.md"
    write_text(path, markdown(overview))
    print(terminal(overview))
    figures = write_figure(explain_figure(overview.explained), folder, "search")
    return path, *figures


def markdown(overview: Overview) -> str:
    """Return the tables as Markdown."""
    return render.markdown(overview.title, [NOTE, about(overview.explained), *sheets(overview)])


def terminal(overview: Overview) -> str:
    """Return the tables as lines of a screen."""
    return render.terminal(overview.title, [NOTE, *sheets(overview)])
