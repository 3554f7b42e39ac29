"""The work of `speed`."""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from harness.experiment.data import chosen_by
from harness.show.render import wrap
from harness.speed import page
from harness.speed.figure import Figure
from harness.speed.measuring import measure_all
from harness.speed.parts import Plan
from pmfnas.core.errors import InputError
from pmfnas.files import write_text

MOST_S = 1140.0
"""The whole measurement ends within 19 minutes: what was not measured by then is marked absent."""


def run(options: argparse.Namespace) -> int:
    """Measure everything and write the table; return 0 also where a figure falls short, for machines differ."""
    if options.write_page:
        write_text(page.PAGE, page.page(page.REFERENCE))
        print(f"written: {page.PAGE}")
        return 0
    if options.update_reference and options.smoke:
        raise InputError("--update-reference needs the whole measurement; leave --smoke out")
    out = options.out or Path("results") / ("speed-smoke" if options.smoke else "speed")
    table = chosen_by(options).table
    work = Path(tempfile.mkdtemp(prefix="pmfnas-speed-"))
    try:
        figures = measure_all(Plan(str(table.path), str(work), options.smoke, time.monotonic() + MOST_S))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    page.write(figures, f"{table.stamp} {table.header.fingerprint}", out)
    _print(figures, out)
    if options.update_reference:
        write_text(page.REFERENCE / page.FILE, (out / page.FILE).read_text(encoding="utf-8"))
        write_text(page.PAGE, page.page(page.REFERENCE))
    return 0


def _print(figures: list[Figure], out: Path) -> None:
    """Print the table with its notes, and what falls short."""
    print(page.table(figures))
    for figure in figures:
        if figure.note:
            print(*wrap(f"{figure.part}, {figure.what}: {figure.note}"), sep="\n")
    missed = page.short(figures)
    print(f"\n{len(missed)} figures fall short of their goals", *(f"  {f.part}: {f.what}" for f in missed), sep="\n")
    print(f"written to {out}: {page.TABLE}, {page.FILE}")
