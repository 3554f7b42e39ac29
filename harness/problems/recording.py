"""Trains every arch of a problem on every schedule and keeps the curves, with the seconds that they took.

Seconds are those of the thread on the processor, so that other work on the machine does not show in them. Trainings
that ended are kept in OUT/PROBLEM.jsonl, and the same call goes on after them.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from harness.problems.problem import Problem
from pmfnas.core.rng import trial_keys
from pmfnas.core.types import Arch, FloatArray, arch_numbers
from pmfnas.files import reading, write_bytes, writing
from pmfnas.problem.handle import Diverged, Run, Task
from pmfnas.progress import tracked

N_TRIALS = 2
"""Trainings of each arch on each schedule, each with a seed of its own."""
SECONDS, DIGITS = ("setup_s", "train_s", "valid_s"), 3
"""Columns of seconds, and their significant digits."""
STEPS: Mapping[str, int] = MappingProxyType({"train_loss": 200, "valid": 1000})
"""Columns of curves: figures are kept to one part in so many."""
_LEAST = 1e-6


def record(problem: Problem, out: Path) -> pd.DataFrame:
    """Return the recording of a problem: one row per training, by number of the arch, schedule and trial.

    Args:
        problem: whose archs are trained.
        out: folder for what ended so far.
    """
    from threadpoolctl import threadpool_limits

    path = out / f"{problem.name}.jsonl"
    with writing(out, remedy="name another with --out"):
        out.mkdir(parents=True, exist_ok=True)
    kept = list(_kept(path))
    done = {(row["arch"], row["schedule"], row["trial"]) for row in kept}
    missing = [key for key in _all(problem) if key not in done]
    with threadpool_limits(1), path.open("a", encoding="utf-8") as stream:
        if missing:
            trained(problem, *missing[0])  # loads libraries and data, which no training is to pay for
        for key in tracked(missing, f"recording {problem.name}", total=len(missing), unit="training"):
            row = trained(problem, *key)
            stream.write(json.dumps(row) + "\n")
            stream.flush()
            kept.append(row)
    frame = pd.DataFrame(kept).drop_duplicates(["arch", "schedule", "trial"])
    return frame.sort_values(["arch", "schedule", "trial"], ignore_index=True)


def _all(problem: Problem) -> Iterator[tuple[int, str, int]]:
    """Yield the number of the arch, the schedule and the trial of every training."""
    yield from product(range(problem.space.n_archs), problem.schedules, range(N_TRIALS))


def _kept(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the trainings that ended before; an unfinished last line is left out."""
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8")
    for line in text.splitlines(keepends=True):
        if line.endswith("\n"):
            yield json.loads(line)
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")


def trained(problem: Problem, number: int, schedule: str, trial: int) -> dict[str, Any]:
    """Train one arch; return its row, with curves that end where the training failed."""
    n_epochs = problem.schedules[schedule]
    arch: Arch = tuple(map(int, np.unravel_index(number, problem.space.cardinalities)))
    assert arch_numbers([arch], problem.space.cardinalities)[0] == number
    seed = int(trial_keys(0, schedule, [number], N_TRIALS)[0, trial] >> np.uint64(33))
    task = Task(0, arch, schedule, n_epochs, 0, n_epochs, tuple(range(1, n_epochs + 1)), seed, "")
    messages: list[Any] = []
    run = Run(task, problem.metric, messages.append, time.thread_time)
    why = ""
    try:
        problem.train(problem.space.named(arch), run)
    except Diverged:
        why = "diverged"
    except Exception as error:  # a candidate may fail in any way; the recording says so
        why = f"{type(error).__name__}: {error}"[:100]
    reports = [message for message in messages if message["kind"] == "report"]
    return {
        "arch": number,
        "schedule": schedule,
        "trial": trial,
        "setup_s": run.setup_s,
        "train_s": _mean([report["train_s"] for report in reports]),
        "valid_s": _mean([report["valid_s"] for report in reports]),
        "why": why,
        "train_loss": _figures(reports, "train_loss"),
        "valid": _figures(reports, problem.metric.name),
    }


def _mean(seconds: Sequence[float]) -> float:
    return float(np.mean(seconds)) if seconds else 0.0


def _figures(reports: Sequence[dict[str, Any]], name: str) -> list[float]:
    """Return a figure of the epochs before the first that has none, or none that is a number."""
    told = [report.get(name, np.nan) for report in reports]
    return told[: next((i for i, value in enumerate(told) if not np.isfinite(value)), len(told))]


# --------------------------------------------------------------------------------------------------------- files


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write a recording, rounded, as a small Parquet file; the same recording gives the same bytes.

    A curve is a list of whole numbers: its logarithm in units of 1 / `STEPS`, the first as it is, then the changes.
    """
    small = {name: frame[name].map(lambda value: float(f"{value:.{DIGITS}g}")).astype("float32") for name in SECONDS}
    curves = {name: frame[name].map(lambda values, n=n: _packed(values, n)) for name, n in STEPS.items()}
    sink = BytesIO()
    frame.assign(**small, **curves).to_parquet(sink, index=False, compression="zstd", compression_level=19)
    write_bytes(path, sink.getvalue())


def read(path: Path) -> pd.DataFrame:
    """Return the recording in a file; raise `DataError` if it is damaged."""
    with reading(path, "record the problems again with --record"):
        frame = pd.read_parquet(path)
        return frame.assign(**{name: frame[name].map(lambda v, n=n: _unpacked(v, n)) for name, n in STEPS.items()})


def _packed(values: Sequence[float], n_steps: int) -> FloatArray:
    steps = np.round(np.log(np.maximum(values, _LEAST)) * n_steps)
    return np.diff(steps, prepend=0.0).astype(np.int16)


def _unpacked(steps: FloatArray, n_steps: int) -> FloatArray:
    return np.exp(np.cumsum(steps, dtype=np.float64) / n_steps)
