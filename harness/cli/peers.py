"""The verb `peers`: the field's packages, our implementations of their methods, PMF-NAS and random search."""

import argparse
import ast
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from harness.cli import compare as compare_commands
from harness.cli.compare import Gone
from harness.compare import agreement, outputs
from harness.experiment.batch import read_claim, run_experiment
from harness.experiment.data import add_options, choose, chosen_by
from harness.experiment.jobs import Job, found, jobs
from harness.experiment.specs import ALL_DATASETS, Experiment
from harness.host.units import budget_s, count, names, written_hours
from harness.players.environments import AbsentError, existing, make, size_mb
from harness.players.ours import select
from harness.players.packages import ENVIRONMENTS, OWN, PEERS, contestants, environments_of
from harness.score.words import words_of
from pmfnas.benchmarks.table import CurveTable
from pmfnas.benchmarks.tabular import dataset
from pmfnas.core.errors import InputError
from pmfnas.files import write_text

NAME = "peers"
TITLE = "The field's packages on NAS-Bench-201"
BUDGET_S = 7_200.0
N_SEEDS = 20
SLOW_SEEDS = 1
SMOKE_BUDGET_S = 1_200.0
ABSENT = "absent.json"

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
    known = {name: Gone(name) for name in (*OWN, *PEERS)}
    asked = select(names("--searchers", options.searchers), known) if options.searchers else tuple(known)
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
        outputs.refuse_less(outputs.reference_name(NAME, chosen.table), mine)
    print(f"{_described(plan)}; results in {out}")
    for part in plan.parts():
        run_experiment(part, chosen.table, out, n_jobs=n_jobs)
    write_text(out / ABSENT, json.dumps(absent, indent=1) + "\n")
    runs = _write(full, plan.jobs(), chosen.table, out, absent=absent)
    code = outputs.exit_code(runs)
    if options.update_reference and code == 0:
        print(f"reference outputs updated: {outputs.update_reference(NAME, chosen.table, out)}")
    return max(code, 1 if absent else 0)


def table(options: argparse.Namespace) -> int:
    """Write the outputs of a folder of `peers` again, from its records; any other folder's as its own verb does."""
    claim = read_claim(options.out)
    if claim.get("experiment") != NAME:
        return compare_commands.table(options)
    chosen = choose(options.data, folder=options.out, partial=True)
    done = [job for job in found(options.out, chosen.table.header.space) if job.searcher in {**OWN, **PEERS}]
    if not done:
        raise InputError(f"{options.out} holds no finished run; run peers first")
    played = tuple(name for name in (*OWN, *PEERS) if any(job.searcher == name for job in done))
    seeds = {job.seed for job in done}
    experiment = Experiment(
        name=NAME,
        title=TITLE,
        contestants=MappingProxyType({name: OWN.get(name, Gone(name)) for name in played}),
        searchers=played,
        datasets=tuple(d for d in ALL_DATASETS if any(job.dataset == d for job in done)),
        budget_s=claim["budget_s"],
        n_seeds=max(seeds) - min(seeds) + 1,
        first_seed=min(seeds),
        n_workers=claim["workers"],
        accounting=claim["accounting"],
    )
    absent = _absent(options.out)
    _write(experiment, done, chosen.table, options.out, absent=absent)
    return 0


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


def _absent(out: Path) -> Mapping[str, str]:
    try:
        return dict(json.loads((out / ABSENT).read_text()))
    except (OSError, ValueError):
        return {}


def _write(
    experiment: Experiment, done: Sequence[Job], table: CurveTable, out: Path, *, absent: Mapping[str, str]
) -> pd.DataFrame:
    """Write the ordinary outputs, who played, and the agreement; return the runs."""
    scored = outputs.write(experiment, done, table, out)
    where = f"{table.stamp} data {table.header.fingerprint}; {experiment.budget_s / 3600:.2f} h per run."
    compared = agreement.agreements(scored.runs)
    text = agreement.markdown(compared, where=where, absent=absent, accuracy=words_of(scored.runs).accuracy)
    write_text(out / "agreement.md", text)
    write_text(out / "agreement.csv", agreement.frame(compared).to_csv(index=False, float_format="%.6g"))
    write_text(out / "packages.md", packages(scored.runs, scored.timings, absent=absent))
    print(text)
    for name, why in absent.items():
        print(f"absent: {name}: {why}")
    n_failed = int((scored.runs["status"] != "ok").sum())
    if n_failed:
        print(f"{n_failed} runs failed; table.md and packages.md say whose and why")
    return scored.runs


def packages(runs: pd.DataFrame, timings: pd.DataFrame, *, absent: Mapping[str, str]) -> str:
    """Return who played, with versions and settings as the scripts gave them, and who did not and why."""
    lines = ["# The packages", "", "| contestant | package | settings | runs | failed | searcher s |"]
    lines += ["| --- | --- | --- | ---: | ---: | ---: |"]
    for name in PEERS:
        rows = runs[runs["searcher"] == name]
        if len(rows):
            seconds = timings.loc[timings["searcher"] == name, "searcher_s"].mean()
            n_failed = int((rows["status"] != "ok").sum())
            lines.append(f"| {name} | {_about(rows)} | {len(rows)} | {n_failed} | {seconds:.1f} |")
    lines += ["", "searcher s: mean seconds of a run inside the package's process, on this host; not on the clock.", ""]
    lines += [f"- absent: {name}: {why}" for name, why in absent.items()]
    failures = runs[(runs["status"] != "ok") & runs["searcher"].isin(list(PEERS))]
    lines += [f"- failed: {row['searcher']}, {row['dataset']}: {row['why']}" for _, row in failures.iterrows()]
    return "\n".join(lines).rstrip() + "\n"


def _about(rows: pd.DataFrame) -> str:
    """Return package with version, and settings, as two cells."""
    settings: dict[str, Any] = ast.literal_eval(rows["settings"].iloc[0])
    named = f"{settings.pop('name', '')} {settings.pop('version', '')}".strip() or "-"
    for ours in ("source", "runs"):
        settings.pop(ours, None)
    return f"{named} | {', '.join(f'{key} {value}' for key, value in settings.items()) or '-'}"
