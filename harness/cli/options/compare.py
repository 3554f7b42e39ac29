"""Options of `compare`."""

import argparse

from harness.cli import arguments
from harness.cli.options.names import ANSWER_LIMIT_S, REFERENCE, SEARCHERS, START_LIMIT_S

N_SEEDS = 50

_TEXT = """Runs your searchers and PMF-NAS (and those that --against names) with the same seeds and trials, and writes
the table and figures of `run table2`, and verdict.md: for each data set better, worse or not distinguishable, by how
much, with which confidence, and how many more seeds would settle it. docs/tutorials/own-searcher.md walks through it.

With --problem, searchers are compared by really training a `pmfnas.Problem` of yours (docs/tutorials/own-problem.md).
With --landscapes, on made landscapes where larger archs are better, worse or neither, at 30, 100 and 250 trainings at
the medium level.

Exit 0: the comparison was made, whatever its verdict; 1: all runs of a searcher on a data set failed; 2: the call can
be mended."""

_READING = f"""
A class in a file runs in the harness's own process; a command in a process of its own, in any language, spoken to in
JSON lines (docs/reference/protocol.md). Interrupted, or asked for more seeds, the same command goes on where it
stopped. A searcher whose file has changed needs another --out, or another name.
{arguments.FAILED_RUNS}"""

_EXAMPLES = {
    "new-searcher my_search": "a working example, to be changed",
    "check-searcher my_search.py:MySearch": "does it keep the rules?",
    "compare --searcher my_search.py:MySearch": "50 seeds, three data sets, 8.5 GPU-hours",
    "compare --searcher mine=my_search.py:MySearch --against asha,bohb --seeds 20 --out results/mine": "",
    "compare --problem my_problem.py:problem --seeds 5 --searchers random_search,asha,bohb": "",
    "compare --landscapes --searcher my_search.py:MySearch --seeds 10": "does it rely on larger archs being better?",
    'compare --command "node my_search.js" --datasets cifar100 --budget 2h': "",
}


def add(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    arguments.teach(verb, _TEXT, _EXAMPLES, reading=_READING)
    verb.add_argument(
        "--searcher", action="append", default=[], metavar="[NAME=]FILE.py:CLASS", help="a class in a file; repeatable"
    )
    verb.add_argument("--command", action="append", default=[], metavar="[NAME=]COMMAND", help="a program; repeatable")
    verb.add_argument(
        "--problem", metavar="FILE.py:NAME", help="train this problem: --budget and --workers are its own by default"
    )
    verb.add_argument(
        "--landscapes",
        action="store_true",
        help=f"on landscapes instead; {REFERENCE} without --searcher, against five others without --against",
    )
    verb.add_argument(
        "--against",
        "--searchers",
        type=arguments.names_of("--against"),
        default=(),
        metavar="A,B",
        help=f"beside {REFERENCE}, some of: {', '.join(SEARCHERS)}",
    )
    arguments.add_data(verb)
    arguments.add_seeds(
        verb, f"runs per searcher and data set (default {N_SEEDS}; 20 with --problem, 40 with --landscapes)", None
    )
    arguments.add_first_seed(verb, 0)
    arguments.add_budget(verb, "clock per run: 8.5h (default; 100 trainings on a table of yours), 510m or 30600s")
    arguments.add_workers(verb)
    arguments.add_datasets(verb)
    arguments.add_jobs(verb, "processes of this machine to use (default: all cores; 1 with --problem)", None)
    arguments.add_view(verb)
    arguments.add_out(
        verb, "where results go (default results/compare, or results/problem-compare/FILE, or results/landscapes)"
    )
    arguments.add_update_reference(verb)
    for flag, name, text in (
        ("--start-limit", "start_s", f"to start (default {START_LIMIT_S:g}s)"),
        ("--answer-limit", "answer_s", f"for each answer (default {ANSWER_LIMIT_S:g}s)"),
    ):
        verb.add_argument(
            flag,
            dest=name,
            type=arguments.time_of(flag),
            default=arguments.ABSENT,
            metavar="T",
            help=f"a command's time {text}",
        )
    verb.add_argument(
        "--keep-going", action="store_true", help="record the runs of a command that does not start as failed"
    )
