"""The verb `peers`: the field's packages, our implementations of their methods, PMF-NAS and random search."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from harness.compare import outputs
from harness.compare.peers import ABSENT, NAME, TITLE, write_peers
from harness.experiment.batch import run_experiment
from harness.experiment.data import add_options, chosen_by
from harness.experiment.folder import copy_to_reference, reference_name, refuse_less, write_json
from harness.experiment.jobs import Job, Played, jobs
from harness.experiment.specs import ALL_DATASETS, Experiment
from harness.host.units import budget_s, count, names, written_hours
from harness.players.environments import AbsentError, existing, make, size_mb
from harness.players.ours import select
from harness.players.packages import ENVIRONMENTS, OWN, PEERS, contestants, environments_of
from pmfnas.benchmarks.tabular import dataset
from pmfnas.core.errors import InputError

BUDGET_S = 7_200.0
N_SEEDS = 20
SLOW_SEEDS = 1
SMOKE_BUDGET_S = 1_200.0

_SLOW = ", ".join(name for name, peer in PEERS.items() if peer.slow)
_TEACHING = f"""Makes an environment for each package (once, kept in the user's cache, {len(ENVIRONMENTS)} of them),
runs every method in it and our own implementations of the same methods, PMF-NAS and random search, on the same seeds
and trials, and writes the table and figures of `run table2`, packages.md (versions and settings) and agreement.md (ours
against theirs). {N_SEEDS} seeds of {written_hours(BUDGET_S)}, and {SLOW_SEEDS} of the slow ones, which think for
minutes in each run: about half an hour on two idle cores. Slow are {_SLOW}."""

_READING = """
exit code: 0 where everybody played, 1 where an environment could not be made or a run failed (packages.md says which
and why; the rest is there), 2 where the command itself cannot be used.

PMFNAS_PEERS names another folder for the environments, PMFNAS_PEERS_PYTHON the Python 3.11 or 3.12 to make them with.
pip is used as it is set up; NePS needs a torch built for CPUs (baselines/peers/requirements/neps.txt).
"""


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser(
        NAME,
        help="compare with the field's packages, each in its own environment",
        description=_TEACHING,
        epilog=_READING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(verb)
    verb.add_argument("--seeds", metavar="N", help=f"runs per contestant and data set (default {N_SEEDS})")
    verb.add_argument("--slow-seeds", metavar="N", help=f"of the slow ones, 0 leaves them out (default {SLOW_SEEDS})")
    verb.add_argument("--first-seed", metavar="K", help="the seeds are K .. K+N-1 (default 0)")
    verb.add_argument("--budget", metavar="T", help=f"clock per run (default {written_hours(BUDGET_S)})")
    verb.add_argument("--datasets", metavar="A,B", help=f"some of: {', '.join(ALL_DATASETS)}")
    verb.add_argument("--searchers", metavar="A,B", help=f"some of: {', '.join((*OWN, *PEERS))}")
    verb.add_argument("--jobs", metavar="N", help="processes of this machine to use (default: all cores)")
    verb.add_argument("--out", type=Path, metavar="DIR", help=f"where results go (default results/{NAME})")
    verb.add_argument("--smoke", action="store_true", help="one seed and 20 minutes of budget: no claim")
    verb.add_argument(
        "--update-reference", action="store_true", help="also copy the outputs to results/reference/, to be committed"
    )
    verb.set_defaults(run=run)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run: everybody, and with how many seeds the slow ones play."""

    experiment: Experiment
    slow_seeds: int

    def parts(self) -> list[Experiment]:
        """Return the experiments that make it up, the quick one first; none without searchers."""
        slow = tuple(name for name in self.experiment.searchers if name in PEERS and PEERS[name].slow)
        quick = tuple(name for name in self.experiment.searchers if name not in slow)
        n_slow = min(self.slow_seeds, self.experiment.n_seeds)
        parts = [replace(self.experiment, searchers=quick)] if quick else []
        return parts + ([replace(self.experiment, searchers=slow, n_seeds=n_slow)] if slow and n_slow else [])

    def jobs(self) -> list[Job]:
        """Return every run."""
        return [job for part in self.parts() for job in jobs(part)]


def run(options: argparse.Namespace) -> int:
    """Make the environments, run everybody, write the outputs."""
    known = (*OWN, *PEERS)
    asked = select(names("--searchers", options.searchers), known) if options.searchers else known
    experiment = _experiment(options, asked)
    n_jobs = count("--jobs", options.jobs, least=1) if options.jobs else os.cpu_count() or 1
    slow_seeds = count("--slow-seeds", options.slow_seeds, least=0) if options.slow_seeds else SLOW_SEEDS
    out = options.out or Path("results") / (f"{NAME}-smoke" if options.smoke else NAME)
    chosen = chosen_by(options, folder=out)
    print(f"data: {chosen.described}")
    pythons, absent = environments(asked)
    playing = {name: factory for name, factory in contestants(pythons).items() if name in asked}
    if not playing:
        raise InputError("--searchers names nobody whose environment could be made")
    full = replace(experiment, contestants=MappingProxyType(playing), searchers=tuple(playing))
    plan = Plan(full, slow_seeds)
    if options.update_reference:
        mine = {**outputs.extent(full), "runs": len(plan.jobs())}
        refuse_less(reference_name(NAME, chosen.table), mine)
    print(f"{_described(plan)}; results in {out}")
    for part in plan.parts():
        run_experiment(part, chosen.table, out, n_jobs=n_jobs)
    write_json(out / ABSENT, absent)
    runs = write_peers(Played(TITLE, tuple(plan.jobs()), tuple(playing)), chosen.table, out)
    code = outputs.exit_code(runs)
    if options.update_reference and code == 0:
        print(f"reference outputs updated: {copy_to_reference(reference_name(NAME, chosen.table), out)}")
    return max(code, 1 if absent else 0)


def environments(asked: Sequence[str]) -> tuple[Mapping[str, Path], Mapping[str, str]]:
    """Return the interpreters by environment, made where they are missing, and why which contestants are absent."""
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
            absent |= {peer: str(error) for peer in asked if peer in PEERS and PEERS[peer].environment == name}
    return pythons, absent


def _experiment(options: argparse.Namespace, asked: Sequence[str]) -> Experiment:
    """Return what the command line asks for; who can play is known when the environments are."""
    datasets = names("--datasets", options.datasets) if options.datasets else ALL_DATASETS
    given = budget_s(options.budget) if options.budget else SMOKE_BUDGET_S if options.smoke else BUDGET_S
    seeds = count("--seeds", options.seeds, least=1) if options.seeds else 1 if options.smoke else N_SEEDS
    return Experiment(
        name=NAME,
        title=TITLE,
        contestants=OWN,
        searchers=tuple(asked),
        datasets=tuple(dict.fromkeys(dataset(name).name for name in datasets)),
        budget_s=given,
        n_seeds=seeds,
        first_seed=count("--first-seed", options.first_seed, least=0) if options.first_seed else 0,
    )


def _described(plan: Plan) -> str:
    parts = [f"{len(p.searchers)} contestants x {len(p.datasets)} data sets x {p.n_seeds} seeds" for p in plan.parts()]
    n_runs = sum(part.n_runs for part in plan.parts())
    return f"{NAME}: {' and '.join(parts)} = {n_runs} runs of {plan.experiment.budget_s / 3600:.3g} h"
