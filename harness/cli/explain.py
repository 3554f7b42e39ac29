"""The work of `explain` and `calibration`, from records alone.

`explain` prints a run's decisions and their reasons, as text, CSV and a figure. `calibration` says whether a searcher's
predicted intervals cover the true scores, also of the selected archs.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.experiment.overwriting import check_outputs
from harness.explain.calibration import coverages, described, frame, judged, markdown, records
from harness.explain.figure import explain_figure
from harness.explain.reading import Explained, metric_of, read_run
from harness.explain.text import Chosen, summary, trace, trace_csv
from harness.show.panels import write_figure
from harness.show.render import csv
from pmfnas.files import write_text
from pmfnas.loop.record import find_record
from pmfnas.progress import tracked

FOLDER = "explain"
"""Default folder of figures, in the folder of the experiment."""


def run(options: argparse.Namespace) -> int:
    """Explain one run, or judge the predictions of many."""
    return {"calibration": _calibration, "explain": _explain}[options.verb](options)


def _explain(options: argparse.Namespace) -> int:
    """Print trace and summary of a run, or the trace as CSV, and write its figure."""
    chosen = Chosen(options.stage, options.last)
    path = find_record(options.record, options.folder)
    explained = read_run(path)
    text = trace_csv(explained, chosen) if options.csv else f"{trace(explained, chosen)}\n{summary(explained)}\n"
    note = "no figure: the record holds no request"
    if explained.requests:  # draw before printing: the reader of the text may close the pipe
        files = write_figure(explain_figure(explained), options.out or _beside(path), explained.header.run_id)
        note = f"figure: {', '.join(str(file) for file in files)}"
    print(text, end="")
    print(note, file=sys.stderr if options.csv else sys.stdout)
    return 0


def _beside(path: Path) -> Path:
    """Return the default folder of figures: in the experiment's folder, or beside a record outside an experiment."""
    runs = next((folder for folder in path.parents if folder.name == "runs"), None)
    return (runs.parent if runs else path.parent) / FOLDER


def _predicted(runs: Sequence[Explained]) -> str:
    """Return what is predicted: the accuracy, or the score that stands for the metric of one's own."""
    metric = metric_of(runs[0].header)
    return "accuracy" if metric is None else f"the score that stands for {metric.name}"


def _calibration(options: argparse.Namespace) -> int:
    """Print the coverages of an experiment's records."""
    if options.out is not None:
        check_outputs({"--out": options.out}, {"DIR": options.folder}, own=("calibration*",))
    paths = records(options.folder, options.datasets, options.searchers, options.n_seeds)
    runs = [read_run(path) for path in tracked(paths, "reading", total=len(paths), unit="run")]
    rows = coverages(judged(runs), noise_pct=options.noise_pct)
    if options.csv:
        text = csv(frame(rows))
    else:
        text = (
            f"# Do the intervals hold?\n\n{described(runs, options.noise_pct)}\n\n{markdown(rows, of=_predicted(runs))}"
        )
    print(text, end="")
    if options.out is not None:
        write_text(options.out, text)
    return 0
