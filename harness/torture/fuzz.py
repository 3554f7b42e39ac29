"""Valid inputs changed at random, for every reader of foreign bytes or texts: the only exceptions are ours.

`python -m harness.torture.fuzz READER N SEED SECONDS FOLDER` tries N inputs in this process, and prints JSON.
"""

import json
import os
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.torture.children import Trial, last_words, limited
from harness.torture.goals import Goal, judged
from harness.torture.mutations import Draws
from harness.torture.readers import Reader, reader
from pmfnas.core.errors import PmfnasError
from pmfnas.core.rng import stream

N_INPUTS = 100_000
READERS: Mapping[str, float] = MappingProxyType(
    {
        "record reader": 0.38,
        "table reader": 0.28,
        "importer": 0.16,
        "space definitions": 0.08,
        "protocol": 0.05,
        "arch parser": 0.05,
    }
)
"""Reader -> its share of the time, the longest first."""
_MEMORY = "/dev/shm"
"""A file system in memory, where there is one: a disk takes longer to open a file than we to read it."""
_MOST_FAULTS = 5
_MEMORY_MB = 6000
_SLOWEST_S = 10.0


def goals(trial: Trial) -> list[Goal]:
    """Fuzz all readers, two at a time, each in a limited process."""
    n, seconds = trial.tries(N_INPUTS, 2000), trial.left_s
    with tempfile.TemporaryDirectory(prefix="torture-", dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None) as top:
        found = trial.place.in_pairs(
            lambda name: _in_child(name, n, trial.part(READERS[name], seconds), Path(top)), READERS
        )
    return [_goal(name, n, outcome) for name, outcome in zip(READERS, found, strict=True)]


def _in_child(name: str, n: int, trial: Trial, top: Path) -> Mapping[str, Any]:
    folder = top / name.replace(" ", "-")
    folder.mkdir()
    log, seed = trial.place.scratch / f"{folder.name}.log", int(trial.rng.integers(1 << 30))
    seconds = max(5.0, trial.left_s - 5.0)
    program: list[str | Path] = [
        sys.executable,
        "-m",
        "harness.torture.fuzz",
        name,
        str(n),
        str(seed),
        str(seconds),
        folder,
    ]
    code = trial.place.run(limited(program, memory_mb=_MEMORY_MB), log, limit_s=seconds + 60)
    words = last_words(log)
    if code:
        return {"done": 0, "read": 0, "faults": [f"the process ended with code {code}: {words}"], "slowest_s": 0.0}
    outcome: dict[str, Any] = json.loads(words)
    return outcome


def _goal(name: str, n: int, outcome: Mapping[str, Any]) -> Goal:
    also = f"{outcome['read']:,} of them read, the slowest {outcome['slowest_s']:.2f} s"
    faults = list(outcome["faults"])
    if outcome["slowest_s"] > _SLOWEST_S:
        faults.append(f"an input took {outcome['slowest_s']:.0f} s")
    return judged("fuzz", name, n, outcome["done"], faults, unit="inputs", also=also)


def fuzz(under: Reader, n: int, draws: Draws, *, until_s: float) -> dict[str, Any]:
    """Return what came of `n` inputs, or of as many as there was time for."""
    done = read = 0
    slowest_s, faults = 0.0, list[str]()
    while done < n and len(faults) < _MOST_FAULTS and time.monotonic() < until_s:
        given, begin_s = under.draw(draws), time.perf_counter()
        try:
            under.read(given)
            read += 1
        except PmfnasError:
            pass
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            faults.append(f"{type(error).__name__}: {error} at {where} for {under.text(given)}"[:600])
        slowest_s = max(slowest_s, time.perf_counter() - begin_s)
        done += 1
    return {"done": done, "read": read, "faults": faults, "slowest_s": slowest_s}


def main(name: str, n: int, seed: int, seconds: float, folder: Path) -> None:
    """Fuzz one reader, and print what came of it."""
    warnings.simplefilter("ignore")
    until_s = time.monotonic() + seconds
    under = reader(name, folder)
    print(json.dumps(fuzz(under, n, Draws(stream(seed, f"fuzz/{name}")), until_s=until_s)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), Path(sys.argv[5]))
