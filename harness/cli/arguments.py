"""The flags that several verbs share, each once, with the functions that read and check their values.

A function `add_...` adds a flag to the parser of a verb. Without a `default` a flag that is not given leaves no
attribute: `asked` gives those that are there, as fields of a dataclass to be changed.
"""

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from harness.cli.options.names import DATASETS, SOURCES
from harness.host.front import typed
from harness.host.units import budget_s, count, names
from pmfnas.core.errors import InputError, unknown_name

ABSENT: Any = argparse.SUPPRESS
"""Default of a flag that leaves no attribute where it is not given."""


FAILED_RUNS = """A failed run counts as finished: the same command does not repeat it, unless you delete its record,
OUT/runs/SPACE-DATASET/SEARCHER/sNNNN.parquet."""
"""What help says of failed runs, for verbs that run experiments."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are ours: one line, with the remedy."""

    def error(self, message: str) -> NoReturn:
        """Raise `InputError`."""
        raise InputError(f"{message}; see {self.prog} --help")


def teach(verb: argparse.ArgumentParser, text: str, examples: Mapping[str, str], *, reading: str = "") -> None:
    """Give the verb's help its text, how to read its outputs, and examples: words after the program -> comment."""
    commands = {typed() + f" {words}": comment for words, comment in examples.items()}
    width = max((len(command) for command, comment in commands.items() if comment and len(command) < 80), default=0)
    lines = [f"  {command:<{width}}  {comment}".rstrip() for command, comment in commands.items()]
    verb.description = text
    verb.epilog = "\n".join([*([reading.strip("\n"), ""] if reading else []), "examples:", *lines])


def asked(options: argparse.Namespace, kind: type) -> dict[str, Any]:
    """Return the fields of a dataclass that the command line gives, name -> value."""
    return {field.name: getattr(options, field.name) for field in fields(kind) if hasattr(options, field.name)}


# ------------------------------------------------------------------------------------------------------------- values


def whole(flag: str, least: int) -> Callable[[str], int]:
    """Return a parser of a whole number of at least `least`, given to `flag`."""
    return partial(count, flag, least=least)


def time_of(flag: str) -> Callable[[str], float]:
    """Return a parser of a time with its unit, given to `flag`, as seconds."""
    return partial(budget_s, flag=flag)


def names_of(flag: str) -> Callable[[str], tuple[str, ...]]:
    """Return a parser of names separated by commas, given to `flag`."""
    return partial(names, flag)


def datasets(text: str) -> tuple[str, ...]:
    """Return the data sets named, each once; raise `InputError` for one that is not known."""
    given = names("--datasets", text)
    for name in given:
        if name not in DATASETS:
            raise unknown_name("data set", name, DATASETS)
    return tuple(dict.fromkeys(given))


# -------------------------------------------------------------------------------------------------------------- flags


def add_data(verb: argparse.ArgumentParser, *, partial: bool = True) -> None:
    """Add `--data`, and `--partial` to a verb for which a part of the archs may do."""
    verb.add_argument("--data", default="auto", help=f"auto (default), {', '.join(SOURCES)}, or a path")
    if partial:
        verb.add_argument(
            "--partial", action="store_true", help="also take data that know a part of the archs; every output says so"
        )


def add_datasets(verb: argparse.ArgumentParser, default: tuple[str, ...] = ABSENT) -> None:
    """Add `--datasets`."""
    verb.add_argument(
        "--datasets", type=datasets, default=default, metavar="A,B", help=f"some of: {', '.join(DATASETS)}"
    )


def add_searchers(verb: argparse.ArgumentParser, text: str, default: tuple[str, ...] | None = ABSENT) -> None:
    """Add `--searchers`, whose names the verb's own work checks."""
    verb.add_argument("--searchers", type=names_of("--searchers"), default=default, metavar="A,B", help=text)


def add_seeds(verb: argparse.ArgumentParser, text: str, default: int | None = ABSENT) -> None:
    """Add `--seeds`."""
    verb.add_argument("--seeds", dest="n_seeds", type=whole("--seeds", 1), default=default, metavar="N", help=text)


def add_first_seed(verb: argparse.ArgumentParser, default: int | None = ABSENT, *, says: int = 0) -> None:
    """Add `--first-seed`; `says` is the default in words."""
    text = f"the seeds are K .. K+N-1 (default {says})"
    verb.add_argument("--first-seed", type=whole("--first-seed", 0), default=default, metavar="K", help=text)


def add_budget(verb: argparse.ArgumentParser, text: str, default: float | None = ABSENT) -> None:
    """Add `--budget`."""
    verb.add_argument("--budget", dest="budget_s", type=budget_s, default=default, metavar="T", help=text)


def add_workers(verb: argparse.ArgumentParser, default: int = ABSENT) -> None:
    """Add `--workers`."""
    text = "simulated workers of each search (default 1)"
    verb.add_argument(
        "--workers", dest="n_workers", type=whole("--workers", 1), default=default, metavar="N", help=text
    )


def add_jobs(verb: argparse.ArgumentParser) -> None:
    """Add `--jobs`: processes, one per core where it is not given."""
    text = "processes of this machine to use (default: all cores)"
    n_cores = os.cpu_count() or 1
    verb.add_argument("--jobs", dest="n_jobs", type=whole("--jobs", 1), default=n_cores, metavar="N", help=text)


def add_out(verb: argparse.ArgumentParser, text: str, *, metavar: str = "DIR", required: bool = False) -> None:
    """Add `--out`."""
    verb.add_argument("--out", type=Path, metavar=metavar, required=required, help=text)


def add_smoke(verb: argparse.ArgumentParser, text: str) -> None:
    """Add `--smoke`."""
    verb.add_argument("--smoke", action="store_true", help=text)


def add_dry_run(verb: argparse.ArgumentParser) -> None:
    """Add `--dry-run`."""
    verb.add_argument("--dry-run", action="store_true", help="say what would run, and how long; run nothing")


def add_update_reference(verb: argparse.ArgumentParser) -> None:
    """Add `--update-reference`."""
    text = "also copy the outputs to results/reference/, to be committed"
    verb.add_argument("--update-reference", action="store_true", help=text)


def add_view(verb: argparse.ArgumentParser) -> None:
    """Add `--show` and `--published`: what of the results is drawn and tabled."""
    verb.add_argument(
        "--show",
        type=names_of("--show"),
        default=ABSENT,
        metavar="A,B",
        help="searchers drawn in colour (default: the leading six); the others are grey",
    )
    verb.add_argument("--published", action="store_true", help="also table rows of other papers, for reference")


def add_csv(verb: argparse.ArgumentParser, text: str) -> None:
    """Add `--csv`."""
    verb.add_argument("--csv", action="store_true", help=text)
