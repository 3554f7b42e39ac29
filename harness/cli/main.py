"""The command line: `python -m harness VERB ...`. Every error a user can cause is one line and exit code 2.

`VERBS` names every verb. A call imports only the options of its own verb, and imports the verb's work after parsing.
"""

import argparse
import os
import re
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from itertools import pairwise
from types import FrameType, MappingProxyType
from typing import NamedTuple, NoReturn

import pmfnas
from harness.cli.arguments import Parser, check_datasets, nearest
from harness.cli.options.names import EXPERIMENTS, STUDIES
from harness.host import console
from harness.host.front import typed
from harness.host.missing import OURS, missing
from harness.host.units import joined
from pmfnas.core.errors import InputError, PmfnasError, shown


class Verb(NamedTuple):
    """A verb of the command line."""

    module: str
    """`harness.cli.options.MODULE.add` adds its options, `harness.cli.MODULE.run` does the work."""
    help: str
    """One line."""


VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        **{name: Verb("run", text) for name, text in EXPERIMENTS.items()},
        "run": Verb("run", "run an experiment by name, and write its table and figures"),
        "compare": Verb("compare", "compare searchers of your own with PMF-NAS, with a verdict in words"),
        "new-searcher": Verb("searcher", "write a working example of a searcher, to be changed"),
        "check-searcher": Verb("searcher", "check that a searcher keeps the rules, and explain each broken rule"),
        "peers": Verb("peers", "compare with the field's packages, each in its own environment"),
        **{name: Verb("studies", text) for name, text in STUDIES.items()},
        "predictors": Verb("predictors", "compare performance predictors: quality, calibration, price"),
        "regress": Verb("regress", "gate the predictors: exit 1 if one got worse than its reference"),
        "search": Verb("search", "search with real training on a device, and end with a model"),
        "new-family": Verb("searcher", "write a working example of a family of networks for search, to be changed"),
        "search-compare": Verb("search_compare", "compare searchers by real training, with statistics"),
        "export": Verb("search", "write the network that a search found, trained, with a model card"),
        "gpu-check": Verb("search", "measure and check everything that needs a GPU, in a few minutes"),
        "table": Verb("table", "write table and figures again, from the records of a folder of results"),
        "explain": Verb("explain", "show every decision of a run with its reasons: trace, summary, figure"),
        "report": Verb("report", "write one self-contained HTML page of a folder of results"),
        "calibration": Verb("explain", "measure how often the predicted intervals of a searcher hold"),
        "ceiling": Verb("ceiling", "compute the best result that the data, and the trained archs of runs, allow"),
        "same-order": Verb("report", "compare the order of the searchers in two folders of results"),
        "torture": Verb("torture", "kill, fill, corrupt and fuzz everything, and measure what holds"),
        "speed": Verb("speed", "measure speed and growth, next to the packages of the field"),
        "data": Verb("data", "import, inspect, verify or build curve tables"),
        "completion": Verb("completion", "print a script that completes verbs and options in a shell"),
    }
)
"""Verb -> its module and its line of help, in the order of the help."""

_EXAMPLES = """exit codes:
  0   done
  1   done, and the answer is no: all runs of a searcher on a data set failed, a check failed, an environment could
      not be made, the predictor got worse, or standard output could not be written
  2   nothing was done: an option or a file is wrong, or this machine lacks something; one line names the remedy
  70  a fault of the program; 130 interrupted, and the same command goes on

examples:
  {typed} table2 --smoke                        a look at everything, in seconds
  {typed} table2                                the main table: 100 seeds, 8.5 GPU-hours
  {typed} table results/table2                  the outputs again, from the records
  {typed} report results/table2                 one self-contained HTML page of it
  {typed} search --dataset digits --budget 10m  real training, and a model at the end
  {typed} data info                             which data would be used, and what it is

{typed} VERB --help explains a verb, with examples.
"""

