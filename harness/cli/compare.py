"""The verb `compare`: searchers from a file or a command against PMF-NAS, with a verdict in words."""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from harness.compare import outputs
from harness.compare.outputs import COMPARISON
from harness.experiment.batch import check_claim, open_benchmark, run_experiment
from harness.experiment.data import add_options, chosen_by
from harness.experiment.jobs import played
from harness.experiment.specs import ALL_DATASETS, GPU_NIGHT_S, Experiment
from harness.host.units import budget_s, count, names, written_hours
from harness.players.file import entrants, try_out
from harness.players.ours import CONTESTANTS, REFERENCE, select
from harness.players.process import Command, Limits
from pmfnas.benchmarks.table import CurveTable
from pmfnas.benchmarks.tabular import dataset
from pmfnas.core.errors import InputError
from pmfnas.core.ports import SearcherFactory
from pmfnas.core.rng import stream
from pmfnas.loop.runner import Setting

N_SEEDS = 50

_TEACHING = """Runs your searchers and PMF-NAS (and whoever --against names) with the same seeds and trials, and writes
the table and figures of `run table2`, and verdict.md: for each data set better, worse or not distinguishable, by how
much, with which confidence, and how many more seeds would settle it. docs/tutorial.md is a walk through it. Exit 0: the
comparison was made, whatever its verdict; 1: all runs of a searcher on a data set failed; 2: the call can be mended."""

_READING = """
A class in a file runs in the harness's own process; a command in a process of its own, in any language, spoken to in
JSON lines (docs/protocol.md). Interrupted, or asked for more seeds, the same command goes on where it stopped. A
searcher whose file has changed needs another --out, or another name.

examples:
  python -m harness new-searcher my_search                                a working example, to be changed
  python -m harness check-searcher my_search.py:MySearch                  does it keep the rules?
  python -m harness compare --searcher my_search.py:MySearch              50 seeds, three data sets, 8.5 GPU-hours
  python -m harness compare --searcher mine=my_search.py:MySearch --against asha,bohb --seeds 20 --out results/mine
  python -m harness compare --command "node my_search.js" --datasets cifar100 --budget 2h
"""


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the parser."""
    verb = verbs.add_parser(
        COMPARISON,
        help="compare searchers of your own with PMF-NAS",
        description=_TEACHING,
        epilog=_READING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument(
        "--searcher", action="append", default=[], metavar="[NAME=]FILE.py:CLASS", help="a class in a file; repeatable"
    )
    verb.add_argument("--command", action="append", default=[], metavar="[NAME=]COMMAND", help="a program; repeatable")
    verb.add_argument("--against", metavar="A,B", help=f"beside {REFERENCE}, some of: {', '.join(CONTESTANTS)}")
    add_options(verb)
    verb.add_argument("--seeds", metavar="N", help=f"runs per searcher and data set (default {N_SEEDS})")
    verb.add_argument("--first-seed", metavar="K", help="the seeds are K .. K+N-1 (default 0)")
    verb.add_argument("--budget", metavar="T", help="clock per run: 8.5h (default), 510m or 30600s")
    verb.add_argument("--workers", metavar="N", help="simulated workers of each search (default 1)")
    verb.add_argument("--datasets", metavar="A,B", help=f"some of: {', '.join(ALL_DATASETS)}")
    verb.add_argument("--jobs", metavar="N", help="processes of this machine to use (default: all cores)")
    verb.add_argument("--out", type=Path, metavar="DIR", help=f"where results go (default results/{COMPARISON})")
    verb.add_argument("--start-limit", metavar="T", help="a command's time to start (default 120s)")
    verb.add_argument("--answer-limit", metavar="T", help="a command's time for each answer (default 60s)")
    verb.add_argument(
        "--keep-going", action="store_true", help="record the runs of a command that does not start as failed"
    )
    verb.set_defaults(run=compare)


def compare(options: argparse.Namespace) -> int:
    """Run the comparison and write its outputs and the verdict; return 1 where all runs of a searcher failed."""
    if not options.searcher and not options.command:
        raise InputError("compare has no --searcher and no --command; give one, or write one with new-searcher")
    own = entrants(options.searcher, options.command, _limits(options), taken=tuple(CONTESTANTS))
    against = outputs.opponents(select(names("--against", options.against), CONTESTANTS) if options.against else ())
    experiment = _experiment(options, own, against)
    n_jobs = count("--jobs", options.jobs, least=1) if options.jobs else os.cpu_count() or 1
    out = options.out or Path("results") / COMPARISON
    chosen = chosen_by(options, folder=out)
    print(f"data: {chosen.described}")
    check_claim(out, experiment, chosen.table)
    _try_out(own, experiment, chosen.table, keep_going=options.keep_going)
    print(
        f"{', '.join(own)} against {', '.join(against)}: {experiment.n_runs} runs of "
        f"{written_hours(experiment.budget_s)}; results in {out}"
    )
    run_experiment(experiment, chosen.table, out, n_jobs=n_jobs)
    return outputs.exit_code(outputs.write_comparison(played(experiment), chosen.table, out, own=tuple(own)))


def _limits(options: argparse.Namespace) -> Limits:
    given = {"start_s": options.start_limit, "answer_s": options.answer_limit}
    flags = {"start_s": "--start-limit", "answer_s": "--answer-limit"}
    return Limits(**{name: budget_s(text, flag=flags[name]) for name, text in given.items() if text})


def _experiment(options: argparse.Namespace, own: Mapping[str, SearcherFactory], against: Sequence[str]) -> Experiment:
    """Return what is to be run."""
    contestants = {**own, **{name: CONTESTANTS[name] for name in against}}
    asked = names("--datasets", options.datasets) if options.datasets else ALL_DATASETS
    return Experiment(
        name=COMPARISON,
        title=outputs.title_of(own),
        contestants=MappingProxyType(contestants),
        searchers=tuple(contestants),
        datasets=tuple(dict.fromkeys(dataset(name).name for name in asked)),
        budget_s=budget_s(options.budget) if options.budget else GPU_NIGHT_S,
        n_seeds=count("--seeds", options.seeds, least=1) if options.seeds else N_SEEDS,
        first_seed=count("--first-seed", options.first_seed, least=0) if options.first_seed else 0,
        n_workers=count("--workers", options.workers, least=1) if options.workers else 1,
    )


def _try_out(
    own: Mapping[str, SearcherFactory], experiment: Experiment, table: CurveTable, *, keep_going: bool
) -> None:
    """Make every searcher once; raise `InputError` for one that cannot be made, before any run."""
    benchmark = open_benchmark(table, experiment.datasets[0])
    setting = Setting(benchmark.space, benchmark.fidelities, experiment.budget_s, experiment.n_workers)
    for name, factory in own.items():
        if keep_going and isinstance(factory, Command):
            continue
        try:
            about = try_out(name, factory, setting, rng=stream(0, "try"))
        except InputError as error:
            others = "; --keep-going runs the others" if isinstance(factory, Command) else ""
            raise InputError(f"{error}{others}") from error
        if about:
            print(f"{name}: {about}")
