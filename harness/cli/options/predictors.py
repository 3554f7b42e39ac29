"""Options of `predictors`, the study of performance predictors."""

import argparse

from harness.cli import arguments
from harness.cli.options.names import DATASETS, PREDICTORS, REFERENCE_PREDICTOR

SMOKE_SPLITS = 3

_TEXT = """How good are performance predictors, at what price, and do they know how sure they are?

Every predictor learns from n archs (10 to 400) with the first e epochs of their curves and their accuracies after 200
epochs, and judges up to 2,000 archs it never saw, of which it sees e epochs as well. Archs that are one network stay
on one side. What a predictor reads is charged: labels, epochs, validations. docs/reference/predictor-study.md
explains everything."""

_READING = """
How to read it: `tau` is Kendall's, over all archs that were judged; `tau top 10 %` is about those that matter. A
90 % interval should cover 90 %. The noise ceiling says what two trainings of the same archs agree on.

Interrupted, the same command goes on where it stopped."""

_EXAMPLES = {
    "predictors --smoke": "a look at everything, in about a minute: no claim",
    "predictors --dry-run": "what would run, and how long",
    "predictors --update-reference": "all of it, and the committed reference anew",
    "predictors --predictor my.py:MyPredictor --against pmf --smoke": "yours against PMF-NAS's",
    "predictors --predictor pmf --predictor sotl_e --datasets cifar100 --out results/mine": "",
}


def add(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    arguments.teach(verb, _TEXT, _EXAMPLES, reading=_READING)
    arguments.add_data(verb, partial=False)
    known = f"[NAME=]my.py:MyPredictor, or one of: {', '.join(PREDICTORS)}; may be repeated (default all)"
    verb.add_argument("--predictor", action="append", default=[], metavar="P", help=known)
    whom = f"predictor to compare with (default {REFERENCE_PREDICTOR})"
    verb.add_argument("--against", metavar="P", default=REFERENCE_PREDICTOR, help=whom)
    arguments.add_datasets(verb, DATASETS)
    verb.add_argument(
        "--splits", type=arguments.whole("--splits", 1), metavar="N", help="splits of the archs per cell (default 30)"
    )
    arguments.add_jobs(verb)
    arguments.add_out(verb, "where results go (default results/predictors[-smoke])")
    arguments.add_smoke(verb, f"few cells, {SMOKE_SPLITS} splits: a minute, no claim")
    arguments.add_dry_run(verb)
    arguments.add_update_reference(verb)
