"""A goal with what was measured, the table of all goals, and the page in the documents that is made from the reference.

OUT/table.md       the table, with a mark where a goal is not reached
OUT/goals.json     the goals and the machine; `results/reference/torture/goals.json` is the committed one
"""

import json
import resource
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.experiment.checksums import list_checksums
from harness.experiment.folder import REFERENCE_DIR, git, write_json
from harness.host.code import ROOT
from harness.speed.page import machine
from pmfnas.files import reading, write_text

TABLE, FILE = OUTPUTS = ("table.md", "goals.json")
REFERENCE = REFERENCE_DIR / "torture"
PAGE = ROOT / "docs" / "reference" / "torture.md"
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
    measured = f"{_counted(done, unit)}, {_counted(len(faults), 'faults')}{', ' if also else ''}{also}"
    if faults:
        measured += f"; the first: {_on_one_line(faults[0])}"
    return Goal(kind, what, f"{_counted(wanted, unit)}, no fault", measured, done >= wanted and not faults)


def unchecked(kind: str, what: str, goal: str, why: str) -> Goal:
    """Return a goal that cannot be checked on this machine."""
    return Goal(kind, what, goal, f"not checked: {_on_one_line(why)}", None)


def line(goal: Goal) -> str:
    """Return a goal as a line of a table in Markdown."""
    cells = (goal.kind, goal.what, goal.goal, goal.measured)
    return f"| {' | '.join(text.replace('|', chr(92) + '|') for text in cells)} | {_MARKS[goal.holds]} |"


def table(goals: Sequence[Goal]) -> str:
    """Return the goals as a table in Markdown, with a verdict below."""
    return "\n".join([*_lines(goals), "", _verdict(goals), ""])


def _lines(goals: Sequence[Goal]) -> list[str]:
    return ["| kind | what | goal | measured | |", "|---|---|---|---|---|", *map(line, goals)]


def _verdict(goals: Sequence[Goal]) -> str:
    counts = {mark: sum(_MARKS[goal.holds] == mark for goal in goals) for mark in _MARKS.values()}
    verdict = f"{counts['ok']} of {len(goals)} goals are reached"
    if counts["**SHORT**"]:
        verdict += f"; SHORT: {counts['**SHORT**']}"
    if counts["unchecked"]:
        verdict += f"; unchecked: {counts['unchecked']}"
    return f"{verdict}."


def used() -> tuple[float, float]:
    """Return the seconds of this machine so far, and those of CPU that this process and its children have used."""
    own, theirs = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return time.monotonic(), own.ru_utime + own.ru_stime + theirs.ru_utime + theirs.ru_stime


def write_outputs(
    out: Path, goals: Sequence[Goal], *, seed: int, smoke: bool, limit_s: int, since: tuple[float, float]
) -> None:
    """Write the table, and the goals with what they were measured on.

    Args:
        out: the folder.
        goals: what was measured.
        seed: of all that was drawn.
        smoke: only a few tries were made.
        limit_s: how long it was allowed to take.
        since: what was `used` when it began.
    """
    took_s, cpu_s = (now - before for now, before in zip(used(), since, strict=True))
    title = "# Torture: a few tries of everything, no claim" if smoke else "# Torture"
    write_text(out / TABLE, f"{title}\n\n{table(goals)}")
    about = {
        "seed": seed,
        "limit_s": limit_s,
        "took_s": round(took_s),
        "cpu_s": round(cpu_s),
        "smoke": smoke,
        "commit": git("rev-parse", "HEAD"),
        "machine": machine(),
    }
    write_json(out / FILE, {**about, "goals": [asdict(goal) for goal in goals]})


def page(folder: Path) -> str:
    """Return the page of the documents for the goals of a folder."""
    path = folder / FILE
    with reading(path, "run the verb torture again"):
        content = json.loads(path.read_text(encoding="utf-8"))
        goals = [Goal(**each) for each in content["goals"]]
    return "\n".join(
        [
            "# Trust, measured",
            "",
            f"`./reproduce.sh torture` measured these goals (commit `{content['commit'][:7]}`, {content['machine']}).",
            f"It took {content['took_s'] / 60:.0f} minutes, {content['cpu_s'] / 60:.0f} minutes of CPU, "
            f"with a limit of {content['limit_s'] / 60:.0f} minutes.",
            _verdict(goals),
            "A try that leaves a fault makes its goal SHORT, and so does too little time for all tries.",
            "[Trust](trust.md) says what each kind tries.",
            "",
            *_lines(goals),
            "",
        ]
    )


def update_reference(out: Path) -> None:
    """Make the goals of a folder the committed ones, with their checksum and their page."""
    write_text(REFERENCE / FILE, (out / FILE).read_text(encoding="utf-8"))
    list_checksums(REFERENCE_DIR, REFERENCE.name)
    write_text(PAGE, page(REFERENCE))


def _counted(n: int, unit: str) -> str:
    return f"{n:,} {unit.removesuffix('s') if n == 1 else unit}"


def _on_one_line(text: str) -> str:
    line = " ".join(text.split())
    line = "".join(letter if letter.isprintable() else "?" for letter in line)
    return line if len(line) <= _LONGEST_FAULT else f"{line[:_LONGEST_FAULT]}..."
