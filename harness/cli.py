"""The command line: `python -m harness VERB ...`. Every error a user can cause is one line and exit code 2."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pmfnas
from harness import (
    calibration_commands,
    ceiling_commands,
    compare_commands,
    data_commands,
    experiment_commands,
    explain_commands,
    peer_commands,
    predictor_commands,
    searcher_commands,
    study_commands,
    training_commands,
)
from harness.contestants import CONTESTANTS
from harness.data import add_options as add_data_options
from harness.gate import commands as gate_commands
from harness.report import commands as report_commands
from harness.search_compare import commands as search_compare_commands
from harness.specs import ALL_DATASETS, EXPERIMENTS
from pmfnas.core.errors import PmfnasError

EXAMPLES = """examples:
  python -m harness run table2 --smoke                        a look at everything, in seconds
  python -m harness run table2                                the main table: 100 seeds, 8.5 GPU-hours
  python -m harness run table2 --searchers pmf_nas,asha --datasets cifar100 --seeds 20 --out results/mine
  python -m harness ablation --smoke                          what each part is worth; also: sensitivity
  python -m harness predictors --smoke                        performance predictors, compared; --help explains
  python -m harness table results/table2                      the outputs again, from the records
  python -m harness explain nb201-cifar100/pmf_nas/s0007 --in results/table2
  python -m harness calibration results/table2 --searchers pmf_nas   do predicted intervals hold?
  python -m harness report results/table2                     one self-contained HTML page of it
  python -m harness search --dataset digits --budget 10m      real training, and a model at the end
  python -m harness search-compare --smoke                    searchers by real training, with statistics
  python -m harness data info                                 which data would be used, and what it is
  python -m harness data import ~/.torch --out tables/nb201   the official files, once
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code: 0, or 2 for anything the caller can mend."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except PmfnasError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted; finished runs are kept, the same command goes on from here", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe closed it, `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs."""
    parser = argparse.ArgumentParser(
        prog="python -m harness",
        description="Run searchers under one accounting and compare them with statistics.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"pmfnas {pmfnas.__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    _add_run(verbs)
    _add_table(verbs)
    compare_commands.add(verbs)
    peer_commands.add(verbs)
    searcher_commands.add(verbs)
    study_commands.add(verbs)
    predictor_commands.add(verbs)
    gate_commands.add(verbs)
    data_commands.add(verbs)
    explain_commands.add(verbs)
    ceiling_commands.add(verbs)
    calibration_commands.add(verbs)
    report_commands.add(verbs)
    training_commands.add(verbs)
    search_compare_commands.add(verbs)
    return parser


def _add_run(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = verbs.add_parser("run", help="run an experiment and write its table and figures")
    run.add_argument("experiment", choices=sorted(EXPERIMENTS), help="which experiment")
    add_data_options(run)
    run.add_argument("--seeds", metavar="N", help="runs per searcher and data set")
    run.add_argument("--first-seed", metavar="K", help="the seeds are K .. K+N-1 (default 0)")
    run.add_argument("--budget", metavar="T", help="clock per run: 8.5h, 510m or 30600s")
    run.add_argument("--workers", metavar="N", help="simulated workers of each search (default 1)")
    run.add_argument("--datasets", metavar="A,B", help=f"some of: {', '.join(ALL_DATASETS)}")
    run.add_argument("--searchers", metavar="A,B", help=f"some of: {', '.join(CONTESTANTS)}")
    run.add_argument("--jobs", metavar="N", help="processes of this machine to use (default: all cores)")
    run.add_argument(
        "--out", type=Path, metavar="DIR", help="where results go (default results/EXPERIMENT, with -smoke for --smoke)"
    )
    run.add_argument("--smoke", action="store_true", help="three seeds and two hours of budget: seconds, no claim")
    run.add_argument("--dry-run", action="store_true", help="say what would run, and how long; run nothing")
    run.add_argument(
        "--update-reference", action="store_true", help="also copy the outputs to results/reference/, to be committed"
    )
    run.set_defaults(run=experiment_commands.run)


def _add_table(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    table = verbs.add_parser("table", help="write table and figures again, from the records of an experiment")
    table.add_argument("out", type=Path, help="folder of an experiment, e.g. results/table2")
    table.add_argument("--data", default="auto", help="the data it was made with (default: found by its fingerprint)")
    table.set_defaults(run=search_compare_commands.table)
