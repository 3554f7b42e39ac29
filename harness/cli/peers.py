"""The work of `peers`: the field's packages, our implementations of their methods, PMF-NAS and random search."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from harness.cli.arguments import asked
from harness.cli.options.peers import BUDGET_S, N_SEEDS
from harness.cli.own import peers as problems
from harness.compare import outputs
from harness.compare.peers import ABSENT, NAME, TITLE, Plan, write_peers
from harness.experiment.batch import run_experiment
from harness.experiment.data import chosen_by
from harness.experiment.folder import copy_to_reference, reference_name, refuse_less, write_json
from harness.experiment.jobs import Played
from harness.experiment.own_table import check_datasets, refuse_own
from harness.experiment.specs import ALL_DATASETS, Experiment
from harness.players.ours import select
from harness.players.packages import OWN, PACKAGES, made_environments, players
from harness.show.view import View
from pmfnas.core.errors import InputError

SMOKE_BUDGET_S = 1_200.0


def run(options: argparse.Namespace) -> int:
    """Create the packages' environments, run all players and write the outputs."""
    if options.problems:
        return problems.run(options)
    if options.record:
        raise InputError("--record is for --problems; add that, or leave it out")
    known = (*OWN, *PACKAGES)
    wanted = select(options.searchers, known) if options.searchers else known
    experiment = _experiment(options, wanted)
    out = options.out or Path("results") / (f"{NAME}-smoke" if options.smoke else NAME)
    chosen = chosen_by(options, folder=out)
    print(f"data: {chosen.described}")
    refuse_own(chosen.table, "peers", "the packages' settings name the fidelities 12@1 to 12@12; use run or compare")
    check_datasets(experiment.datasets, chosen.table)
    pythons, absent = made_environments(wanted)
    playing = {name: factory for name, factory in players(pythons).items() if name in wanted}
    if not playing:
        raise InputError("no environment could be made for any of --searchers")
    full = replace(experiment, players=MappingProxyType(playing), searchers=tuple(playing))
    plan = Plan(full, options.slow_seeds)
    view = View(**asked(options, View))
    view.check([job.searcher for job in plan.jobs()])
    if options.update_reference:
        mine = {**outputs.extent(full), "runs": len(plan.jobs())}
        refuse_less(reference_name(NAME, chosen.table), mine)
    print(f"{_described(plan)}; results in {out}")
    for part in plan.parts():
        run_experiment(part, chosen.table, out, n_jobs=options.n_jobs, command=options.words)
    write_json(out / ABSENT, absent)
    runs = write_peers(Played(TITLE, tuple(plan.jobs()), tuple(playing)), chosen.table, out, view)
    code = outputs.exit_code(runs)
    if options.update_reference and code == 0:
        print(f"reference outputs updated: {copy_to_reference(reference_name(NAME, chosen.table), out)}")
    return max(code, 1 if absent else 0)


def _experiment(options: argparse.Namespace, wanted: Sequence[str]) -> Experiment:
    """Return the requested experiment; `run` replaces its players once the environments exist."""
    budget_s, n_seeds = (SMOKE_BUDGET_S, 1) if options.smoke else (BUDGET_S, N_SEEDS)
    plain = Experiment(NAME, TITLE, OWN, tuple(wanted), ALL_DATASETS, budget_s, n_seeds)
    return replace(plain, **{**asked(options, Experiment), "searchers": tuple(wanted)})


def _described(plan: Plan) -> str:
    parts = [f"{len(p.searchers)} players x {len(p.datasets)} data sets x {p.n_seeds} seeds" for p in plan.parts()]
    n_runs = sum(part.n_runs for part in plan.parts())
    return f"{NAME}: {' and '.join(parts)} = {n_runs} runs of {plan.experiment.budget_s / 3600:.3g} h"
