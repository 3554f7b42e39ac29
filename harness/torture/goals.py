"""A goal with what was measured, the table of all goals, and the page in the documents that is made from the reference.

OUT/table.md       the table, with a mark where a goal is not reached
OUT/goals.json     the goals and the machine; `results/reference/torture/goals.json` is the committed one
"""

import json
import resource
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from harness.experiment.folder import REFERENCE_DIR, accept_files, git
from harness.host.code import ROOT
from harness.speed.page import machine
from pmfnas.files import reading, write_text

TABLE, FILE = OUTPUTS = ("table.md", "goals.json")
KINDS = ("kills", "disks", "files", "fuzz", "names", "bits", "determinism", "supply")
"""The kinds of tries, in the order of the table."""
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


@dataclass(frozen=True, slots=True)
class Run:
    """What goals were measured on."""

    kinds: list[str]
    commit: str
    machine: str
    seed: int
    """Of all that was drawn."""
    limit_s: int
    """How long it was allowed to take."""
    took_s: int
    cpu_s: int
    """Of the process and its children."""
    smoke: bool
    """Only a few tries were made."""


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
    if not done and not faults:
        measured += ": no time was left, give more with --seconds"
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


def run_of(kinds: Sequence[str], since: tuple[float, float], *, seed: int, limit_s: int, smoke: bool) -> Run:
    """Return the run of these kinds that ends now; `since` is what was `used` when it began."""
    took_s, cpu_s = (round(now - before) for now, before in zip(used(), since, strict=True))
    return Run(list(kinds), git("rev-parse", "HEAD") or "", machine(), seed, limit_s, took_s, cpu_s, smoke)


def write_outputs(out: Path, run: Run, goals: Sequence[Goal]) -> list[Goal]:
    """Write goals, table and run, and return all goals; those of other kinds that `out` holds are kept."""
    before, known = read(out) if (out / FILE).exists() else ([], [])
    others = [replace(each, kinds=[kind for kind in each.kinds if kind not in run.kinds]) for each in before]
    runs = [each for each in others if each.kinds and each.smoke == run.smoke]
    kept = {kind for each in runs for kind in each.kinds}
    listed = sorted([*(goal for goal in known if goal.kind in kept), *goals], key=lambda goal: KINDS.index(goal.kind))
    title = "# Torture: a few tries of everything, no claim" if run.smoke else "# Torture"
    write_text(out / TABLE, f"{title}\n\n{table(listed)}")
    entries = {"runs": [asdict(each) for each in (*runs, run)], "goals": [asdict(goal) for goal in listed]}
    write_text(out / FILE, json.dumps(entries, indent=1) + "\n")
    return listed


def read(folder: Path) -> tuple[list[Run], list[Goal]]:
    """Return the runs and the goals of a folder."""
    with reading(folder / FILE, "run the verb torture again"):
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return [Run(**each) for each in content["runs"]], [Goal(**each) for each in content["goals"]]


def page(folder: Path) -> str:
    """Return the page of the documents for the goals of a folder."""
    runs, goals = read(folder)
    return "\n".join(
        [
            "# Trust, measured",
            "",
            "`./reproduce.sh torture` measures these goals. [Trust](trust.md) says what each kind tries.",
            "A fault makes a goal SHORT, and so does too little time for all tries.",
            f"[All rows](../../{(REFERENCE / TABLE).relative_to(ROOT).as_posix()}) are among the references.",
            "",
            *map(_about, runs),
            "",
            _verdict(goals),
            "",
            "| kind | goals reached | others |",
            "|---|---|---|",
            *(_summary(kind, [goal for goal in goals if goal.kind == kind]) for kind in KINDS),
            "",
        ]
    )


def _summary(kind: str, goals: Sequence[Goal]) -> str:
    """Return the row of a kind: how many of its goals are reached, and what was measured of the others."""
    others = [goal for goal in goals if not goal.holds]
    said = "; ".join(
        f"{goal.what}: {_MARKS[None] if goal.holds is None else f'{_beginning(goal.measured)} {_MARKS[False]}'}"
        for goal in others
    )
    return f"| {kind} | {len(goals) - len(others)} of {len(goals)} | {said.replace('|', chr(92) + '|')} |"


def _beginning(measured: str) -> str:
    return ", ".join(measured.partition("; ")[0].split(", ")[:2])


def _about(run: Run) -> str:
    kinds = "all kinds" if set(run.kinds) == set(KINDS) else ", ".join(run.kinds)
    return (
        f"- {kinds}: {run.took_s / 60:.0f} min, with a limit of {run.limit_s / 60:.0f}; "
        f"{run.cpu_s / 60:.0f} min of CPU; {run.machine}; commit `{run.commit[:7]}`"
    )


def update_reference(out: Path) -> None:
    """Make the goals of a folder the committed ones, with their checksum and their page."""
    accept_files(REFERENCE, out, OUTPUTS)
    write_text(PAGE, page(REFERENCE))


def _counted(n: int, unit: str) -> str:
    return f"{n:,} {unit.removesuffix('s') if n == 1 else unit}"


def _on_one_line(text: str) -> str:
    line = " ".join(text.split())
    line = "".join(letter if letter.isprintable() else "?" for letter in line)
    return line if len(line) <= _LONGEST_FAULT else f"{line[:_LONGEST_FAULT]}..."
