"""Options of the studies `ablation`, `sensitivity` and `uncertainty`."""

import argparse
from collections.abc import Sequence

from harness.cli import arguments
from harness.cli.options.names import FIRST_STUDY_SEED
from harness.host.units import budget_s, names

_TEXTS = {
    "ablation": """Runs PMF-NAS and, for each of its parts, PMF-NAS without it (`no_refine`, `no_curves`, ...), on three
data sets with the same seeds, trials and random stream: 60 seeds at 3 h and 8.5 h, 20 at 34 h.
docs/reference/studies.md says what takes the place of a part.""",
    "sensitivity": """Runs PMF-NAS and, for each of its numeric settings, PMF-NAS with that setting halved and doubled
(`bend_halved`, `bend_doubled`, ...), on three data sets with the same 20 seeds, trials and random stream, at 8.5 h.
Values that the engine refuses are left out and named below the table.""",
    "uncertainty": """Runs PMF-NAS and PMF-NAS whose predictor says a wrong std of all that it predicts: halved,
doubled, the same for every arch, or that of another arch (`std_halved`, ...). Means stay right. Three data sets, the
same 60 seeds, trials and random stream, at 3 h and 8.5 h. docs/reference/studies.md says what exactly is distorted.""",
}

_READING = """
How to read it: every number is the full searcher less the variant, so test accuracy above 0 and validation
regret below 0 speak for the full searcher. The grid `where it matters` has one sign per data set: + the full
searcher is significantly better (the part helps, the default or the right uncertainty is
better), - significantly worse, . neither.

Interrupted, the same command goes on where it stopped. The verb `table` writes the outputs again.
Exit 1: all runs of a variant on a data set failed."""

_VARIANTS = {
    "ablation": "no_refine,no_curves",
    "sensitivity": "bend_halved,bend_doubled",
    "uncertainty": "std_halved,std_shuffled",
}


def budgets(text: str) -> Sequence[float]:
    """Return one or more budgets in seconds, ascending."""
    return sorted({budget_s(part) for part in names("--budget", text)})


def add(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    name = verb.get_default("verb")
    examples = {
        f"{name} --smoke": "everything once, in about a minute: no claim",
        f"{name} --dry-run": "what would run, and how long",
        f"{name} --update-reference": "all of it, and the committed reference anew",
        f"{name} --variants {_VARIANTS[name]} --datasets cifar100 --seeds 40 --budget 8.5h --out results/mine": "",
    }
    arguments.teach(verb, _TEXTS[name], examples, reading=_READING)
    arguments.add_data(verb)
    verb.add_argument(
        "--variants",
        dest="chosen",
        type=arguments.names_of("--variants"),
        metavar="A,B",
        help="some of the variants (default: all; --dry-run lists them)",
    )
    arguments.add_datasets(verb)
    verb.add_argument(
        "--budget", dest="budgets", type=budgets, metavar="T,U", help="clock per run, one or more: 8.5h, 510m or 30600s"
    )
    verb.add_argument(
        "--seeds",
        dest="each",
        type=arguments.whole("--seeds", 1),
        metavar="N",
        help="runs per variant and data set, at every budget",
    )
    arguments.add_first_seed(verb, says=FIRST_STUDY_SEED)
    arguments.add_workers(verb)
    arguments.add_jobs(verb)
    arguments.add_out(verb, f"where results go (default results/{name}[-smoke])")
    arguments.add_smoke(verb, "two seeds at short budgets: a minute, no claim")
    arguments.add_dry_run(verb)
    arguments.add_update_reference(verb)
