"""Options of `run EXPERIMENT`, and of each experiment's own verb."""

import argparse

from harness.cli import arguments
from harness.cli.options.names import EXPERIMENTS, SEARCHERS

_TEXT = """Runs searchers on the same seeds and trials under one accounting, and writes their table with statistics,
figures and records. Without options: the whole experiment, as its reference was made. Exit 1: all runs of a searcher
on a data set failed."""

_READING = f"""Interrupted, or asked for more seeds or searchers, the same command goes on where it stopped.
{arguments.FAILED_RUNS}"""


def add(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    name = verb.get_default("verb")
    if name in EXPERIMENTS:
        verb.set_defaults(experiment=name)
    else:
        verb.add_argument("experiment", help=f"one of: {', '.join(sorted(EXPERIMENTS))}")
    words = name if name in EXPERIMENTS else "run table2"
    examples = {
        f"{words} --smoke": "a look at everything, in seconds",
        f"{words} --dry-run": "what would run, and how long",
        f"{words} --datasets cifar100 --seeds 20 --budget 8.5h --out results/mine": "",
    }
    if name not in ("published", "size"):
        examples[f"{words} --searchers pmf_nas,asha --workers 4 --out results/four"] = ""
    arguments.teach(verb, _TEXT, examples, reading=_READING)
    arguments.add_data(verb)
    arguments.add_seeds(verb, "runs per searcher and data set")
    arguments.add_first_seed(verb)
    arguments.add_budget(verb, "clock per run: 8.5h, 510m or 30600s")
    arguments.add_workers(verb)
    arguments.add_datasets(verb)
    arguments.add_searchers(verb, f"some of: {', '.join(SEARCHERS)}")
    arguments.add_jobs(verb)
    arguments.add_backend(verb)
    arguments.add_view(verb)
    arguments.add_out(verb, "where results go (default results/EXPERIMENT, with -smoke for --smoke)")
    arguments.add_smoke(verb, "three seeds and two hours of budget: seconds, no claim")
    arguments.add_dry_run(verb)
    arguments.add_update_reference(verb)
