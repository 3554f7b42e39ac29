"""The command line: `python -m harness VERB ...`. Every error a user can cause is one line and exit code 2."""

import argparse
import os
import re
import signal
import sys
import traceback
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import NoReturn

import pmfnas
from harness.cli import calibration as calibration_commands
from harness.cli import ceiling as ceiling_commands
from harness.cli import compare as compare_commands
from harness.cli import data as data_commands
from harness.cli import explain as explain_commands
from harness.cli import peers as peer_commands
from harness.cli import predictors as predictor_commands
from harness.cli import regress as gate_commands
from harness.cli import report as report_commands
from harness.cli import run as experiment_commands
from harness.cli import same_order as order_commands
from harness.cli import search as training_commands
from harness.cli import search_compare as search_compare_commands
from harness.cli import searcher as searcher_commands
from harness.cli import studies as study_commands
from harness.cli import table as table_commands
from harness.experiment.data import add_options as add_data_options
from harness.experiment.specs import ALL_DATASETS, EXPERIMENTS
from harness.host import console
from harness.host.units import joined
from harness.players.ours import CONTESTANTS
from pmfnas.core.errors import InputError, PmfnasError, unknown_name

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


INTERRUPTED = 130
FAULT = 70
"""Exit code of a fault of the program itself, as in sysexits.h."""
DEBUG = "PMFNAS_DEBUG"
"""Variable that asks for the traceback of every error."""
ISSUES = "the project's issue tracker"


class Parser(argparse.ArgumentParser):
    """A parser whose errors are ours: one line, with the remedy."""

    def error(self, message: str) -> NoReturn:
        """Raise `InputError`."""
        raise InputError(f"{message}; see {self.prog} --help")


def entry() -> int:
    """Run the command line of this process, from its arguments and on its terminal; return the exit code."""
    console.prepare()
    signal.signal(signal.SIGTERM, _interrupt)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:  # nohup has it ignored
        signal.signal(signal.SIGHUP, _interrupt)
    try:
        code = main(sys.argv[1:])
    except SystemExit as end:  # --help, --version
        code = int(end.code or 0)
    return console.finish(code)


def main(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code.

    0 or 1 are the verb's own, 2 is for anything that the caller can mend, 70 for a fault of the program.
    """
    try:
        options = _parsed(arguments)
        return int(options.run(options))
    except KeyboardInterrupt:
        print("\ninterrupted; finished runs are kept, the same command goes on from here", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if os.environ.get(DEBUG):
            traceback.print_exc()
        sys.stdout.flush()
        line, code = described(error)
        print(f"error: {line}", file=sys.stderr)
        return code


def described(error: Exception) -> tuple[str, int]:
    """Return what to say of an error on one line, and the exit code."""
    text = " ".join(str(error).split())
    match error:
        case PmfnasError():
            return str(error), 2
        case OSError(strerror=str(why)) if error.errno is not None:
            where = f"{error.filename}: " if error.filename else ""
            return f"{where}{why}; mend that and start again ({DEBUG}=1 shows where)", 2
        case MemoryError():
            return f"the memory of this host does not suffice ({text or 'no more is given'}); use fewer --jobs", 2
        case _:
            named = f"{type(error).__name__}: {text}" if text else type(error).__name__
            return f"{named}; a fault of this program: report it to {ISSUES} with what {DEBUG}=1 shows", FAULT


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """Handle a signal as Ctrl-C is handled."""
    del number, frame
    raise KeyboardInterrupt


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options; raise `InputError` for what cannot be read."""
    given = list(arguments)
    if given[:1] == ["help"]:
        given[:1] = ["--help"]
    if given and given[0] in EXPERIMENTS:
        given.insert(0, "run")
    for before, word in pairwise(given):
        if re.fullmatch(r"--[a-z-]+=", word) or (before.startswith("--") and not word):
            raise InputError(f"{(word or before).rstrip('=')} is empty; give a value, or leave it out")
    parser, known = _built()
    if not given:
        parser.print_help()
        raise InputError("VERB is missing")
    if not given[0].startswith("-") and given[0] not in known:
        raise unknown_name("verb", given[0], (*known, *EXPERIMENTS))
    return parser.parse_args(joined(given))


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs."""
    return _built()[0]


def verbs() -> Sequence[str]:
    """Return the names of all verbs."""
    return _built()[1]


def _built() -> tuple[argparse.ArgumentParser, Sequence[str]]:
    """Return the parser, and the names of its verbs."""
    parser: argparse.ArgumentParser = Parser(
        prog="python -m harness",
        description="Run searchers under one accounting and compare them with statistics.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"pmfnas {pmfnas.__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    _add_run(verbs)
    table_commands.add(verbs)
    compare_commands.add(verbs)
    order_commands.add(verbs)
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
    return parser, tuple(verbs.choices)


def _add_run(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = verbs.add_parser("run", help="run an experiment and write its table and figures")
    run.add_argument("experiment", help=f"one of: {', '.join(sorted(EXPERIMENTS))}")
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
