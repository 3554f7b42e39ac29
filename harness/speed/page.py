"""The table of goals and measured values, its reference, and the page in the documents that is made from it.

OUT/speed.json     the figures and the machine; `results/reference/speed/speed.json` is the committed one
OUT/table.md       goal, measured value, ratio to the peer, and a mark where one falls short
docs/reference/speed.md is made from the reference, and a test compares the two.
"""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from harness.experiment.folder import accept_files
from harness.host.code import ROOT
from harness.speed.figure import MEMORY, Figure, rounded
from pmfnas.files import reading, write_text

FILE, TABLE = "speed.json", "table.md"
REFERENCE = ROOT / "results" / "reference" / "speed"
PAGE = ROOT / "docs" / "reference" / "speed.md"
SHORT = "**SHORT**"


def write(parts: Mapping[str, Sequence[Figure]], data: str, out: Path) -> None:
    """Write the figures of the parts, by name, and their table to `out`."""
    kept = {name: [_rounded(figure) for figure in figures] for name, figures in parts.items()}
    plain = {name: [asdict(figure) for figure in figures] for name, figures in kept.items()}
    content = {"data": data, "machine": machine(), "parts": plain}
    write_text(out / FILE, json.dumps(content, indent=1) + "\n")
    write_text(out / TABLE, table([figure for figures in kept.values() for figure in figures]) + "\n")


def _rounded(figure: Figure) -> Figure:
    value, peer = (None if v is None else rounded(v) for v in (figure.value, figure.peer_value))
    return replace(figure, value=value, peer_value=peer)


def read(folder: Path) -> tuple[dict[str, Any], dict[str, list[Figure]]]:
    """Return the content of a folder's file, and its figures by part."""
    path = folder / FILE
    with reading(path, "run the verb speed again"):
        content = json.loads(path.read_text(encoding="utf-8"))
        return content, {name: [Figure(**each) for each in part] for name, part in content["parts"].items()}


def accept(out: Path) -> None:
    """Make the figures of `out` the reference: its file, its line among the checksums, and the page."""
    accept_files(REFERENCE, out, (FILE,))
    write_text(PAGE, page(REFERENCE))


def machine() -> str:
    """Return what the figures depend on, with the load of the machine, without its name."""
    load = f", load {os.getloadavg()[0]:.0f}" if hasattr(os, "getloadavg") else ""
    return f"{os.cpu_count()} cores{load}, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a table in Markdown."""
    lines = ["| part | what | goal | measured | peer | ratio | |", "| --- | --- | ---: | ---: | --- | ---: | --- |"]
    return "\n".join([*lines, *map(_row, figures)])


def _row(figure: Figure) -> str:
    measured = "absent" if figure.value is None else f"{number(figure.value)} {figure.unit}"
    peer = f"{figure.peer}: {number(figure.peer_value) or 'absent'}" if figure.peer else ""
    ratio = "" if figure.ratio is None else f"{number(rounded(figure.ratio))} x"
    verdict = SHORT if figure.verdict == "SHORT" else figure.verdict
    return f"| {figure.part} | {figure.what} | {_goal(figure)} | {measured} | {peer} | {ratio} | {verdict} |"


def _goal(figure: Figure) -> str:
    goals = [f"{'>=' if figure.more_is_better else '<='} {number(figure.goal)}"] if figure.goal is not None else []
    goals += [f"ratio {number(figure.least_ratio)}"] if figure.least_ratio is not None else []
    return ", ".join(goals)


def number(value: float | None) -> str:
    """Return a number with at most three significant digits: `0.0123`, `27,500`, `1.2e9`."""
    if value is None:
        return ""
    if abs(value) >= 1e7:
        return f"{value:.3g}".replace("e+0", "e").replace("e+", "e")
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def short(figures: Sequence[Figure]) -> list[Figure]:
    """Return the figures that fall short of their goals."""
    return [figure for figure in figures if figure.verdict == "SHORT"]


def page(folder: Path) -> str:
    """Return the page of the documents for the figures of a folder: those with a goal or a peer."""
    content, parts = read(folder)
    figures = [figure for part in parts.values() for figure in part]
    judged = [figure for figure in figures if figure.verdict in ("met", "SHORT")]
    n_short = len(short(figures))
    listed = [f for f in figures if (f.goal is not None or f.ratio is not None) and not _is_quiet(f)]
    absent = [f.what for f in figures if f.value is None]
    alone = [f.peer for f in figures if f.peer and f.peer_value is None and f.value is not None]
    return "\n".join(
        [
            "# Speed and scale",
            "",
            f"`./reproduce.sh speed` measures these figures (here on {content['machine']}; data `{content['data']}`).",
            f"Goals met: {len(judged) - n_short}; goals missed: {n_short}.",
            f"Not installed or not reached in time: {', '.join([*absent, *alone]) or 'nothing'}.",
            "A ratio says how many times better a figure is than that of the peer in the same run.",
            "",
            "| figure | goal | measured | ratio |",
            "|---|---|---|---|",
            *map(_short_row, listed),
            "",
            "Seconds are CPU seconds, so that other work on the machine disturbs them little. Experiments are scaled",
            "up from a few seeds. A slow package is stopped early: its ratio is then a lower bound. An exponent of 1",
            "is linear growth; those of memory are listed where they fall short.",
            "`results/reference/speed/speed.json` has all figures, with a note on each.",
            "",
        ]
    )


def _is_quiet(figure: Figure) -> bool:
    """Return whether a figure is an exponent of memory that meets its goal: the page says so in a sentence."""
    return figure.unit == MEMORY and figure.verdict == "met"


def _short_row(figure: Figure) -> str:
    measured = "absent" if figure.value is None else f"{number(figure.value)} {figure.unit}"
    ratio = "" if figure.ratio is None else f"{number(rounded(figure.ratio))}, {figure.peer}"
    mark = f" {SHORT}" if figure.verdict == "SHORT" else ""
    return f"| {figure.what} | {_goal(figure)} | {measured}{mark} | {ratio} |"
