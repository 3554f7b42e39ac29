"""Options of `data` and of its verbs, such as `data info`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from harness.cli import arguments
from harness.cli.options.names import SOURCES, SPACES

if TYPE_CHECKING:
    Kinds: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]

_TEXT = """Experiments run on curve tables. `info` shows which table would be used and which of its values are real;
the other verbs import official files, build tables, and check them."""

_EXAMPLES = {
    "data info": "the data that would be used",
    "data import ~/.torch --out tables/nb201": "the official files, once",
    "data import-curves curves.csv --space space.json --unit percent --out tables/mine": "",
    "data verify anchored": "every column against its checksum",
    "data verify references": "the committed references against theirs",
    "data build-surrogate --space nats-sss --out tables/size": "",
}

UNITS = ("percent", "fraction", "positive", "real")
SECONDS = ("detect", "per-epoch", "cumulative")
MISSING = ("refuse", "drop", "renumber")
TRIALS = ("refuse", "keep", "fewest")
_CACHED = "the new table (default: the cache)"
_ANCHORED = "an anchored table (default: anchored)"
_MODEL = "the new model, e.g. model.npz"


def add(verb: argparse.ArgumentParser) -> None:
    """Add the options."""
    arguments.teach(verb, _TEXT, _EXAMPLES)
    kinds = verb.add_subparsers(title="verbs of data", metavar="VERB", required=True)

    _add_curves(kinds)
    _add_named(_kind(kinds, "info", "describe a table: origin, contents, quality of its fit"))
    verify = _kind(kinds, "verify", "compare a table, a folder of results, or `references` with their checksums")
    _add_named(verify)
    accept = "list the checksums of the committed references as they are"
    verify.add_argument("--update-reference", action="store_true", help=accept)

    imported = _kind(kinds, "import", "import official NATS-Bench or NAS-Bench-201 files")
    imported.add_argument("path", type=Path, help="archive folder, single .pickle.pbz2 or .pth file, or their parent")
    arguments.add_out(imported, "the new table (of each space, if several)", required=True)
    arguments.add_jobs(imported)

    anchored = _kind(kinds, "build-anchored", "build the anchored table from a folder of real values")
    anchored.add_argument("source", nargs="?", type=Path, help="folder of real values (default: PMFNAS_ANCHORS)")
    arguments.add_out(anchored, _CACHED)
    _add_space(anchored)

    finals = _kind(kinds, "build-real-finals", "build the table of real final values (needs the extra `real`)")
    arguments.add_out(finals, _CACHED)

    surrogate = _kind(kinds, "build-surrogate", "materialise the shipped surrogate as a table")
    arguments.add_out(surrogate, _CACHED)
    _add_space(surrogate)
    _add_fits(kinds)


def _add_curves(kinds: "Kinds") -> None:
    """Add `import-curves` and `export-curves`."""
    curves = _kind(kinds, "import-curves", "make a table of curves of your own: CSV, Parquet, Optuna, Syne Tune")
    curves.epilog = "docs/how-to/own-table.md walks through it; docs/reference/own-tables.md lists the columns"
    curves.add_argument("curves", type=Path, help="one row per arch, schedule, trial and epoch")
    curves.add_argument("--space", type=Path, required=True, metavar="FILE", help="the choices, as JSON")
    arguments.add_out(curves, "the new table", required=True)
    curves.add_argument("--unit", choices=UNITS, required=True, help="unit of the metric")
    curves.add_argument("--metric", default="valid_acc", metavar="NAME", help="its name (default valid_acc)")
    curves.add_argument("--goal", choices=("maximise", "minimise"), default="maximise", help="default: maximise")
    curves.add_argument("--columns", metavar="ROLE=COLUMN,...", help="columns that have other names than their roles")
    curves.add_argument("--dataset", default="own", metavar="NAME", help="name of the data set, if no column says it")
    curves.add_argument("--seconds", choices=SECONDS, default="detect", help="whether seconds add up over epochs")
    curves.add_argument("--epoch-seconds", type=float, metavar="S", help="of every epoch, if no column says it")
    curves.add_argument("--duplicates", choices=("refuse", "first", "last"), default="refuse", help="rows to keep")
    curves.add_argument("--missing", choices=MISSING, default="refuse", help="what to do where epochs are missing")
    curves.add_argument("--unequal-trials", choices=TRIALS, default="refuse", help="archs with fewer trials")
    curves.add_argument("--nan", choices=("refuse", "diverged"), default="refuse", help="what an empty figure means")

    exported = _kind(kinds, "export-curves", "write a table of your own as a file of curves")
    exported.add_argument("path", type=Path, help="the table")
    arguments.add_out(exported, "the new .csv or .parquet file", metavar="FILE", required=True)


def _add_fits(kinds: "Kinds") -> None:
    """Add the verbs that refit the shipped models, and the verb that measures them."""
    for name, text in (
        ("fit-surrogate", "fit the surrogate anew (needs the extra `fit`)"),
        ("fit-real-finals", "fit the real finals' model of early epochs anew (needs the extra `fit`)"),
    ):
        fit = _kind(kinds, name, text)
        fit.add_argument("data", nargs="?", default="anchored", help=_ANCHORED)
        arguments.add_out(fit, _MODEL, metavar="FILE", required=True)

    size = _kind(kinds, "fit-size-surrogate", "fit the surrogate of the size space anew")
    size.add_argument("source", type=Path, help="folder of real final accuracies, with nats_sss.npz")
    size.add_argument("--official", type=Path, required=True, metavar="DIR", help="archive folder, three archs or more")
    arguments.add_out(size, _MODEL, metavar="FILE", required=True)

    check = _kind(kinds, "check-real-finals", "measure the real finals' model on classes that the fit did not use")
    check.add_argument("data", nargs="?", default="anchored", help=_ANCHORED)
    check.add_argument("--page", type=Path, metavar="FILE", help="also put the figures into this page of the docs")


def _kind(kinds: "Kinds", name: str, text: str) -> argparse.ArgumentParser:
    """Return the parser of one verb of `data`."""
    kind = kinds.add_parser(name, help=text, description=text)
    kind.set_defaults(kind=name)
    return kind


def _add_space(kind: argparse.ArgumentParser) -> None:
    kind.add_argument("--space", choices=SPACES, default=SPACES[0], help=f"search space (default {SPACES[0]})")


def _add_named(kind: argparse.ArgumentParser) -> None:
    kind.add_argument("named", nargs="?", metavar="DATA", help=f"auto (default), {', '.join(SOURCES)}, or a path")
    kind.add_argument("--data", metavar="DATA", help="the same, as other verbs have it")
    _add_space(kind)
