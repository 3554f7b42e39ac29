"""The work of `compare --problem`: searchers compared by really training the user's own problem."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from harness.cli.arguments import refuse
from harness.host.units import written_time
from harness.players.file import guests
from harness.players.ours import PLAYERS, REFERENCE, select
from harness.players.problem_file import problem_in_file
from harness.players.process import Limits
from harness.search.compare.problem import NAME, commands, planned, player, with_rules
from harness.search.compare.problem_outputs import write
from harness.search.compare.running import run_missing
from harness.show.render import wrap
from pmfnas.core.metric import Metric
from pmfnas.core.ports import SearcherFactory

N_SEEDS = 20
_OF_TABLES = (
    *("--command", "--data", "--partial", "--datasets", "--show", "--published"),
    *("--start-limit", "--answer-limit", "--keep-going", "--landscapes", "--update-reference"),
)
"""Options of a comparison on tables."""


def run(options: argparse.Namespace) -> int:
    """Run the comparison and write its outputs; return 1 if all runs of a searcher failed."""
    refuse(options, _OF_TABLES, "is for tables, but --problem is trained; leave it out")
    problem, found = problem_in_file(options.problem)
    rules = {name: getattr(options, name, None) for name in ("budget_s", "n_workers")}
    problem = with_rules(problem, **rules)
    own, searchers = asked(options)
    seeds = range(options.first_seed, options.first_seed + (options.n_seeds or N_SEEDS))
    plan = planned(problem, found, searchers, seeds, n_jobs=options.n_jobs or 1)
    out = options.out or Path("results") / NAME / found.path.stem
    work = f"{len(plan.runs)} runs of {written_time(plan.claim['budget_s'])} and a training each; results in {out}"
    print(*wrap(f"{', '.join(own)} against {', '.join(n for n in searchers if n not in own)}: {work}"), sep="\n")
    metric = Metric(**plan.claim["metric"])

    def told(result: Mapping[str, float]) -> str:
        return f"{metric.name} {metric.written(result['score'])} trained again, {metric.written(result['found'])} found"

    failures = run_missing(plan, out, command=commands(problem, found, searchers), told=told)
    runs = write(plan, out, failures, own=own)
    lost = [name for name, rows in runs.groupby("searcher") if not (rows["status"] == "ok").any()]
    for name in lost:
        print(f"{name!s}: all {len(seeds)} runs failed; logs in {out / 'logs'}", file=sys.stderr)
    return 1 if lost else 0


def asked(options: argparse.Namespace) -> tuple[tuple[str, ...], Mapping[str, SearcherFactory | None]]:
    """Return the names of the searchers under trial, and all searchers: those first, then the others."""
    files = guests(options.searcher, (), Limits(), taken=tuple(PLAYERS))
    mine: dict[str, SearcherFactory | None] = dict(files) or {REFERENCE: None}
    others = select(options.against or ("random_search",) * (not files), PLAYERS, "--against")
    named = {name: player(name) for name in (REFERENCE, *others) if name not in mine}
    return tuple(mine), {**mine, **named}
