"""Options of `regress`, the gate of the predictors."""

import argparse
from pathlib import Path

from harness.cli import arguments
from harness.cli.options.names import GATE_PARTS, PREDICTORS, REFERENCE_PREDICTOR

_TEXT = """Measures a predictor in a fixed set of splits, and the engine's own predictor in a fixed set of searches
(in run). Compares both with the accepted reference, split by split. Exit 0: as good. Exit 1: significantly worse in a
group, or without a finite loss; the output names the figure and the size of the loss. Exit 2: nothing was compared,
because the data differ, the reference is missing or was edited, the predictor failed or returned an invalid prediction,
or the splits are too few to notice a loss of .1 tau.
docs/reference/gate.md explains the test and its power."""

_EXAMPLES = {
    "regress": "PMF-NAS's predictors, on the best data there is",
    "regress --data surrogate --jobs 2": "on the data that every machine has",
    "regress --only in-run": "the engine's own predictor alone, in its searches",
    'regress --accept --reason "wider prior"': "accept the measured figures as the new reference",
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
    verb.add_argument(
        "--only", choices=GATE_PARTS, help="one part: the predictor of the study, or the engine's predictor in run"
    )
    verb.add_argument("--reference", type=Path, metavar="FILE", help="the reference (default: the project's own)")
    verb.add_argument("--accept", action="store_true", help="write the measured figures as the new reference")
    verb.add_argument("--reason", default="", metavar="TEXT", help="why; recorded with --accept")
    verb.add_argument(
        "--splits",
        type=arguments.whole("--splits", 2),
        metavar="N",
        help="at most N splits per group, and N seeds in run: faster, and blind to small losses",
    )
    verb.add_argument(
        "--simulate",
        type=arguments.whole("--simulate", 100),
        metavar="N",
        help="instead: test the gate itself, by N runs with damaged and undamaged predictors",
    )
    arguments.add_jobs(verb)
