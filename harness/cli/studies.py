"""The verbs `ablation`, `sensitivity` and `uncertainty`, and `table` for their folders."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.cli import run as experiment_commands
from harness.compare import outputs
from harness.compare.studies import FIRST_SEED, SMOKE_SEEDS, STUDIES, Study, Variant, smoke
from harness.compare.study_outputs import check_study, folder, run_study, write_study
from harness.experiment.data import Chosen, add_options, chosen_by
from harness.experiment.folder import copy_to_reference, reference_name, refuse_less
from harness.experiment.jobs import found, jobs
from harness.experiment.specs import ALL_DATASETS
from harness.host.units import budget_s, count, names, written_hours, written_time
from harness.players.ours import REFERENCE
from pmfnas.benchmarks.tabular import dataset
from pmfnas.core.errors import unknown_name

_HELP = {
    "ablation": "leave every part of PMF-NAS out in turn and see what it was worth",
    "sensitivity": "halve and double every setting of PMF-NAS and see what changes",
    "uncertainty": "make the predictor's uncertainty wrong and see what the allocator loses",
}

_TEACHING = {
    "ablation": """Runs PMF-NAS and, for each of its parts, PMF-NAS without it (`no_refine`, `no_curves`, ...), on three
data sets with the same seeds, trials and random stream: 200 seeds at 8.5 h, 60 at 3 h, 34 h and 100 h.
docs/ablation.md says what takes the place of a part.""",
    "sensitivity": """Runs PMF-NAS and, for each of its numeric settings, PMF-NAS with that setting halved and doubled
(`clip_halved`, `clip_doubled`, ...), on three data sets with the same 40 seeds, trials and random stream, at 8.5 h.
Values that the engine refuses are left out and named below the table.""",
    "uncertainty": """Runs PMF-NAS and PMF-NAS whose predictor says a wrong std of all that it predicts: halved,
doubled, the same for every arch, or that of another arch (`std_halved`, ...). Means stay right. Three data sets, the
same 60 seeds, trials and random stream, at 3 h and 8.5 h. docs/studies.md says what exactly is distorted.""",
}

_READING = """
How to read it: every number is the full searcher less the variant, so test accuracy above 0 and validation
regret below 0 speak for the full searcher. The grid `where it matters` has one sign per data set: + the full
searcher is significantly better (the part helps, the default or the right uncertainty is
better), - significantly worse, . neither.

Interrupted, the same command goes on where it stopped. `python -m harness table DIR` writes the outputs again.

examples:
  ./reproduce.sh {name} --smoke                          everything once, in about a minute: no claim
  ./reproduce.sh {name} --dry-run                        what would run, and how long
  ./reproduce.sh {name} --update-reference               all of it, and the committed reference anew
  ./reproduce.sh {name} --variants {example} --datasets cifar100 --seeds 40 --budget 8.5h --out results/mine