INTERRUPTED = 130
FAULT = 70
"""Exit code of a bug in the program, as in sysexits.h."""
DEBUG = "PMFNAS_DEBUG"
"""Environment variable that shows the traceback of every error."""
ISSUES = "the project's issue tracker"


def entry() -> int:
    """Run the command line with this process's arguments and terminal; return the exit code."""
    console.prepare()
    signal.signal(signal.SIGTERM, _interrupt)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:  # nohup ignores SIGHUP
        signal.signal(signal.SIGHUP, _interrupt)
    try:
        code = main(sys.argv[1:])
    except SystemExit as end:  # --help, --version
        code = int(end.code or 0)
    exec("")  # makes CPython forget an interrupted `exec`, as in the class of a dataclass, which would end us by SIGINT
    return console.finish(code)


def main(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code.

    0 and 1 come from the verb, 2 is an error that the user can fix, 70 is a bug in the program.
    """
    try:
        options = parsed(arguments)
        return int(import_module(f"harness.cli.{VERBS[options.verb].module}").run(options))
    except KeyboardInterrupt:
        print("\ninterrupted; finished runs are kept, the same command goes on from here", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if os.environ.get(DEBUG):
            traceback.print_exc()
        sys.stdout.flush()
        line, code = described(error)
        print(f"error: {console.visible(' '.join(line.splitlines()))}", file=sys.stderr)
        return code


def described(error: Exception) -> tuple[str, int]:
    """Return the error's message on one line, and the exit code."""
    text = " ".join(str(error).split())
    match error:
        case PmfnasError():
            return str(error), 2
        case OSError(strerror=str(why)) if error.errno is not None:
            where = f"{error.filename}: " if error.filename else ""
            return f"{where}{why}; mend that and start again ({DEBUG}=1 shows where)", 2
        case ModuleNotFoundError(name=str(package)) if package.partition(".")[0] not in OURS:
            return missing(package), 2
        case MemoryError():
            return f"the memory of this host does not suffice ({text or 'no more is given'}); use fewer --jobs", 2
        case _:
            named = f"{type(error).__name__}: {text}" if text else type(error).__name__
            return f"{named}; a fault of this program: report it to {ISSUES} with what {DEBUG}=1 shows", FAULT


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """Handle a signal like Ctrl-C."""
    del number, frame
    raise KeyboardInterrupt


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the parsed options, with all the arguments as `words`; raise `InputError` if an argument is invalid."""
    given = list(arguments)
    if given[:1] == ["help"]:
        given = [*given[1:], "--help"]
    for before, word in pairwise(given):
        if re.fullmatch(r"--[a-z-]+=", word) or (before.startswith("--") and not word):
            raise InputError(f"{(word or before).rstrip('=')} is empty; give a value, or leave it out")
    parser = build_parser(given[:1])
    if not given:
        parser.print_help()
        raise InputError("VERB is missing")
    if not given[0].startswith("-") and given[0] not in VERBS:
        hint = nearest(given[0], VERBS)  # before the list, which fills lines
        raise InputError(f"verb is {shown(given[0])}{hint}, but must be one of: {', '.join(VERBS)}")
    options = parser.parse_args(joined(given))
    check_datasets(options)
    options.words = tuple(given)
    return options


def build_parser(verbs: Sequence[str] = tuple(VERBS)) -> argparse.ArgumentParser:
    """Return the parser of all verbs; only `verbs` get their options."""
    plain = partial(argparse.RawDescriptionHelpFormatter, max_help_position=20)
    parser: argparse.ArgumentParser = Parser(
        prog=typed(),
        description="Run searchers under one accounting and compare them with statistics.",
        epilog=_EXAMPLES.format(typed=typed()),
        formatter_class=plain,
    )
    parser.add_argument("--version", action="version", version=f"pmfnas {pmfnas.__version__}")
    added = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for name, verb in VERBS.items():
        own = added.add_parser(name, help=verb.help, formatter_class=plain)
        own.set_defaults(verb=name)
        if name in verbs:
            import_module(f"harness.cli.options.{verb.module}").add(own)
    return parser
