"""Runs the kinds of torture that are asked for, within the time that they have together."""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.experiment.data import choose
from harness.torture import bits, determinism, disks, files, fuzz, kills, names, supply
from harness.torture.children import Place, Trial
from harness.torture.goals import Goal, line
from pmfnas.core.rng import stream


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for."""

    only: Sequence[str]
    seconds: float
    seed: int
    smoke: bool


@dataclass(frozen=True, slots=True)
class Part:
    """Tries of one kind."""

    kind: str
    goals: Callable[[Trial], list[Goal]]
    share: float
    """Of the time of all parts."""


PARTS = (
    Part("names", names.goals, 0.03),
    Part("bits", bits.goals, 0.06),
    Part("determinism", determinism.goals, 0.06),
    Part("supply", supply.goals, 0.04),
    Part("files", files.goals, 0.05),
    Part("disks", disks.goals, 0.20),
    Part("fuzz", fuzz.goals, 0.20),
    Part("kills", kills.goals, 0.36),
)
"""All tries in their order. What a part leaves over goes to those after it, so the longest come last."""


def tortured(wanted: Wanted) -> list[Goal]:
    """Return the goals of the kinds that are asked for, measured."""
    cache = choose("surrogate").table.path.parent
    parts = [part for part in PARTS if part.kind in wanted.only]
    ends_s, found = time.monotonic() + wanted.seconds, []
    for i, part in enumerate(parts):
        left_s, ahead = ends_s - time.monotonic(), sum(other.share for other in parts[i:])
        name, share_s = part.goals.__module__.rpartition(".")[2], max(1.0, left_s * part.share / ahead)
        print(f"torture: {name}, at most {share_s:.0f} s", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="torture-") as folder:
            place = Place(Path(folder), cache)
            rng = stream(wanted.seed, f"torture/{part.goals.__module__}")
            measured = part.goals(Trial(place, time.monotonic() + share_s, wanted.smoke, rng))
        print("\n".join(map(line, measured)), file=sys.stderr, flush=True)
        found += measured
    return found
