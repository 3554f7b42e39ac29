"""Runs the kinds of torture that are asked for, within the time that they have together."""

import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

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


Kind = Callable[[Trial], list[Goal]]

SHARES: Mapping[str, Mapping[Kind, float]] = MappingProxyType(
    {
        "kills": {kills.goals: 0.36, disks.goals: 0.16},
        "files": {files.goals: 0.05, fuzz.goals: 0.30},
        "names": {names.goals: 0.02},
        "bits": {bits.goals: 0.03},
        "determinism": {determinism.goals: 0.08},
        "supply": {supply.goals: 0.02},
    }
)
"""The kinds, each with its parts and their shares of the time. What a part leaves over goes to those after it."""


def tortured(wanted: Wanted) -> list[Goal]:
    """Return the goals of the kinds that are asked for, measured."""
    cache = choose("surrogate").table.path.parent
    parts = [(name, part, share) for name in SHARES if name in wanted.only for part, share in SHARES[name].items()]
    ends_s, found = time.monotonic() + wanted.seconds, []
    for i, (_, part, share) in enumerate(parts):
        left_s, ahead = ends_s - time.monotonic(), sum(other for _, _, other in parts[i:])
        share_s = max(1.0, left_s * share / ahead)
        print(f"torture: {part.__module__.rpartition('.')[2]}, at most {share_s:.0f} s", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="torture-") as folder:
            rng = stream(wanted.seed, f"torture/{part.__module__}")
            place = Place(Path(folder), cache)
            measured = part(Trial(place, time.monotonic() + share_s, wanted.smoke, rng))
        print("\n".join(map(line, measured)), file=sys.stderr, flush=True)
        found += measured
    return found
