"""The work of `explain`: a run's decisions and their reasons, as text, CSV and a figure, from its record alone."""

import argparse
import sys
from pathlib import Path

from harness.explain.figure import explain_figure
from harness.explain.reading import read_run
from harness.explain.text import Chosen, summary, trace, trace_csv
from harness.show.panels import write_figure
from pmfnas.loop.record import find_record

FOLDER = "explain"
"""Where figures go by default, in the folder of the experiment."""


def run(options: argparse.Namespace) -> int:
    """Print trace and summary of a run, or the trace as CSV, and write its figure."""
    chosen = Chosen(options.stage, options.last)
    path = find_record(options.record, options.folder)
    explained = read_run(path)
    text = trace_csv(explained, chosen) if options.csv else f"{trace(explained, chosen)}\n{summary(explained)}\n"
    note = "no figure: the record holds no request"
    if explained.requests:  # drawn before the text is printed, whose reader may close the pipe
        files = write_figure(explain_figure(explained), options.out or _beside(path), explained.header.run_id)
        note = f"figure: {', '.join(str(file) for file in files)}"
    print(text, end="")
    print(note, file=sys.stderr if options.csv else sys.stdout)
    return 0


def _beside(path: Path) -> Path:
    """Return the default folder of figures: in the experiment's folder, or that of a record that lies elsewhere."""
    runs = next((folder for folder in path.parents if folder.name == "runs"), None)
    return (runs.parent if runs else path.parent) / FOLDER
