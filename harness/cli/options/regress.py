"""Options of `regress`, the gate of the predictor."""

import argparse
from pathlib import Path

from harness.cli import arguments
from harness.cli.options.names import PREDICTORS, REFERENCE_PREDICTOR

_TEXT = """Measures a predictor in a fixed set of splits and compares it with the accepted reference, split by
split. Exit 0: as good. Exit 1: worse in some group beyond chance, or without a finite loss; it says in which figure and
by how much. Exit 2: nothing was compared, since the data are others, the reference is missing or was edited, the
predictor failed or returned what is no prediction, or the splits are too few to notice a loss of .1 tau.
docs/reference/gate.md explains the test, and what it can and cannot see."""

_EXAMPLES = {
    "regress": "PMF-NAS's predictor, on the best data there is",
    "regress --data surrogate --jobs 2": "on the data that every machine has",
    'regress --accept --reason "wider prior"': "the reference is now what was just measured",
    "regress --predictor my.py:Mine": "yours against the reference of PMF-NAS's",
    'regress --predictor my.py:Mine --reference mine.json --accept --reason "first"': "",
    "regress --predictor my.py:Mine --reference mine.json": "in your CI from now on",
}


def add(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    arguments.teach(verb, _TEXT, _EXAMPLES)
    known = f"my.py:MyPredictor, or one of: {', '.join(PREDICTORS)}"
    verb.add_argument("--predictor", default=REFERENCE_PREDICTOR, help=known)
    arguments.add_data(verb, partial=False)
    verb.add_argument("--reference", type=Path, metavar="FILE", help="the reference (default: the project's own)")
    verb.add_argument("--accept", action="store_true", help="write what is measured as the new reference")
    verb.add_argument("--reason", default="", metavar="TEXT", help="why; recorded with --accept")
    verb.add_argument(
        "--splits",
        type=arguments.whole("--splits", 2),
        metavar="N",
        help="at most N splits per group: faster, and blind to small losses",
    )
    verb.add_argument(
        "--simulate",
        type=arguments.whole("--simulate", 100),
        metavar="N",
        help="instead: N runs with altered copies, what it notices and when not",
    )
    arguments.add_jobs(verb)
