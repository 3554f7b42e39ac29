"""Options of `calibration`."""

import argparse
import re
from pathlib import Path

from harness.cli import arguments
from pmfnas.core.errors import InputError, shown

_TEXT = """Reads the records of an experiment and compares what a searcher predicted, `mean` and `std` of its
reasons, with what it was told later: the share of outcomes inside the 50, 80, 90 and 95 % intervals, for all
predictions, for those of archs that it had selected to go on with, and for the arch that it recommended. The data are
not opened. docs/how-to/explain-a-run.md says what is judged against what, and how to read it."""

_EXAMPLES = {
    "calibration results/table2 --searchers pmf_nas": "",
    "calibration results/table2 --searchers pmf_nas,pmf_nas_no_belief --datasets cifar100 --seeds 50": "",
    "calibration results/table2 --searchers pmf_nas --noise 0.5": "the noise of a trial added",
}


def percent_points(text: str) -> float:
    """Return percent points from 0 to 100."""
    if not re.fullmatch(r"[0-9]+(\.[0-9]*)?", text) or float(text) > 100:
        raise InputError(f"--noise is {shown(text)}, but must be percent points from 0 to 100, such as 0.5")
    return float(text)


def add(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    arguments.teach(verb, _TEXT, _EXAMPLES)
    verb.add_argument("folder", type=Path, metavar="DIR", help="an experiment's folder, e.g. results/table2")
    arguments.add_searchers(verb, "some of the searchers of that folder (default: all)", None)
    verb.add_argument(
        "--datasets", type=arguments.names_of("--datasets"), metavar="A,B", help="some of its data sets (default: all)"
    )
    arguments.add_seeds(verb, "the first N seeds of each only (default: all)", None)
    verb.add_argument(
        "--noise",
        dest="noise_pct",
        type=percent_points,
        default=0.0,
        metavar="PCT",
        help="std of a trial's noise, percent points (default 0)",
    )
    arguments.add_csv(verb, "print one row per group as CSV instead of the tables")
    arguments.add_out(verb, "also write there what is printed", metavar="FILE")
