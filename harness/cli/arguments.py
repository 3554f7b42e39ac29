"""The flags that several verbs share, with the functions that parse and check their values.

A function `add_...` adds a flag to the parser of a verb. If the user omits a flag without a `default`, the parsed
options have no attribute for it. `asked` returns the given flags as new values of a dataclass's fields.
"""

import argparse
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from harness.cli.options.names import DATASETS, EXPERIMENTS, SOURCES, STUDIES
from harness.host.clusters import BACKENDS
from harness.host.front import typed
from harness.host.units import budget_s, count, names
from pmfnas.core.errors import InputError, unknown_name

ABSENT: Any = argparse.SUPPRESS
"""Default of a flag that sets no attribute if the user omits it."""


FAILED_RUNS = """A failed run counts as finished: the same command does not repeat it, unless you delete its record,
OUT/runs/SPACE-DATASET/SEARCHER/sNNNN.parquet."""
"""Help text on failed runs, for verbs that run experiments."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean WORD?)` with the known word that is most similar; empty if none is."""
    near = get_close_matches(word.lower(), list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def check_there(folder: Path) -> None:
    """Raise `InputError` if a folder of results does not exist; the message gives the verb that makes it."""
    if folder.exists():
        return
    stem = folder.name.removesuffix("-smoke")
    known = (*EXPERIMENTS, *STUDIES, "compare", "peers", "search", "search-compare")
    verb = next((name for name in (stem, folder.parent.name) if name in known), None)
    flags = ["--smoke"] if stem != folder.name else []
    maker = f"the verb {verb} makes it: {typed(verb, *flags)}" if verb else "give a folder that a verb has made"
    raise InputError(f"{folder} does not exist; {maker}")


class Parser(argparse.ArgumentParser):
    """A parser that raises `InputError`, one line with the remedy, and takes no shortened options."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse as usual; raise `InputError` for the first unknown option, with the most similar known one."""
        parsed, rest = super().parse_known_args(args, namespace)
        word = next((word for word in rest if word.startswith("-")), None)
        if word is not None:
            known = [flag for action in self._actions for flag in action.option_strings]
            self.error(f"unrecognized arguments: {' '.join(rest)}{nearest(word.partition('=')[0], known)}")
        return parsed, rest

    def error(self, message: str) -> NoReturn:
        """Raise `InputError`."""
        raise InputError(f"{message}; see {self.prog} --help")


def teach(verb: argparse.ArgumentParser, text: str, examples: Mapping[str, str], *, reading: str = "") -> None:
    """Set the verb's help: description, how to read its outputs, and examples (arguments -> comment)."""
    commands = {typed() + f" {words}": comment for words, comment in examples.items()}
    width = max((len(command) for command, comment in commands.items() if comment and len(command) < 80), default=0)
    lines = [f"  {command:<{width}}  {comment}".rstrip() for command, comment in commands.items()]
    verb.description = text
    verb.epilog = "\n".join([*([reading.strip("\n"), ""] if reading else []), "examples:", *lines])


def refuse(options: argparse.Namespace, flags: Collection[str], why: str) -> None:
    """Raise `InputError` for the first option of the command line that is among `flags`; `why` follows its name."""
    for flag in (word.partition("=")[0] for word in options.words):
        if flag in flags:
            raise InputError(f"{flag} {why}")


def asked(options: argparse.Namespace, kind: type) -> dict[str, Any]:
    """Return the values that the command line gives for fields of the dataclass `kind`, by name."""
    return {field.name: getattr(options, field.name) for field in fields(kind) if hasattr(options, field.name)}


# ------------------------------------------------------------------------------------------------------------- values


def whole(flag: str, least: int) -> Callable[[str], int]:
    """Return a function that parses the value of `flag`: a whole number of at least `least`."""
    return partial(count, flag, least=least)


def time_of(flag: str) -> Callable[[str], float]:
    """Return a function that parses the value of `flag`: a time with its unit, as seconds."""
    return partial(budget_s, flag=flag)


def names_of(flag: str) -> Callable[[str], tuple[str, ...]]:
    """Return a function that parses the value of `flag`: names separated by commas."""
    return partial(names, flag)


def datasets(text: str) -> tuple[str, ...]:
    """Return the named data sets without duplicates; `check_datasets` checks the names."""
    return tuple(dict.fromkeys(names("--datasets", text)))


def check_datasets(options: argparse.Namespace) -> None:
    """Raise `InputError` for an unknown data set, unless the data are at a path and bring names of their own."""
    if getattr(options, "data", None) not in ("auto", *SOURCES):
        return
    for name in getattr(options, "datasets", None) or ():
        if name not in DATASETS:
            raise unknown_name("--datasets: data set", name, DATASETS)


# -------------------------------------------------------------------------------------------------------------- flags


def add_data(verb: argparse.ArgumentParser, *, partial: bool = True) -> None:
    """Add `--data`; also add `--partial` if the verb can work on a part of the archs."""
    verb.add_argument("--data", default="auto", help=f"auto (default), {', '.join(SOURCES)}, or a path")
    if partial:
        verb.add_argument(
            "--partial", action="store_true", help="also take data that know a part of the archs; every output says so"
        )


def add_datasets(verb: argparse.ArgumentParser, default: tuple[str, ...] = ABSENT) -> None:
    """Add `--datasets`."""
    verb.add_argument(
        "--datasets",
        type=datasets,
        default=default,
        metavar="A,B",
        help=f"some of: {', '.join(DATASETS)}; or of a table of yours",
    )


def add_searchers(verb: argparse.ArgumentParser, text: str, default: tuple[str, ...] | None = ABSENT) -> None:
    """Add `--searchers`; the verb itself checks the names."""
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


def add_jobs(
    verb: argparse.ArgumentParser,
    text: str = "processes of this machine to use (default: all cores)",
    default: int | None = os.cpu_count() or 1,
) -> None:
    """Add `--jobs`: number of processes, by default one per core."""
    verb.add_argument("--jobs", dest="n_jobs", type=whole("--jobs", 1), default=default, metavar="N", help=text)


def add_backend(verb: argparse.ArgumentParser) -> None:
    """Add `--backend`: where the runs are made."""
    text = "processes of this machine (default: loky), or a cluster: dask, ray; see docs/how-to/cluster.md"
    verb.add_argument("--backend", choices=BACKENDS, default=BACKENDS[0], help=text)


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
    """Add `--show` (searchers in colour) and `--published` (rows of other papers)."""
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
