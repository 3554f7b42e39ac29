"""Options of `peers`."""

import argparse

from harness.cli import arguments
from harness.cli.options.names import PACKAGES, SLOW_PACKAGES
from harness.host.units import written_hours

BUDGET_S = 7_200.0
N_SEEDS = 20
SLOW_SEEDS = 1

_TEXT = f"""Makes an environment for each package (once, kept in the user's cache), runs every method in it and our own
implementations of the same methods, PMF-NAS and random search, on the same seeds and trials, and writes the table and
figures of `run table2`, packages.md (versions and settings) and agreement.md (ours against theirs). {N_SEEDS} seeds of
{written_hours(BUDGET_S)}, and {SLOW_SEEDS} of the slow ones, which think for minutes in each run: about half an hour on
two idle cores. Slow are {", ".join(SLOW_PACKAGES)}."""

_READING = """
exit code: 0: all players ran; 1: an environment could not be made, or all runs of a player on a data set failed
(packages.md says which and why; the rest is there), 2 where the command itself cannot be used.

PMFNAS_PEERS names another folder for the environments, PMFNAS_PEERS_PYTHON the Python 3.11 or 3.12 to make them with.
pip is used as it is set up; NePS needs a torch built for CPUs (baselines/peers/requirements/neps.txt)."""

_EXAMPLES = {
    "peers --smoke": "one seed of each player",
    "peers --searchers optuna-5-tpe,smac-2.4,pmf_nas --datasets cifar100 --out results/two": "",
    "peers --slow-seeds 0": "without those that think for minutes",
    "peers --problems": "on three small problems of one's own",
}


def add(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    arguments.teach(verb, _TEXT, _EXAMPLES, reading=_READING)
    arguments.add_data(verb)
    verb.add_argument(
        "--problems",
        action="store_true",
        help="on recordings of three problems made of scikit-learn and torch, against Optuna and NePS",
    )
    verb.add_argument(
        "--record",
        action="store_true",
        help="with --problems: train every arch of them again first, 25 minutes on one core (needs the extra train)",
    )
    arguments.add_seeds(verb, f"runs per player and data set (default {N_SEEDS})")
    verb.add_argument(
        "--slow-seeds",
        type=arguments.whole("--slow-seeds", 0),
        default=SLOW_SEEDS,
        metavar="N",
        help=f"of the slow ones, 0 leaves them out (default {SLOW_SEEDS})",
    )
    arguments.add_first_seed(verb)
    arguments.add_budget(verb, f"clock per run (default {written_hours(BUDGET_S)})")
    arguments.add_datasets(verb)
    arguments.add_searchers(verb, f"some of: {', '.join(PACKAGES)}", None)
    arguments.add_jobs(verb)
    arguments.add_view(verb)
    arguments.add_out(verb, "where results go (default results/peers)")
    arguments.add_smoke(verb, "one seed and 20 minutes of budget: no claim")
    arguments.add_update_reference(verb)
