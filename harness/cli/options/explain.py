"""Options of `explain` and `calibration`."""

import argparse
import re
from pathlib import Path

from harness.cli import arguments
from pmfnas.core.errors import InputError, shown

_TEXT = """Prints every request of a run with its reasons, and a summary, and draws its figure. Reads only the record.
docs/how-to/explain-a-run.md explains how to read it."""

_EXAMPLES = {
    "explain nb201-cifar100/pmf_nas/s0007 --in results/table2": "trace, summary, figure",
    "explain nb201-cifar100/pmf_nas/s0007 --in results/table2 --stage region --last 20": "a part of the trace",
    "explain results/table2/runs/nb201-cifar10/asha/s0000.parquet --csv > trace.csv": "",
}

_CALIBRATION = """Reads the records of an experiment and compares the predictions of a searcher, `mean` and `std` of its
reasons, with the outcomes: the share of outcomes inside the 50, 80, 90 and 95 % intervals, for all predictions, for
archs selected for further training, and for the recommended arch. The data are not opened.
docs/how-to/explain-a-run.md explains each comparison and how to read it."""

_CALIBRATION_EXAMPLES = {
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
    {"calibration": _add_calibration, "explain": _add_explain}[verb.get_default("verb")](verb)


def _add_calibration(verb: argparse.ArgumentParser) -> None:
    arguments.teach(verb, _CALIBRATION, _CALIBRATION_EXAMPLES)
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
    arguments.add_out(verb, "also write the output to this file", metavar="FILE")


def _add_explain(verb: argparse.ArgumentParser) -> None:
    arguments.teach(verb, _TEXT, _EXAMPLES)
    verb.add_argument("record", metavar="RUN", help="path of a record, or a run's id such as nb201-cifar100/asha/s0007")
    verb.add_argument("--in", dest="folder", type=Path, metavar="DIR", help="the experiment's folder, for an id")
    arguments.add_out(verb, "where the figure goes (default: beside the runs)")
    verb.add_argument(
        "--last", type=arguments.whole("--last", 1), metavar="N", help="the last N lines of the trace only"
    )
    verb.add_argument("--stage", metavar="NAME", help="the lines of one stage only")
    arguments.add_csv(verb, "print the trace as CSV, without summary")
