"""The work of `calibration`: do the intervals hold that a searcher predicted, also for what it selected?"""

import argparse
from pathlib import Path

from harness.experiment.overwriting import check_outputs
from harness.explain.calibration import coverages, frame, judged, markdown
from harness.explain.record import Explained, read_run
from harness.host.units import counted
from harness.show.render import csv
from pmfnas.core.errors import InputError, unknown_name
from pmfnas.files import write_text
from pmfnas.progress import tracked


def run(options: argparse.Namespace) -> int:
    """Print the coverages of an experiment's records."""
    if options.out is not None:
        check_outputs({"--out": options.out}, {"DIR": options.folder}, own=("calibration*",))
    paths = _chosen(options)
    runs = [read_run(path) for path in tracked(paths, "reading", total=len(paths), unit="run")]
    rows = coverages(judged(runs), noise_pct=options.noise_pct)
    if options.csv:
        text = csv(frame(rows))
    else:
        text = f"# Do the intervals hold?\n\n{_described(runs, options.noise_pct)}\n\n{markdown(rows)}"
    print(text, end="")
    if options.out is not None:
        write_text(options.out, text)
    return 0


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
        wanted = asked or sorted(set(of.values()))
        for name in wanted:
            if name not in of.values():
                raise unknown_name(f"in {options.folder}, {flag}", name, sorted(set(of.values())))
        files = [file for file in files if of[file] in wanted]
    per: dict[Path, list[Path]] = {}
    for file in files:
        per.setdefault(file.parent, []).append(file)
    return [file for own in per.values() for file in own[: options.n_seeds]]
