"""The work of `report` and `same-order`: pages about folders of results."""

import argparse

from harness.cli.arguments import check_there
from harness.cli.options.report import NAME
from harness.experiment.overwriting import check_outputs
from harness.report.own_page import write_own_report
from harness.report.page import write_report
from harness.report.results import read_results
from harness.report.same_order import markdown
from harness.report.search_page import write_search_report
from harness.report.tables_page import has_tables_only, write_tables_page
from harness.search.overview import is_search
from harness.search.own import is_own
from pmfnas.files import write_text


def run(options: argparse.Namespace) -> int:
    """Do what one of the two verbs asks for."""
    return {"report": _report, "same-order": _same_order}[options.verb](options)


def _report(options: argparse.Namespace) -> int:
    """Write the page and print its path."""
    check_there(options.folder)
    out = options.out or options.folder / NAME
    check_outputs({"--out": out}, {"DIR": options.folder}, own=("*.html", "*.htm"))
    if is_search(options.folder):
        write_search_report(options.folder, out)
    elif is_own(options.folder):
        write_own_report(options.folder, out)
    elif has_tables_only(options.folder):
        write_tables_page(options.folder, out)
    else:
        write_report(options.folder, out, run=options.chosen)
    print(f"written: {out} ({out.stat().st_size / 1e6:.1f} MB, refers to nothing outside itself)")
    return 0


def _same_order(options: argparse.Namespace) -> int:
    """Print the page, and write it to the file that `--out` names."""
    if options.out is not None:
        check_outputs({"--out": options.out}, {"DIR": options.first, "DIR2": options.second}, own=("*.md",))
    text = markdown(read_results(options.first), read_results(options.second))
    if options.out is not None:
        write_text(options.out, text)
    print(text, end="")
    return 0
