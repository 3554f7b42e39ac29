"""The work of `ablation`, `sensitivity` and `uncertainty`."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.cli.arguments import asked
from harness.compare import outputs
from harness.compare.studies import STUDIES, Study, Variant, smoke
from harness.compare.study_outputs import check_study, folder, run_study, write_study
from harness.experiment.batch import expected_s
from harness.experiment.data import Chosen, chosen_by
from harness.experiment.folder import copy_to_reference, reference_name, refuse_less
from harness.experiment.jobs import found, jobs
from harness.experiment.own_table import check_datasets
from harness.host.units import written_hours, written_time
from harness.players.ours import REFERENCE
from pmfnas.benchmarks.tabular import datasets_of
from pmfnas.core.errors import unknown_name


def run(options: argparse.Namespace) -> int:
    """Run a study and write its outputs; return 1 if all runs of a variant on a data set failed."""
    study = _asked(options)
    out = options.out or Path("results") / (f"{study.name}-smoke" if options.smoke else study.name)
    chosen = chosen_by(options, folder=out)
    print(f"data: {chosen.described}")
    if chosen.table.header.own and "datasets" not in asked(options, Study):
        study = replace(study, datasets=datasets_of(chosen.table))
    check_datasets(study.datasets, chosen.table)
    if options.update_reference:
        refuse_less(reference_name(study.name, chosen.table), _extent(study))
    if options.dry_run:
        check_study(study, chosen.table, out)
        return _dry_run(study, chosen, out, options.n_jobs)
    print(f"{_described(study)}; results in {out}")
    run_study(study, chosen.table, out, n_jobs=options.n_jobs, command=options.words)
    _, runs = write_study(study, {e.budget_s: jobs(e) for e in study.experiments()}, chosen.table, out)
    code = max(outputs.exit_code(at_budget) for _, at_budget in runs.groupby("budget_s"))
    if options.update_reference and code == 0:
        print(f"reference outputs updated: {copy_to_reference(reference_name(study.name, chosen.table), out)}")
    return code


def _extent(study: Study) -> dict[str, Any]:
    """Return the extent of the study as its manifest will list it: searchers, data sets, seeds."""
    experiments = study.experiments()
    return {
        "searchers": tuple(study.players),
        "datasets": study.datasets,
        "seeds_per_budget": [written_hours(e.budget_s) for e in experiments],
        "runs": sum(e.n_runs for e in experiments),
    }


def _asked(options: argparse.Namespace) -> Study:
    """Return the study with the command line's changes."""
    study = STUDIES[options.verb]()
    if options.smoke:
        study = smoke(study)
    changes = asked(options, Study)
    if options.chosen:
        changes["variants"] = _chosen(study, options.chosen)
    return replace(study, **changes, n_seeds=_n_seeds(study, options))


def _chosen(study: Study, wanted: Sequence[str]) -> tuple[Variant, ...]:
    known = [variant.name for variant in study.variants]
    for name in wanted:
        if name not in known:
            raise unknown_name("--variants", name, known)
    return tuple(variant for variant in study.variants if variant.name in wanted)


def _n_seeds(study: Study, options: argparse.Namespace) -> Mapping[float, int]:
    """Return the number of seeds per requested budget; a budget new to the study gets the study's smallest number."""
    known = study.n_seeds
    given = options.budgets or known
    return MappingProxyType({s: options.each or known.get(s, min(known.values())) for s in given})


def _described(study: Study) -> str:
    experiments = study.experiments()
    seeds = ", ".join(f"{e.n_seeds} seeds at {written_hours(e.budget_s)}" for e in experiments)
    return (
        f"{study.name}: {REFERENCE} and {len(study.variants)} variants x {len(study.datasets)} data sets x ({seeds}) "
        f"= {sum(e.n_runs for e in experiments)} runs"
    )


def _dry_run(study: Study, chosen: Chosen, out: Path, n_jobs: int) -> int:
    """Print the study and its expected time, estimated from one timed run per variant and budget; keep no result."""
    print(_described(study))
    print(f"  data sets   {', '.join(study.datasets)}")
    for variant in study.variants:
        print(f"  variant     {variant.name}: {variant.change}")
    for name, why in study.unvaried.items():
        print(f"  not varied  {name}: {why}")
    total_s = 0.0
    for e in study.experiments():
        n_finished = len(set(found(folder(out, e.budget_s), chosen.table.header.space)) & set(jobs(e)))
        left_s = expected_s(e, chosen.table, e.n_runs - n_finished) / n_jobs
        print(
            f"  {written_hours(e.budget_s):<11} {n_finished} of {e.n_runs} runs finished, {written_time(left_s)} left"
        )
        total_s += left_s
    print(f"  time        about {written_time(total_s)} on {n_jobs} processes (one run of each variant was timed)")
    return 0
