"""The work of `run` and of each experiment's own verb."""

import argparse
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from harness.cli.arguments import asked
from harness.compare import outputs
from harness.experiment.batch import check_claim, expected_s, run_experiment
from harness.experiment.data import Chosen, chosen_by
from harness.experiment.folder import copy_to_reference, reference_name, refuse_less
from harness.experiment.jobs import found, jobs, played
from harness.experiment.own_table import check_datasets, fitted, unfit
from harness.experiment.specs import EXPERIMENTS, Experiment, smoke
from harness.host.units import written_hours, written_time
from harness.players.ours import select
from harness.show.render import wrap
from harness.show.view import View
from pmfnas.benchmarks.header import REAL_FINALS
from pmfnas.benchmarks.table import CurveTable
from pmfnas.core.errors import InputError, unknown_name


def run(options: argparse.Namespace) -> int:
    """Run an experiment and write its outputs; return 1 if all runs of a searcher on a data set failed."""
    experiment = _asked(options)
    out = options.out or Path("results") / (f"{experiment.name}-smoke" if options.smoke else experiment.name)
    chosen = chosen_by(options, space=experiment.space, folder=out)
    print(*wrap(f"data: {chosen.described}"), sep="\n")
    if chosen.table.header.own:
        experiment = _on_own(experiment, chosen.table, asked(options, Experiment))
    check_datasets(experiment.datasets, chosen.table)
    if experiment.needs_real_values and chosen.table.header.stamp in ("SURROGATE", REAL_FINALS):
        lack = "have no test accuracy" if chosen.table.header.stamp == REAL_FINALS else "are the surrogate"
        raise InputError(
            f"{experiment.name} compares with published rows and needs real values, but the data {lack}; "
            "set PMFNAS_ANCHORS or give --data"
        )
    view = View(**asked(options, View))
    view.check(experiment.searchers)
    if options.update_reference:
        refuse_less(reference_name(experiment.name, chosen.table), outputs.extent(experiment))
    if options.dry_run:
        check_claim(out, experiment, chosen.table)
        return _dry_run(experiment, chosen, out, options.n_jobs)
    print(*wrap(f"{_described(experiment)}; results in {out}"), sep="\n")
    run_experiment(experiment, chosen.table, out, n_jobs=options.n_jobs, command=options.words, backend=options.backend)
    scored = outputs.write(played(experiment), chosen.table, out, view)
    code = outputs.exit_code(scored.runs)
    if options.update_reference and code == 0:
        print(f"reference outputs updated: {copy_to_reference(reference_name(experiment.name, chosen.table), out)}")
    return code


def _asked(options: argparse.Namespace) -> Experiment:
    """Return the experiment with the command line's changes."""
    spec = _spec(options.experiment)
    if options.smoke:
        spec = smoke(spec)
    changes = asked(options, Experiment)
    if "searchers" in changes:
        changes["searchers"] = select(changes["searchers"], spec.players)
    return replace(spec, **changes)


def _on_own(experiment: Experiment, table: CurveTable, given: Collection[str]) -> Experiment:
    """Return the experiment on a table of one's own, and print which searchers it leaves out."""
    if "searchers" not in given:
        for name, why in unfit(table).items():
            if name in experiment.searchers:
                print(*wrap(f"left out: {why}"), sep="\n")
    return fitted(experiment, table, given)


def _spec(name: str) -> Experiment:
    if name not in EXPERIMENTS:
        raise unknown_name("experiment", name, sorted(EXPERIMENTS))
    return EXPERIMENTS[name]


def _described(experiment: Experiment) -> str:
    return (
        f"{experiment.name}: {len(experiment.searchers)} searchers x {len(experiment.datasets)} data sets x "
        f"{experiment.n_seeds} seeds = {experiment.n_runs} runs of {written_hours(experiment.budget_s)}"
    )


def _dry_run(experiment: Experiment, chosen: Chosen, out: Path, n_jobs: int) -> int:
    """Print the experiment and its expected time, estimated from one timed run of every searcher; keep no result."""
    print(*wrap(_described(experiment)), sep="\n")
    print(*wrap(f"  searchers   {', '.join(experiment.searchers)}"), sep="\n")
    print(f"  data sets   {', '.join(experiment.datasets)}")
    print(f"  seeds       {experiment.seeds.start}..{experiment.seeds.stop - 1}")
    print(f"  workers     {experiment.n_workers}, accounting {experiment.accounting}")
    finished = len(set(found(out, chosen.table.header.space)) & set(jobs(experiment)))
    left_s = expected_s(experiment, chosen.table, experiment.n_runs - finished) / n_jobs
    print(f"  finished    {finished} of {experiment.n_runs} runs in {out}")
    print(f"  time        about {written_time(left_s)} on {n_jobs} processes (one run of each searcher was timed)")
    return 0
