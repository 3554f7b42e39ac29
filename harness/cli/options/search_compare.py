"""Options of `search-compare`."""

import argparse

from harness.cli import arguments
from harness.cli.arguments import whole
from harness.cli.options.names import FIRST_STUDY_SEED, REFERENCE
from harness.cli.options.search import add_settings
from pmfnas.core.errors import InputError

SEARCHERS = (REFERENCE, "random_search")
N_SEEDS = 20

_TEXT = """Runs `search` once per searcher and seed, each a process of its own with the same budget and number of
threads, and writes what they found, means, and differences paired by seed of the first searcher less each other one.
Needs the extra `train`, as `search` does. Fewer than 20 seeds give numbers, no claim."""

_READING = """
A run that fails is named with the last line of its log and the others go on; the exit code is 1 where all runs of a
searcher failed. Interrupted, or asked for more seeds or searchers, the same command goes on where it stopped, and tries
failed runs again. The budget is seconds of the clock: let the machine do nothing else meanwhile, and no more runs at
once than it has cores."""

_EXAMPLES = {
    "search-compare --smoke": "two seeds on digits, about a minute and a half: no claim",
    "search-compare --dataset digits --budget 2m --schedules 3,12 --dry-run": "what would run, and how long",
    "search-compare --dataset mine --data-dir photos --budget 2h --searchers pmf_nas,asha,bohb --device cuda": "",
}


def fixed_width(text: str) -> int:
    """Return the maximum number of candidates on the device; `auto` is not allowed."""
    if text == "auto":
        raise InputError("--width is auto, but must be a number: what is measured may differ from run to run")
    return whole("--width", 1)(text)


def add(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    arguments.teach(verb, _TEXT, _EXAMPLES, reading=_READING)
    arguments.add_searchers(verb, f"the first against each other ({','.join(SEARCHERS)})", SEARCHERS)
    arguments.add_seeds(verb, f"runs per searcher (default {N_SEEDS})", None)
    arguments.add_first_seed(verb, FIRST_STUDY_SEED, says=FIRST_STUDY_SEED)
    add_settings(verb, "as of search: cifar10, digits, or a name of yours")
    arguments.add_budget(verb, "seconds of the device of every run: 2m, 8.5h or 30600s")
    at_once = "candidates at once in every run (default 1)"
    verb.add_argument("--width", type=fixed_width, default=1, metavar="N", help=at_once)
    verb.add_argument("--device", default="cpu", metavar="NAME", help="cpu (default), auto, cuda or cuda:1")
    jobs = "runs at once (default: all cores on the CPU, 1 on a GPU)"
    verb.add_argument("--jobs", dest="n_jobs", type=whole("--jobs", 1), metavar="N", help=jobs)
    arguments.add_out(verb, "where results go (default results/search-compare/DATASET)")
    arguments.add_smoke(verb, "two seeds of narrow networks on digits, to see it work")
    arguments.add_dry_run(verb)
    arguments.add_update_reference(verb)
