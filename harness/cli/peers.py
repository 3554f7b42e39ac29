"""The work of `peers`: the field's packages, our implementations of their methods, PMF-NAS and random search."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from harness.cli.arguments import asked
from harness.cli.options.peers import BUDGET_S, N_SEEDS
from harness.compare import outputs
from harness.compare.peers import ABSENT, NAME, TITLE, write_peers
from harness.experiment.batch import run_experiment
from harness.experiment.data import chosen_by
from harness.experiment.folder import copy_to_reference, reference_name, refuse_less, write_json
from harness.experiment.jobs import Job, Played, jobs
from harness.experiment.specs import ALL_DATASETS, Experiment
from harness.players.environments import AbsentError, existing, make, size_mb
from harness.players.ours import select
from harness.players.packages import ENVIRONMENTS, OWN, PACKAGES, environments_of, players
from harness.show.view import View
from pmfnas.core.errors import InputError

SMOKE_BUDGET_S = 1_200.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run: everybody, and with how many seeds the slow ones play."""

    experiment: Experiment
    slow_seeds: int

    def parts(self) -> list[Experiment]:
        """Return the experiments that make it up, the quick one first; none without searchers."""
        slow = tuple(name for name in self.experiment.searchers if name in PACKAGES and PACKAGES[name].slow)
        quick = tuple(name for name in self.experiment.searchers if name not in slow)
        n_slow = min(self.slow_seeds, self.experiment.n_seeds)
        parts = [replace(self.experiment, searchers=quick)] if quick else []
        return parts + ([replace(self.experiment, searchers=slow, n_seeds=n_slow)] if slow and n_slow else [])

    def jobs(self) -> list[Job]:
        """Return every run."""
        return [job for part in self.parts() for job in jobs(part)]


def run(options: argparse.Namespace) -> int:
    """Make the environments, run everybody, write the outputs."""
    known = (*OWN, *PACKAGES)
    wanted = select(options.searchers, known) if options.searchers else known
    experiment = _experiment(options, wanted)
    out = options.out or Path("results") / (f"{NAME}-smoke" if options.smoke else NAME)
    chosen = chosen_by(options, folder=out)
    print(f"data: {chosen.described}")
    pythons, absent = environments(wanted)
    playing = {name: factory for name, factory in players(pythons).items() if name in wanted}
    if not playing:
        raise InputError("--searchers names nobody whose environment could be made")
    full = replace(experiment, players=MappingProxyType(playing), searchers=tuple(playing))
    plan = Plan(full, options.slow_seeds)
    view = View(**asked(options, View))
    view.check([job.searcher for job in plan.jobs()])
    if options.update_reference:
        mine = {**outputs.extent(full), "runs": len(plan.jobs())}
        refuse_less(reference_name(NAME, chosen.table), mine)
    print(f"{_described(plan)}; results in {out}")
    for part in plan.parts():
        run_experiment(part, chosen.table, out, n_jobs=options.n_jobs)
    write_json(out / ABSENT, absent)
    runs = write_peers(Played(TITLE, tuple(plan.jobs()), tuple(playing)), chosen.table, out, view)
    code = outputs.exit_code(runs)
    if options.update_reference and code == 0:
        print(f"reference outputs updated: {copy_to_reference(reference_name(NAME, chosen.table), out)}")
    return max(code, 1 if absent else 0)


def environments(asked: Sequence[str]) -> tuple[Mapping[str, Path], Mapping[str, str]]:
    """Return the interpreters by environment, made where they are missing, and why which players are absent."""
    pythons: dict[str, Path] = {}
    absent: dict[str, str] = {}
    for name in environments_of(asked):
        made = existing(ENVIRONMENTS[name])
        try:
            if made is None:
                print(f"making the environment of {name} (once, a minute or two) ...", file=sys.stderr, flush=True)
                made = make(ENVIRONMENTS[name])
                print(f"  {name}: {size_mb(made):.0f} MB", file=sys.stderr, flush=True)
            pythons[name] = made
        except AbsentError as error:
            print(f"  {name} cannot be made: {error}", file=sys.stderr, flush=True)
            absent |= {
                package: str(error)
                for package in asked
                if package in PACKAGES and PACKAGES[package].environment == name
            }
    return pythons, absent


def _experiment(options: argparse.Namespace, wanted: Sequence[str]) -> Experiment:
    """Return what the command line asks for; who can play is known when the environments are."""
    budget_s, n_seeds = (SMOKE_BUDGET_S, 1) if options.smoke else (BUDGET_S, N_SEEDS)
    plain = Experiment(NAME, TITLE, OWN, tuple(wanted), ALL_DATASETS, budget_s, n_seeds)
    return replace(plain, **{**asked(options, Experiment), "searchers": tuple(wanted)})


def _described(plan: Plan) -> str:
    parts = [f"{len(p.searchers)} players x {len(p.datasets)} data sets x {p.n_seeds} seeds" for p in plan.parts()]
    n_runs = sum(part.n_runs for part in plan.parts())
    return f"{NAME}: {' and '.join(parts)} = {n_runs} runs of {plan.experiment.budget_s / 3600:.3g} h"
