"""Hostile files: all are refused within bounded time and memory, none is run, nothing is written elsewhere."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.torture.children import Trial, last_words, limited
from harness.torture.goals import Goal, judged
from harness.torture.hostile import TRACE

MOST_SECONDS, MOST_MB = 20.0, 1200.0
"""Of a core, and of memory beyond what the process had before, for each file."""
_LEAST_S = 240.0
"""The least time for all of them, on a machine that is busy with other work."""
_MEMORY_MB = 8000
"""Of the address space of the process that reads them; most of it is never touched."""
_HARMLESS = "read"
"""What may come of a pickle or archive of plain values, which the code behind the reader then refuses."""


def goals(trial: Trial) -> list[Goal]:
    """Read every hostile file in one limited process."""
    folder = trial.place.scratch / "hostile"
    folder.mkdir()
    log = trial.place.scratch / "hostile.log"
    program: list[str | Path] = [
        sys.executable,
        "-m",
        "harness.torture.hostile",
        folder,
        "smoke" if trial.smoke else "long",
    ]
    limit_s, begin_s = max(_LEAST_S, trial.left_s), time.monotonic()
    code = trial.place.run(limited(program, memory_mb=_MEMORY_MB), log, limit_s=limit_s)
    found = dict(outcomes(log))
    last = next(reversed(found), "the first file")
    if time.monotonic() - begin_s >= limit_s:
        found.pop(last, None)
        faults = [f"stopped after {limit_s:.0f} s at {last}"]
    else:
        faults = [f"reading {last} ended the process, code {code}: {last_words(log)}"] if code else []
    faults += [fault for name, outcome in found.items() for fault in faults_of(name, outcome)]
    if (folder / TRACE).exists() or (trial.place.scratch / TRACE).exists():
        faults.append("code of a file was run")
    outside = [path.name for path in folder.iterdir() if path.name != "inside"]
    faults += [f"{name} was written outside" for name in outside]
    slowest = max((outcome.get("seconds", 0.0) for outcome in found.values()), default=0.0)
    grown = max((outcome.get("grown_mb", 0.0) for outcome in found.values()), default=0.0)
    also = f"the slowest {slowest:.1f} s of CPU, the largest {grown:,.0f} MB"
    return [judged("files", "hostile files", len(found), len(found), faults, unit="files", also=also)]


def outcomes(log: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what came of each file by its name; nothing of one that ended the process."""
    name = ""
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if not line.startswith("{"):
            continue
        entry = json.loads(line)
        if "name" in entry:
            name = entry["name"]
            yield name, {}
        else:
            yield name, entry


def faults_of(name: str, outcome: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a hostile file did that it may not do."""
    if not outcome:
        yield f"{name}: the process ended"
        return
    may_be_read = name.startswith(("pickle", "zip", "tar"))
    if outcome["what"] != "refused" and not (may_be_read and outcome["what"] == _HARMLESS):
        yield f"{name}: {outcome['what']}"
    if outcome["seconds"] > MOST_SECONDS:
        yield f"{name}: {outcome['seconds']:.0f} s"
    if outcome["grown_mb"] > MOST_MB:
        yield f"{name}: {outcome['grown_mb']:,.0f} MB"
