"""Options of `same-order`."""

import argparse
from pathlib import Path

from harness.cli import arguments

_TEXT = """Rank correlations of the searchers' mean scores in two results, per data set. Use it when the same
experiment was run on two kinds of data: conclusions from the one should hold on the other. Pairs in another order are
listed with their differences, because means of few seeds are noisy."""


def add(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    examples = {
        "same-order results/table2 results/table2-surrogate": "",
        "same-order results/table2 results/mine --out order.md": "",
    }
    arguments.teach(verb, _TEXT, examples)
    verb.add_argument("first", type=Path, metavar="DIR", help="folder of an experiment, e.g. results/table2")
    verb.add_argument("second", type=Path, metavar="DIR2", help="folder of the same experiment on other data")
    arguments.add_out(verb, "also write the page here", metavar="FILE")
