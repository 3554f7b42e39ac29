"""The overview of a search with real training: one run on one data set, as text, Markdown and a page.

A table of searchers needs a benchmark with the scores of every arch. A search scores one network, once, after its end.
So there is no regret, rank or comparison, and the outputs say so. They show instead:

    found network       validation and test accuracy, GPU-hours, retraining
    seconds             by stage and fidelity; set-up and idle time separately
    incumbents          the best arch so far over time, by validation
    failures            failed requests with their reasons

All values come from the record and `result.json`; this file opens no image and needs no torch.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.experiment.folder import SPEC, read_claim
from harness.explain.figure import explain_figure
from harness.explain.reading import Explained, incumbents, read_run, spendings
from harness.explain.text import about
from harness.host.units import written_time
from harness.search.card import named
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
_BETWEEN = "measuring the width, for the searcher's own thinking, and for what was interrupted"


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
    """Set-up seconds; part of the tickets' costs."""

    @property
    def title(self) -> str:
        """Title of the outputs."""
        return f"Search on {self.claim['dataset']} with real training"

    @property
    def run(self) -> str:
        """Id of the search's run."""
        return self.explained.header.run_id


def is_search(folder: Path) -> bool:
    """Return whether `folder` holds a search with real training."""
    return (folder / SPEC).is_file() and read_claim(folder).get("experiment") == EXPERIMENT


def read_overview(folder: Path) -> Overview:
    """Return the search in `folder`.

    Raises:
        InputError: the search has not ended.
        DataError: a file of the folder is damaged.
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
    return tuple(sheet for sheet in _all(overview) if sheet.rows)


def _all(overview: Overview) -> tuple[Sheet, ...]:
    spending = spent(overview.explained, overview.setup_s)
    return found(overview), spending, best(overview), lost(overview.explained)


def found(overview: Overview) -> Sheet:
    """Return a description of the found network."""
    result, claim = overview.result, overview.claim
    rows = {
        "arch": result["arch"],
        f"validation {named(result)}": f"{result['valid_acc']:.2f} %",
        f"test {named(result)}": f"{result['test_acc']:.2f} %",
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
        rows[f"test {named(result)}, retrained"] = f"{again['test_acc']:.2f} %, trained on {again['trained_on']}"
    if result["recommended"] != result["arch"]:
        rows["recommended"] = f"{result['recommended']}, of which no whole training is there"
    return pairs("What was found", rows, titles=("", "value"))


def spent(explained: Explained, setup_s: float, *, between: str = _BETWEEN) -> Sheet:
    """Return GPU-hours by stage and fidelity, then the hours between tickets and the set-up time.

    Args:
        explained: the run.
        setup_s: seconds of set-up, part of the tickets' costs.
        between: a remark on the clock between tickets.
    """
    header = explained.header
    rows = [
        (
            row.stage or "search",
            row.fidelity,
            str(row.n_archs),
            str(row.n_requests),
            str(row.n_lost),
            number(row.paid_s / 3600, ".3f"),
        )
        for row in spendings(explained)
    ]
    idle_h = header.gpu_hours_resume - header.busy_hours
    rows.append(("between tickets", "-", "-", "-", "-", number(max(0.0, idle_h), ".3f")))
    remark = (
        f"Of these hours {number(setup_s / 3600, '.3f')} are set-up: building what trains. Between tickets the clock "
        f"runs for {between}."
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


def lost(explained: Explained) -> Sheet:
    """Return failed and diverged requests with reasons; a request for a trial that does not exist is no failure."""
    rows = tuple(
        (written_time(request.end_s), request.arch, request.fidelity, request.failure or request.status)
        for request in explained.requests
        if request.status in ("failed", "diverged") and not request.has_no_such_trial
    )
    return Sheet("What went wrong", ("at", "arch", "fidelity", "reason"), rows, words=True)


def write_overview(folder: Path) -> tuple[Path, ...]:
    """Write `table.md` and the figure of a search to its folder, print the tables, and return the written paths."""
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
