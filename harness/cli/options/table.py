"""Options of `table`."""

import argparse
from pathlib import Path

from harness.cli import arguments

_TEXT = """Writes every table and figure of a folder of results again from its records, whichever verb made it, or from
runs.parquet and steps.parquet where it has no records, as the committed references. Nothing is run."""


def add(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    examples = {
        "table results/table2": "the outputs again",
        "table results/table2 --show pmf_nas,asha,bohb": "these in colour, the others grey",
        "table results/mine --data surrogate": "on named data",
    }
    arguments.teach(verb, _TEXT, examples)
    verb.add_argument("out", type=Path, help="folder of an experiment, e.g. results/table2")
    verb.add_argument("--data", default="auto", help="the data it was made with (default: found by its fingerprint)")
    arguments.add_view(verb)
