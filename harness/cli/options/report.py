"""Options of `report` and `same-order`."""

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

_ORDER = """Rank correlations of the searchers' mean scores in two results, per data set. Use it when the same
experiment was run on two kinds of data: conclusions from the one should hold on the other. Pairs in another order are
listed with their differences, because means of few seeds are noisy."""

_ORDER_EXAMPLES = {
    "same-order results/table2 results/table2-surrogate": "",
    "same-order results/table2 results/mine --out order.md": "",
}


def add(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    {"report": _add_report, "same-order": _add_order}[verb.get_default("verb")](verb)


def _add_report(verb: argparse.ArgumentParser) -> None:
    arguments.teach(verb, _TEXT, _EXAMPLES)
    verb.add_argument("folder", type=Path, metavar="DIR", help="folder of an experiment, e.g. results/table2")
    verb.add_argument(
        "--run", dest="chosen", metavar="ID", help="the run whose trace is shown (default: PMF-NAS's first)"
    )
    arguments.add_out(verb, f"the page (default DIR/{NAME}); replaced where it exists", metavar="FILE")


def _add_order(verb: argparse.ArgumentParser) -> None:
    arguments.teach(verb, _ORDER, _ORDER_EXAMPLES)
    verb.add_argument("first", type=Path, metavar="DIR", help="folder of an experiment, e.g. results/table2")
    verb.add_argument("second", type=Path, metavar="DIR2", help="folder of the same experiment on other data")
    arguments.add_out(verb, "also write the page here", metavar="FILE")
