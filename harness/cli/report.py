"""The work of `report`."""

import argparse

from harness.cli.options.report import NAME
from harness.experiment.overwriting import check_outputs
from harness.report.page import write_report
from harness.report.search_page import write_search_report
from harness.report.tables_page import has_tables_only, write_tables_page
from harness.search.overview import is_search


def run(options: argparse.Namespace) -> int:
    """Write the page and say where it is."""
    out = options.out or options.folder / NAME
    check_outputs({"--out": out}, {"DIR": options.folder}, own=("*.html", "*.htm"))
    if is_search(options.folder):
        write_search_report(options.folder, out)
    elif has_tables_only(options.folder):
        write_tables_page(options.folder, out)
    else:
        write_report(options.folder, out, run=options.chosen)
    print(f"written: {out} ({out.stat().st_size / 1e6:.1f} MB, refers to nothing outside itself)")
    return 0
