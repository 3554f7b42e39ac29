"""What `peers` leaves for people: the ordinary outputs, the agreement of ours with the packages, and who played.

OUT/agreement.md, agreement.csv    our implementations against the packages'
OUT/packages.md                    versions and settings as the packages gave them
OUT/absent.json                    package -> why its environment could not be made
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from harness.compare import agreement, outputs
from harness.compare.frames import read_frames
from harness.compare.outputs import write
from harness.experiment.folder import read_json
from harness.experiment.jobs import Job, Played, jobs
from harness.experiment.specs import Experiment
from harness.players.packages import PACKAGES
from harness.score.words import words_of
from harness.show import render
from harness.show.view import AS_USUAL, View
from pmfnas.benchmarks.table import CurveTable
from pmfnas.files import write_text

NAME = "peers"
TITLE = "The field's packages on NAS-Bench-201"
ABSENT = "absent.json"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run: all players, and with how many seeds the slow ones play."""

    experiment: Experiment
    slow_seeds: int

    def parts(self) -> list[Experiment]:
        """Return the experiments that make it up, the quick one first; none without searchers."""
        slow = tuple(name for name in self.experiment.searchers if name in PACKAGES and PACKAGES[name].slow)
        quick = tuple(name for name in self.experiment.searchers if name not in slow)
        n_slow = min(self.slow_seeds, self.experiment.n_seeds)
        parts = [replace(self.experiment, searchers=quick)] if quick else []
        return parts + ([replace(self.experiment, searchers=slow, n_seeds=n_slow)] if slow and n_slow else [])

    def jobs(self) -> list[Job]:
        """Return every run."""
        return [job for part in self.parts() for job in jobs(part)]


def write_peers(played: Played, table: CurveTable, out: Path, view: View = AS_USUAL) -> pd.DataFrame:
    """Write the ordinary outputs, who played, and the agreement; return the runs.

    Who did not play is read from `ABSENT` in `out`.
    """
    scored = write(played, table, out, view)
    _write_pages(scored.runs, scored.timings, out)
    return scored.runs


def write_again(out: Path, view: View = AS_USUAL) -> None:
    """Write the outputs of a folder again from its frames; see `harness.compare.outputs.write_again`."""
    outputs.write_again({}, out, view)
    frames = read_frames(out)
    _write_pages(frames.runs, frames.timings, out)


def _write_pages(runs: pd.DataFrame, timings: pd.DataFrame, out: Path) -> None:
    """Write and print the agreement, and who played."""
    absent = read_json(out / ABSENT, "run peers again") if (out / ABSENT).exists() else {}
    first = runs.iloc[0]
    where = f"{first['data']} data {first['fingerprint']}; {first['budget_s'] / 3600:.2f} h per run."
    compared = agreement.agreements(runs)
    text = agreement.markdown(compared, where=where, absent=absent, accuracy=words_of(runs).accuracy)
    write_text(out / "agreement.md", text)
    write_text(out / "agreement.csv", render.csv(agreement.frame(compared)))
    write_text(out / "packages.md", packages_page(runs, timings, absent=absent))
    print(f"\n{agreement.terminal(compared, where=where, accuracy=words_of(runs).accuracy)}")
    print(*render.wrap(f"{out / 'agreement.md'} says also what is known to differ"), sep="\n")
    for name, why in absent.items():
        print(f"absent: {name}: {why}")
    n_failed = int((runs["status"] != "ok").sum())
    if n_failed:
        print(f"{n_failed} runs failed; table.md and packages.md say whose and why")


def packages_page(runs: pd.DataFrame, timings: pd.DataFrame, *, absent: Mapping[str, str]) -> str:
    """Return who played, with versions and settings as the scripts gave them, and who did not and why."""
    lines = ["# The packages", "", "| player | package | settings | runs | failed | searcher s |"]
    lines += ["| --- | --- | --- | ---: | ---: | ---: |"]
    for name in PACKAGES:
        rows = runs[runs["searcher"] == name]
        if len(rows):
            seconds = timings.loc[timings["searcher"] == name, "searcher_s"].mean()
            n_failed = int((rows["status"] != "ok").sum())
            lines.append(f"| {name} | {_about(rows)} | {len(rows)} | {n_failed} | {seconds:.1f} |")
    lines += ["", "searcher s: mean seconds of a run inside the package's process, on this host; not on the clock.", ""]
    lines += [f"- absent: {name}: {why}" for name, why in absent.items()]
    failures = runs[(runs["status"] != "ok") & runs["searcher"].isin(list(PACKAGES))]
    lines += [f"- failed: {row['searcher']}, {row['dataset']}: {row['why']}" for _, row in failures.iterrows()]
    return "\n".join(lines).rstrip() + "\n"


def _about(rows: pd.DataFrame) -> str:
    """Return package with version, and settings, as two cells."""
    settings: dict[str, Any] = json.loads(rows["settings"].iloc[0])
    named = f"{settings.pop('name', '')} {settings.pop('version', '')}".strip() or "-"
    for ours in ("source", "runs"):
        settings.pop(ours, None)
    return f"{named} | {', '.join(f'{key} {_written(value)}' for key, value in settings.items()) or '-'}"


def _written(value: Any) -> str:
    """Return a setting as text; an object, which is its class and its arguments, as the call that makes it."""
    if not isinstance(value, dict) or "class" not in value:
        return str(value)
    given = ", ".join(f"{name}={_written(inner)}" for name, inner in value.items() if name != "class")
    return f"{value['class']}({given})"
