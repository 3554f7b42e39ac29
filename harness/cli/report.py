"""The verb `report`."""

import argparse
from pathlib import Path

from harness.experiment.overwriting import check_outputs
from harness.report.page import write_report
from harness.report.search_page import write_search_report
from harness.search.overview import is_search

NAME = "report.html"


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb `report` to the parser."""
    report = verbs.add_parser("report", help="write one self-contained HTML page of an experiment's folder")
    report.add_argument("folder", type=Path, metavar="DIR", help="folder of an experiment, e.g. results/table2")
    report.add_argument(
        "--run", dest="chosen", metavar="ID", help="the run whose trace is shown (default: PMF-NAS's first)"
    )
    report.add_argument(
        "--out", type=Path, metavar="FILE", help=f"the page (default DIR/{NAME}); replaced where it exists"
    )
    report.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the page and say where it is."""
    out = options.out or options.folder / NAME
    check_outputs({"--out": out}, {"DIR": options.folder}, own=("*.html", "*.htm"))
    if is_search(options.folder):
        write_search_report(options.folder, out)
    else:
        write_report(options.folder, out, run=options.chosen)
    print(f"written: {out} ({out.stat().st_size / 1e6:.1f} MB, refers to nothing outside itself)")
    return 0
