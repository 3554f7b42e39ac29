"""Options of `explain`."""

import argparse
from pathlib import Path

from harness.cli import arguments

_TEXT = """Prints what a run did, request by request and with its reasons, and a summary, and draws its figure. Reads
the record and nothing else. docs/how-to/explain-a-run.md says how to read it."""

_EXAMPLES = {
    "explain nb201-cifar100/pmf_nas/s0007 --in results/table2": "trace, summary, figure",
    "explain nb201-cifar100/pmf_nas/s0007 --in results/table2 --stage region --last 20": "a part of the trace",
    "explain results/table2/runs/nb201-cifar10/asha/s0000.parquet --csv > trace.csv": "",
}


def add(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    arguments.teach(verb, _TEXT, _EXAMPLES)
    verb.add_argument("record", metavar="RUN", help="path of a record, or a run's id such as nb201-cifar100/asha/s0007")
    verb.add_argument("--in", dest="folder", type=Path, metavar="DIR", help="the experiment's folder, for an id")
    arguments.add_out(verb, "where the figure goes (default: beside the runs)")
    verb.add_argument(
        "--last", type=arguments.whole("--last", 1), metavar="N", help="the last N lines of the trace only"
    )
    verb.add_argument("--stage", metavar="NAME", help="the lines of one stage only")
    arguments.add_csv(verb, "print the trace as CSV, without summary")
