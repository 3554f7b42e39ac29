"""The work of `peers`: the field's packages, our implementations of their methods, PMF-NAS and random search."""

import argparse
import ast
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from harness.cli import compare as compare_commands
from harness.cli.arguments import asked
from harness.cli.compare import Gone
from harness.cli.options.peers import BUDGET_S, N_SEEDS
from harness.compare import agreement, outputs
from harness.experiment.batch import read_claim, run_experiment
from harness.experiment.data import choose, chosen_by
from harness.experiment.jobs import Job, found, jobs
from harness.experiment.specs import ALL_DATASETS, Experiment
from harness.players.environments import AbsentError, existing, make, size_mb
from harness.players.ours import select
from harness.players.packages import ENVIRONMENTS, OWN, PEERS, contestants, environments_of
from harness.score.words import words_of
from pmfnas.benchmarks.table import CurveTable
from pmfnas.core.errors import InputError
from pmfnas.files import write_text

NAME = "peers"
TITLE = "The field's packages on NAS-Bench-201"
SMOKE_BUDGET_S = 1_200.0
ABSENT = "absent.json"


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
    wanted = select(options.searchers, known) if options.searchers else tuple(known)
    experiment = _experiment(options, wanted)
    out = options.out or Path("results") / (f"{NAME}-smoke" if options.smoke else NAME)
    chosen = chosen_by(options, folder=out)
    print(f"data: {chosen.described}")
    pythons, absent = environments(wanted)
    playing = {name: factory for name, factory in contestants(pythons).items() if name in wanted}
    if not playing:
        raise InputError("--searchers names nobody whose environment could be made")
    full = replace(experiment, contestants=MappingProxyType(playing), searchers=tuple(playing))
    plan = Plan(full, options.slow_seeds)
    if options.update_reference:
        mine = {**outputs.extent(full), "runs": len(plan.jobs())}
        outputs.refuse_less(outputs.reference_name(NAME, chosen.table), mine)
    print(f"{_described(plan)}; results in {out}")
    for part in plan.parts():
        run_experiment(part, chosen.table, out, n_jobs=options.n_jobs)
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


def _experiment(options: argparse.Namespace, wanted: Sequence[str]) -> Experiment:
    """Return what the command line asks for; who can play is known when the environments are."""
    budget_s, n_seeds = (SMOKE_BUDGET_S, 1) if options.smoke else (BUDGET_S, N_SEEDS)
    plain = Experiment(NAME, TITLE, OWN, tuple(wanted), ALL_DATASETS, budget_s, n_seeds)
    return replace(plain, **{**asked(options, Experiment), "searchers": tuple(wanted)})


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
