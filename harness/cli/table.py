"""The work of `table`: the outputs of any folder of results again."""

import argparse

from harness.cli import search_compare


def run(options: argparse.Namespace) -> int:
    """Write the outputs of a folder again, as the verb that made it does."""
    return search_compare.table(options)
