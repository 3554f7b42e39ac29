"""Options of `speed`."""

import argparse

from harness.cli import arguments

_TEXT = """Measures how fast the project is: data, queries, the loop, PMF-NAS, growth, and backends, each with its goal,
and next to a peer in the same run where there is one. At most 20 minutes on two cores. Packages of the field take part
if `peers` has made their environments."""

_READING = """A figure that falls short of its goal is marked SHORT. Times are those of a machine that does nothing
else."""

_EXAMPLES = {
    "speed --smoke": "does everything run? Its figures mean nothing",
    "speed": "the whole measurement",
    "speed --write-page": "docs/reference/speed.md again, from the committed figures",
}


def add(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    arguments.teach(verb, _TEXT, _EXAMPLES, reading=_READING)
    verb.add_argument("--data", default="surrogate", help="the table to measure on (default: surrogate)")
    arguments.add_out(verb, "where results go (default results/speed, with -smoke for --smoke)")
    arguments.add_smoke(verb, "tiny extents: a minute or two, and no claim")
    arguments.add_update_reference(verb)
    verb.add_argument("--write-page", action="store_true", help="write the page in the documents, and measure nothing")
