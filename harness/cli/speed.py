"""The work of `speed`."""

import argparse
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from harness.experiment.data import chosen_by
from harness.show.render import wrap
from harness.speed import page
from harness.speed.figure import Figure
from harness.speed.measuring import PARTS, measured
from harness.speed.parts import Plan
from pmfnas.core.errors import InputError, unknown_name
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
    data, names = f"{table.stamp} {table.header.fingerprint}", _parts(options.parts)
    before = page.read(out)[1] if options.parts and (out / page.FILE).exists() else {}
    work = Path(tempfile.mkdtemp(prefix="pmfnas-speed-"))
    try:
        for name, figures in measured(
            Plan(str(table.path), str(work), options.smoke, time.monotonic() + MOST_S), names
        ):
            before[name] = figures
            page.write({part: before[part] for part in PARTS if part in before}, data, out)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    _print([figure for name in names for figure in before[name]], out)
    if options.smoke:
        print("--smoke measures tiny amounts: these figures mean nothing, they show that every part works")
    if options.update_reference:
        page.accept(out)
    return 0


def _parts(named: Sequence[str]) -> tuple[str, ...]:
    """Return the parts to measure; raise `InputError` for an unknown one."""
    for name in named:
        if name not in PARTS:
            raise unknown_name("part", name, PARTS)
    return tuple(named) or PARTS


def _print(figures: list[Figure], out: Path) -> None:
    """Print the table with its notes, and what falls short."""
    print(page.table(figures))
    for figure in figures:
        if figure.note:
            print(*wrap(f"{figure.part}, {figure.what}: {figure.note}"), sep="\n")
    missed = page.short(figures)
    print(f"\n{len(missed)} figures fall short of their goals", *(f"  {f.part}: {f.what}" for f in missed), sep="\n")
    print(f"written to {out}: {page.TABLE}, {page.FILE}")
