"""The verb `calibration`: do the intervals hold that a searcher predicted, also for what it selected?"""

import argparse
import re
from pathlib import Path

from harness.experiment.overwriting import check_outputs
from harness.explain.calibration import coverages, frame, judged, markdown
from harness.explain.record import Explained, read_run
from harness.host.units import count, counted, names
from harness.show.render import csv
from pmfnas.core.errors import InputError, shown, unknown_name
from pmfnas.files import write_text
from pmfnas.progress import tracked

_TEACHING = """Reads the records of an experiment and compares what a searcher predicted, `mean` and `std` of its
reasons, with what it was told later: the share of outcomes inside the 50, 80, 90 and 95 % intervals, for all
predictions, for those of archs that it had selected to go on with, and for the arch that it recommended. The data are
not opened."""

_EXAMPLES = """examples:
  python -m harness calibration results/table2 --searchers pmf_nas
  python -m harness calibration results/table2 --searchers pmf_nas,pmf_nas_no_belief --datasets cifar100 --seeds 50
  python -m harness calibration results/table2 --searchers pmf_nas --noise 0.5     the noise of a trial added

docs/explain.md says what is judged against what, and how to read it.
"""


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb `calibration` to the parser."""
    verb = verbs.add_parser(
        "calibration",
        help="do the intervals hold that a searcher predicted, also after selection?",
        description=_TEACHING,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument("folder", type=Path, metavar="DIR", help="an experiment's folder, e.g. results/table2")
    verb.add_argument("--searchers", metavar="A,B", help="some of the searchers of that folder (default: all)")
    verb.add_argument("--datasets", metavar="A,B", help="some of its data sets (default: all)")
    verb.add_argument("--seeds", metavar="N", help="the first N seeds of each only (default: all)")
    verb.add_argument("--noise", metavar="PCT", default="0", help="std of a trial's noise, percent points (default 0)")
    verb.add_argument("--csv", action="store_true", help="print one row per group as CSV instead of the tables")
    verb.add_argument("--out", type=Path, metavar="FILE", help="also write there what is printed")
    verb.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the coverages of an experiment's records."""
    if options.out is not None:
        check_outputs({"--out": options.out}, {"DIR": options.folder}, own=("calibration*",))
    noise_pct = _noise(options.noise)
    paths = _chosen(options)
    runs = [read_run(path) for path in tracked(paths, "reading", total=len(paths), unit="run")]
    rows = coverages(judged(runs), noise_pct=noise_pct)
    if options.csv:
        text = csv(frame(rows))
    else:
        text = f"# Do the intervals hold?\n\n{_described(runs, noise_pct)}\n\n{markdown(rows)}"
    print(text, end="")
    if options.out is not None:
        write_text(options.out, text)
    return 0


def _noise(text: str) -> float:
    if not re.fullmatch(r"[0-9]+(\.[0-9]*)?", text) or float(text) > 100:
        raise InputError(f"--noise is {shown(text)}, but must be percent points from 0 to 100, such as 0.5")
    return float(text)


def _described(runs: list[Explained], noise_pct: float) -> str:
    first = runs[0].header
    noise = f"; trial noise {noise_pct:g} points added" if noise_pct else ""
    return (
        f"{first.experiment}, {first.data} data {first.fingerprint[:12]}, {first.budget_s:g} s, "
        f"{counted(first.n_workers, 'worker')}, {len(runs)} runs{noise}."
    )


def _chosen(options: argparse.Namespace) -> list[Path]:
    """Return the records asked for, by data set, searcher and seed."""
    files = sorted(options.folder.glob("runs/*/*/s*.parquet"))
    if not files:
        raise InputError(f"DIR is {options.folder}, but holds no run; give the folder of an experiment")
    known = {
        "--datasets": {file: file.parts[-3].split("-", 1)[1] for file in files},
        "--searchers": {file: file.parts[-2] for file in files},
    }
    for flag, asked in (("--datasets", options.datasets), ("--searchers", options.searchers)):
        of = known[flag]
        wanted = names(flag, asked) if asked else sorted(set(of.values()))
        for name in wanted:
            if name not in of.values():
                raise unknown_name(f"in {options.folder}, {flag}", name, sorted(set(of.values())))
        files = [file for file in files if of[file] in wanted]
    n = count("--seeds", options.seeds, least=1) if options.seeds else None
    per: dict[Path, list[Path]] = {}
    for file in files:
        per.setdefault(file.parent, []).append(file)
    return [file for own in per.values() for file in own[:n]]
