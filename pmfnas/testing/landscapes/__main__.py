"""Compare searchers on landscapes: `python -m pmfnas.testing.landscapes [NAME ...] --searcher MODULE:CLASS ...`."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from pmfnas.core.errors import InputError, PmfnasError
from pmfnas.core.ports import SearcherFactory
from pmfnas.testing.landscapes import NAMES, SHAPES, compare_on, landscape
from pmfnas.testing.landscapes.compare import N_MEDIUM
from pmfnas.testing.landscapes.real import of_table

_PMF_NAS = "pmfnas.engine.searcher:PmfNas"


def searcher(text: str) -> SearcherFactory:
    """Return the class that `MODULE:CLASS` names."""
    module, _, name = text.partition(":")
    try:
        found: SearcherFactory = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"--searcher is {text!r}, but must be MODULE:CLASS of a searcher ({error})") from None
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table per landscape; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m pmfnas.testing.landscapes", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"SPACE-SHAPE-SURFACE (default: {', '.join(NAMES)})")
    parser.add_argument("--searcher", action="append", metavar="MODULE:CLASS", help=f"(default: {_PMF_NAS})")
    parser.add_argument("--medium", type=int, nargs="+", default=N_MEDIUM, help="budgets in medium trainings")
    parser.add_argument("--seeds", type=int, default=10, help="number of seeds")
    parser.add_argument("--table", type=Path, help="a curve table: its final values instead of the suite")
    parser.add_argument("--dataset", default="cifar100", help="of the table (default: cifar100)")
    parser.add_argument("--shape", choices=SHAPES, default="reversed", help="of capacity on the table's values")
    chosen = parser.parse_args(arguments)
    try:
        searchers = {text.partition(":")[2]: searcher(text) for text in chosen.searcher or [_PMF_NAS]}
        if chosen.table:
            found = of_table(chosen.table, chosen.dataset, chosen.shape)
        else:
            found = [landscape(name) for name in chosen.names or NAMES]
        for one in found:
            print(compare_on(one, searchers, chosen.medium, range(chosen.seeds)), flush=True)
    except PmfnasError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
