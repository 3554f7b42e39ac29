"""The table of goals and measured values, its reference, and the page in the documents that is made from it.

OUT/speed.json     the figures and the machine; `results/reference/speed/speed.json` is the committed one
OUT/table.md       goal, measured value, ratio to the peer, and a mark where one falls short
docs/reference/speed.md is made from the reference, and a test compares the two.
"""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from harness.host.code import ROOT
from harness.speed.figure import Figure, rounded
from pmfnas.files import reading, write_text

FILE, TABLE = "speed.json", "table.md"
REFERENCE = ROOT / "results" / "reference" / "speed"
PAGE = ROOT / "docs" / "reference" / "speed.md"
SHORT = "**SHORT**"


def write(figures: Sequence[Figure], data: str, out: Path) -> dict[str, Any]:
    """Write figures and table to `out`; return what the file holds."""
    kept = [replace(f, value=_kept(f.value), peer_value=_kept(f.peer_value)) for f in figures]
    content = {"data": data, "machine": machine(), "figures": [asdict(figure) for figure in kept]}
    write_text(out / FILE, json.dumps(content, indent=1) + "\n")
    write_text(out / TABLE, table(kept) + "\n")
    return content


def _kept(value: float | None) -> float | None:
    return None if value is None else rounded(value)


def read(folder: Path) -> tuple[dict[str, Any], list[Figure]]:
    """Return the content of a folder's file, and its figures."""
    path = folder / FILE
    with reading(path, "run the verb speed again"):
        content = json.loads(path.read_text(encoding="utf-8"))
        return content, [Figure(**figure) for figure in content["figures"]]


def machine() -> str:
    """Return what the figures depend on, without the name of the host."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a table in Markdown."""
    lines = ["| part | what | goal | measured | peer | ratio | |", "| --- | --- | ---: | ---: | --- | ---: | --- |"]
    return "\n".join([*lines, *map(_row, figures)])


def _row(figure: Figure) -> str:
    measured = "absent" if figure.value is None else f"{number(figure.value)} {figure.unit}"
    peer = f"{figure.peer}: {number(figure.peer_value)}" if figure.peer_value is not None else ""
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
    content, figures = read(folder)
    judged = [figure for figure in figures if figure.verdict in ("met", "SHORT")]
    n_short = len(short(figures))
    listed = [f for f in figures if f.goal is not None or f.peer]
    absent = sum(figure.value is None for figure in figures)
    return "\n".join(
        [
            "# Speed and scale",
            "",
            f"`./reproduce.sh speed` measures these figures (here on {content['machine']}; data `{content['data']}`).",
            f"Of {len(judged)} goals, {len(judged) - n_short} are met and {n_short} fall short.",
            f"{absent} figures are absent: not installed, or not reached in time.",
            "A ratio says how many times better a figure is than that of the peer in the same run.",
            "",
            "| figure | goal | measured | ratio |",
            "|---|---|---|---|",
            *map(_short_row, listed),
            "",
            "Seconds are CPU seconds, so that other work on the machine disturbs them little. Experiments are scaled",
            "up from a few seeds. An exponent of 1 is linear growth. `results/reference/speed/speed.json` has a note",
            "on each figure.",
            "",
        ]
    )


def _short_row(figure: Figure) -> str:
    measured = "absent" if figure.value is None else f"{number(figure.value)} {figure.unit}"
    ratio = "" if figure.ratio is None else f"{number(rounded(figure.ratio))}, {figure.peer}"
    mark = f" {SHORT}" if figure.verdict == "SHORT" else ""
    return f"| {figure.what} | {_goal(figure)} | {measured}{mark} | {ratio} |"