"""

_EXAMPLES = {
    "ablation": "no_refine,no_curves",
    "sensitivity": "clip_halved,clip_doubled",
    "uncertainty": "std_halved,std_shuffled",
}


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verbs to the parser."""
    for name in STUDIES:
        verb = verbs.add_parser(
            name,
            help=_HELP[name],
            description=_TEACHING[name],
            epilog=_READING.format(name=name, example=_EXAMPLES[name]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        _add_options(verb, name)


def _add_options(verb: argparse.ArgumentParser, name: str) -> None:
    add_options(verb)
    verb.add_argument("--variants", metavar="A,B", help="some of the variants (default: all; --dry-run lists them)")
    verb.add_argument("--datasets", metavar="A,B", help=f"some of: {', '.join(ALL_DATASETS)}")
    verb.add_argument("--budget", metavar="T,U", help="clock per run, one or more: 8.5h, 510m or 30600s")
    verb.add_argument("--seeds", metavar="N", help="runs per variant and data set, at every budget")
    verb.add_argument("--first-seed", metavar="K", help=f"the seeds are K .. K+N-1 (default {FIRST_SEED})")
    verb.add_argument("--workers", metavar="N", help="simulated workers of each search (default 1)")
    verb.add_argument("--jobs", metavar="N", help="processes of this machine to use (default: all cores)")
    verb.add_argument("--out", type=Path, metavar="DIR", help=f"where results go (default results/{name}[-smoke])")
    verb.add_argument("--smoke", action="store_true", help=f"{SMOKE_SEEDS} seeds at short budgets: a minute, no claim")
    verb.add_argument("--dry-run", action="store_true", help="say what would run, and how long; run nothing")
    verb.add_argument(
        "--update-reference", action="store_true", help="also copy the outputs to results/reference/, to be committed"
    )
    verb.set_defaults(run=run, study=name)


def run(options: argparse.Namespace) -> int:
    """Run a study and write its outputs; return 1 where all runs of a variant on a data set failed."""
    study = _asked(options)
    n_jobs = count("--jobs", options.jobs, least=1) if options.jobs else os.cpu_count() or 1
    out = options.out or Path("results") / (f"{study.name}-smoke" if options.smoke else study.name)
    chosen = chosen_by(options, folder=out)
    print(f"data: {chosen.described}")
    if options.dry_run:
        check_study(study, chosen.table, out)
        return _dry_run(study, chosen, out, n_jobs)
    if options.update_reference:
        refuse_less(reference_name(study.name, chosen.table), _extent(study))
    print(f"{_described(study)}; results in {out}")
    run_study(study, chosen.table, out, n_jobs=n_jobs)
    _, runs = write_study(study, {e.budget_s: jobs(e) for e in study.experiments()}, chosen.table, out)
    code = max(outputs.exit_code(at_budget) for _, at_budget in runs.groupby("budget_s"))
    if options.update_reference and code == 0:
        print(f"reference outputs updated: {copy_to_reference(reference_name(study.name, chosen.table), out)}")
    return code


def _extent(study: Study) -> dict[str, Any]:
    """Return what the study will have, as its manifest will say it."""
    experiments = study.experiments()
    return {
        "searchers": tuple(study.contestants),
        "datasets": study.datasets,
        "seeds_per_budget": [written_hours(e.budget_s) for e in experiments],
        "runs": sum(e.n_runs for e in experiments),
    }


def _asked(options: argparse.Namespace) -> Study:
    """Return the study with the command line's changes."""
    study = STUDIES[options.study]()
    if options.smoke:
        study = smoke(study)
    changes: dict[str, Any] = {}
    if options.first_seed:
        changes["first_seed"] = count("--first-seed", options.first_seed, least=0)
    if options.workers:
        changes["n_workers"] = count("--workers", options.workers, least=1)
    if options.datasets:
        changes["datasets"] = tuple(dict.fromkeys(dataset(name).name for name in names("--datasets", options.datasets)))
    if options.variants:
        changes["variants"] = _chosen(study, names("--variants", options.variants))
    return replace(study, **changes, n_seeds=_n_seeds(study, options))


def _chosen(study: Study, asked: Sequence[str]) -> tuple[Variant, ...]:
    known = [variant.name for variant in study.variants]
    for name in asked:
        if name not in known:
            raise unknown_name("--variants", name, known)
    return tuple(variant for variant in study.variants if variant.name in asked)


def _n_seeds(study: Study, options: argparse.Namespace) -> Mapping[float, int]:
    """Return budget -> seeds as asked; a budget that the study does not know gets the fewest of its seeds."""
    known = study.n_seeds
    given = sorted({budget_s(text) for text in names("--budget", options.budget)}) if options.budget else list(known)
    n = count("--seeds", options.seeds, least=1) if options.seeds else None
    return MappingProxyType({s: n or known.get(s, min(known.values())) for s in given})


def _described(study: Study) -> str:
    experiments = study.experiments()
    seeds = ", ".join(f"{e.n_seeds} seeds at {written_hours(e.budget_s)}" for e in experiments)
    return (
        f"{study.name}: {REFERENCE} and {len(study.variants)} variants x {len(study.datasets)} data sets x ({seeds}) "
        f"= {sum(e.n_runs for e in experiments)} runs"
    )


def _dry_run(study: Study, chosen: Chosen, out: Path, n_jobs: int) -> int:
    """Say what would run and how long, from one run of every variant at every budget that is thrown away."""
    print(_described(study))
    print(f"  data sets   {', '.join(study.datasets)}")
    for variant in study.variants:
        print(f"  variant     {variant.name}: {variant.change}")
    for name, why in study.unvaried.items():
        print(f"  not varied  {name}: {why}")
    total_s = 0.0
    for e in study.experiments():
        n_finished = len(set(found(folder(out, e.budget_s), chosen.table.header.space)) & set(jobs(e)))
        left_s = experiment_commands.expected_s(e, chosen.table, e.n_runs - n_finished) / n_jobs
        print(
            f"  {written_hours(e.budget_s):<11} {n_finished} of {e.n_runs} runs finished, {written_time(left_s)} left"
        )
        total_s += left_s
    print(f"  time        about {written_time(total_s)} on {n_jobs} processes (one run of each variant was timed)")
    return 0
