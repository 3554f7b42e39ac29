"""A goal with what was measured, and the table of all goals: `results/torture/table.md` and `goals.json`."""

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.experiment.folder import git, write_json
from pmfnas.files import write_text

OUTPUTS = ("table.md", "goals.json")
_MARKS = {True: "ok", False: "**SHORT**", None: "unchecked"}
_LONGEST_FAULT = 300


@dataclass(frozen=True, slots=True)
class Goal:
    """One row of the table."""

    kind: str
    """One of the kinds of `--only`."""
    what: str
    goal: str
    measured: str
    holds: bool | None
    """None if it could not be checked here."""


def judged(kind: str, what: str, wanted: int, done: int, faults: Sequence[str], *, unit: str, also: str = "") -> Goal:
    """Return the goal of `wanted` tries without a fault.

    Args:
        kind: one of the kinds of `--only`.
        what: what is tried.
        wanted: the number of tries.
        done: how many there was time for.
        faults: what went wrong, one text each.
        unit: name of a try, in the plural.
        also: a further measured figure.
    """
    measured = f"{done:,} {unit}, {len(faults)} faults{', ' if also else ''}{also}"
    if faults:
        measured += f"; the first: {_on_one_line(faults[0])}"
    return Goal(kind, what, f"{wanted:,} {unit}, no fault", measured, done >= wanted and not faults)


def unchecked(kind: str, what: str, goal: str, why: str) -> Goal:
    """Return a goal that cannot be checked on this machine."""
    return Goal(kind, what, goal, f"not checked: {_on_one_line(why)}", None)


def line(goal: Goal) -> str:
    """Return a goal as a line of a table in Markdown."""
    cells = (goal.kind, goal.what, goal.goal, goal.measured)
    return f"| {' | '.join(text.replace('|', chr(92) + '|') for text in cells)} | {_MARKS[goal.holds]} |"


def table(goals: Sequence[Goal]) -> str:
    """Return the goals as a table in Markdown, with a verdict below."""
    lines = ["| kind | what | goal | measured | |", "|---|---|---|---|---|"]
    lines += map(line, goals)
    counts = {mark: sum(_MARKS[goal.holds] == mark for goal in goals) for mark in _MARKS.values()}
    verdict = f"{counts['ok']} of {len(goals)} goals are reached"
    if counts["**SHORT**"]:
        verdict += f", {counts['**SHORT**']} fall SHORT"
    if counts["unchecked"]:
        verdict += f", {counts['unchecked']} are unchecked"
    return "\n".join([*lines, "", f"{verdict}.", ""])


def write_outputs(out: Path, goals: Sequence[Goal], *, seed: int, seconds: int, smoke: bool) -> None:
    """Write the table, and the goals with what they were measured on."""
    title = "# Torture: a few tries of everything, no claim" if smoke else "# Torture"
    write_text(out / OUTPUTS[0], f"{title}\n\n{table(goals)}")
    about = {
        "seed": seed,
        "seconds": seconds,
        "smoke": smoke,
        "commit": git("rev-parse", "HEAD"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }
    write_json(out / OUTPUTS[1], {**about, "goals": [asdict(goal) for goal in goals]})


def _on_one_line(text: str) -> str:
    line = " ".join(text.split())
    line = "".join(letter if letter.isprintable() else "?" for letter in line)
    return line if len(line) <= _LONGEST_FAULT else f"{line[:_LONGEST_FAULT]}..."
