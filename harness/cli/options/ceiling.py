"""Options of `ceiling`."""

import argparse
from pathlib import Path

from harness.cli import arguments

N_SEEDS, FIRST_SEED = 500, 1000

_TEXT = """Prints, per data set: the result of a full scan (every arch trained once, the best validation taken), the
best result of always picking the same arch, and with --in, for the searchers of an experiment, the best pick from the
archs that each run trained. Test accuracies are means over trials; regrets are of the validation in the trial that each
seed draws; all are means over seeds, in percent."""

_EXAMPLES = {
    "ceiling": "the ceilings of the data",
    "ceiling --in results/table2 --searchers pmf_nas": "and those of the runs",
    "ceiling --datasets cifar100 --seeds 100 --out ceiling.md": "",
}


def add(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    arguments.teach(verb, _TEXT, _EXAMPLES)
    arguments.add_data(verb)
    arguments.add_datasets(verb)
    text = f"seeds to average over (default {N_SEEDS}; with --in those that the folder has)"
    arguments.add_seeds(verb, text, None)
    arguments.add_first_seed(verb, None, says=FIRST_SEED)
    verb.add_argument("--in", dest="folder", type=Path, metavar="DIR", help="an experiment's folder, with its runs")
    arguments.add_searchers(verb, "some of the searchers of that folder (default: all)", None)
    arguments.add_out(verb, "also write the table there, as Markdown", metavar="FILE")
