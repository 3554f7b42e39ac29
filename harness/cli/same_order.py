"""The work of `same-order`: do two results put the searchers in the same order?"""

import argparse

from harness.experiment.overwriting import check_outputs
from harness.report.results import read_results
from harness.report.same_order import markdown
from pmfnas.files import write_text


def run(options: argparse.Namespace) -> int:
    """Print the page, and write it where asked."""
    if options.out is not None:
        check_outputs({"--out": options.out}, {"DIR": options.first, "DIR2": options.second}, own=("*.md",))
    text = markdown(read_results(options.first), read_results(options.second))
    if options.out is not None:
        write_text(options.out, text)
    print(text, end="")
    return 0
