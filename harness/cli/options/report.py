"""Options of `report`."""

import argparse
from pathlib import Path

from harness.cli import arguments

NAME = "report.html"

_TEXT = """Writes one self-contained HTML page of a folder of results: tables, figures, the trace of a run, and what
made them. It refers to nothing outside itself."""

_EXAMPLES = {
    "report results/table2": "writes results/table2/report.html",
    "report results/table2 --run nb201-cifar100/asha/s0003 --out asha.html": "another run's trace",
    "report results/search/cifar10": "a search by real training",
}


def add(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    arguments.teach(verb, _TEXT, _EXAMPLES)
    verb.add_argument("folder", type=Path, metavar="DIR", help="folder of an experiment, e.g. results/table2")
    verb.add_argument(
        "--run", dest="chosen", metavar="ID", help="the run whose trace is shown (default: PMF-NAS's first)"
    )
    arguments.add_out(verb, f"the page (default DIR/{NAME}); replaced where it exists", metavar="FILE")
