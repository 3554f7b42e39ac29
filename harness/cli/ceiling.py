"""The work of `ceiling`: upper bounds of a searcher's score, and how far the runs of an experiment stay below them."""

import argparse
from collections.abc import Sequence

from harness.cli.options.ceiling import FIRST_SEED, N_SEEDS
from harness.compare.ceiling import check_seeds, finished, page, written
from harness.experiment.data import chosen_by
from harness.experiment.jobs import Job
from harness.experiment.overwriting import check_outputs
from harness.experiment.own_table import check_datasets
from pmfnas.benchmarks.tabular import datasets_of
from pmfnas.files import write_text


def run(options: argparse.Namespace) -> int:
    """Print the bounds."""
    folder = options.folder
    if options.out is not None:
        check_outputs({"--out": options.out}, {"--in": folder} if folder else {}, own=("ceiling*",))
    chosen = chosen_by(options, folder=folder)
    names = getattr(options, "datasets", None) or datasets_of(chosen.table)
    check_datasets(names, chosen.table)
    done = finished(folder, chosen.table, names, options.searchers or ()) if folder else []
    seeds = _seeds(options, done)
    tables = page(chosen.table, names, seeds, folder, done)
    text = f"data: {chosen.described}; {written(seeds)}\n\n{tables}"
    print(text, end="")
    if options.out is not None:
        write_text(options.out, text)
    return 0


def _seeds(options: argparse.Namespace, done: Sequence[Job]) -> Sequence[int]:
    """Return the seeds of the command line, or by default the seeds of the folder's runs."""
    if done and options.n_seeds is None and options.first_seed is None:
        return sorted({job.seed for job in done})
    first = FIRST_SEED if options.first_seed is None else options.first_seed
    asked = range(first, first + (options.n_seeds or N_SEEDS))
    if done:
        check_seeds(options.folder, done, asked)
    return asked
