"""What is wrong with a command that a document shows: judged by the parsers and names of the code, nothing is run."""

import argparse
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from harness.cli.main import VERBS, build_parser, parsed
from harness.experiment.specs import EXPERIMENTS
from harness.host.units import names
from harness.players.file import from_file
from harness.players.ours import PLAYERS
from harness.predictors.candidates import CANDIDATES as PREDICTORS
from pmfnas.benchmarks.tabular import dataset
from pmfnas.core.errors import InputError
from tests.support.documents import ROOT, Typed
from tests.support.named import OF_THE_READER

TREE = ("baselines", "docs", "harness", "pmfnas", "tests")
SOURCES = ("references", "auto", "official", "anchored", "real-finals", "surrogate")
OWN_FOLDERS = ("compare", "problem-compare", "search", "search-compare", *VERBS)
"""Folders below `results/` that a verb writes by itself; `-smoke` may follow."""
STANDS_FOR = re.compile(r"[A-Z][A-Z_]*(/[A-Z_]+)*")
"""A word in capitals stands for one of the reader's own: DIR, SOURCE, EXPERIMENT."""


def fault(typed: Typed, *, made: frozenset[str] = frozenset()) -> str:
    """Return what is wrong with a command; empty if nothing.

    Args:
        typed: the command.
        made: folders that the commands of the documents make with `--out`.
    """
    if any("..." in word or "…" in word for word in (*typed.words, *typed.variables.values())):
        return "holds dots where a word must stand"
    unknown = [name for name in typed.variables if name.startswith("PMFNAS_") and name not in variables()]
    if unknown:
        return f"sets {unknown[0]}, which nothing reads"
    if typed.is_ours:
        return _fault_of_ours(typed.words[1:], made)
    return _fault_of_other(typed.words)


@cache
def variables() -> frozenset[str]:
    """Return the names of all variables that the code reads."""
    files = [ROOT / "reproduce.sh", *(path for room in TREE for path in (ROOT / room).rglob("*.py"))]
    return frozenset(name for path in files for name in re.findall(r"PMFNAS_[A-Z_]+", path.read_text()))


def _fault_of_ours(words: tuple[str, ...], made: frozenset[str]) -> str:
    if not words or words == ("help",) or words[0] == "VERB":
        return ""
    if words[0] in ("test", "docs"):
        return _missing(words[1:])
    try:
        options = parsed(words)
    except SystemExit:  # --help
        return ""
    except InputError as error:
        return str(error)
    return next(filter(None, _faults_of_values(options, made)), "")


def _faults_of_values(options: argparse.Namespace, made: frozenset[str]) -> Iterator[str]:
    """Yield what is wrong with the words among the options, by the meaning of each; amounts are parsed by now."""
    for name, value in vars(options).items():
        words = value if isinstance(value, list | tuple) else [value]
        for text in (str(word) for word in words if isinstance(word, str | Path)):
            if not STANDS_FOR.fullmatch(text):
                yield _refusal(_CHECKS.get(name, str), text)
                yield _fault_of_path(text, made, is_new=name in ("out", "to", "name"))


def _refusal(check: Callable[[str], object], text: str) -> str:
    try:
        check(text)
    except InputError as error:
        return str(error)
    return ""


def _known(flag: str, known: tuple[str, ...]) -> Callable[[str], object]:
    def check(text: str) -> None:
        for name in names(flag, text):
            if name not in known:
                raise InputError(f"{flag} names {name}, which is none of {', '.join(known)}")

    return check


def _source(text: str) -> None:
    if text not in SOURCES and "/" not in text:
        raise InputError(f"--data is {text}, which is no kind of data and no path")


def _searcher(text: str) -> None:
    if text.endswith(".py") or ".py:" in text:
        where = Path(text.split("=", 1)[-1].partition(":")[0])
        if where.parts[0] in TREE:
            from_file(str(ROOT / text))
    elif text not in PLAYERS:
        raise InputError(f"searcher is {text}, which is none of {', '.join(PLAYERS)}")


_CHECKS: Mapping[str, Callable[[str], object]] = {
    "experiment": _known("EXPERIMENT", tuple(EXPERIMENTS)),
    "searchers": _known("--searchers", tuple(PLAYERS)),
    "against": _known("--against", (*PLAYERS, *PREDICTORS)),
    "datasets": dataset,
    "searcher": _searcher,
    "data": _source,
    "named": _source,
}


def _fault_of_path(text: str, made: frozenset[str], *, is_new: bool) -> str:
    """Return what is wrong with a word that may be a path: of this tree, or of `results`."""
    path = Path(text.split("=", 1)[-1].partition(":")[0])
    if path.parts[:1] == ("results",) and not is_new:
        return "" if (ROOT / path).exists() or _is_made(path, made) else f"{path} is made by no verb"
    return "" if is_new else _missing((str(path),))


def _is_made(path: Path, made: frozenset[str]) -> bool:
    """Return whether a verb, or a command of the documents, makes a folder below `results`."""
    folder = path.parts[1].removesuffix("-smoke") if len(path.parts) > 1 else ""
    run = re.search(r"runs/nb201-([\w-]+)/(\w+)/s\d{4}\.parquet$", str(path))
    if run:
        dataset(run[1])
        return folder in OWN_FOLDERS and run[2] in PLAYERS
    return folder in OWN_FOLDERS or str(path) in made


def _missing(words: tuple[str, ...]) -> str:
    """Return which of the words names a file of this tree that is not there."""
    gone = [word for word in words if word.split("/")[0] in TREE and "/" in word and not (ROOT / word).exists()]
    return f"{gone[0]} is not there" if gone else ""


def _fault_of_other(words: tuple[str, ...]) -> str:
    """Return what is wrong with a command of another program."""
    program = Path(words[0]).name
    if program == "python" and words[1:2] == ("-m",):
        if words[2] == "harness":
            return "is typed as ./reproduce.sh VERB everywhere in the documents"
        return "" if find_spec(words[2]) else f"there is no module {words[2]}"
    if program == "python" and words[1] in OF_THE_READER:
        return ""
    if program == "pytest":
        return _missing(words[1:])
    return "" if program in ("git", "cd") else f"{program} is no program that the documents may use"


def options_of_all_verbs() -> frozenset[str]:
    """Return every flag of every verb."""
    return frozenset(flag for parser in _parsers(build_parser()) for flag in parser._option_string_actions)


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from _parsers(child)
