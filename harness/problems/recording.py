"""Trains every arch of a problem on every schedule and keeps the curves, with the seconds that they took.

Seconds are those of the thread on the processor, so that other work on the machine does not show in them. Trainings
that ended are kept in OUT/PROBLEM.jsonl, and the same call goes on after them.
"""

import json
import time
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.problems.problem import Problem
from pmfnas.core.rng import trial_keys
from pmfnas.core.types import Arch, arch_numbers
from pmfnas.files import write_bytes, writing
from pmfnas.problem.handle import Diverged, Run, Task
from pmfnas.progress import tracked

N_TRIALS = 2
"""Trainings of each arch on each schedule, each with a seed of its own."""
DIGITS = 4
"""Significant digits of what is kept."""


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
            _trained(problem, *missing[0])  # loads libraries and data, which no training is to pay for
        for key in tracked(missing, f"recording {problem.name}", total=len(missing), unit="training"):
            row = _trained(problem, *key)
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


def _trained(problem: Problem, number: int, schedule: str, trial: int) -> dict[str, Any]:
    """Train one arch; return its row. Epochs that it did not reach are None."""
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
        "train_loss": _figures(reports, "train_loss", n_epochs),
        "valid": _figures(reports, problem.metric.name, n_epochs),
    }


def _mean(seconds: Sequence[float]) -> float:
    return float(np.mean(seconds)) if seconds else 0.0


def _figures(reports: Sequence[dict[str, Any]], name: str, n_epochs: int) -> list[float | None]:
    """Return a figure of every epoch."""
    told = [report.get(name, np.nan) for report in reports]
    return [value if np.isfinite(value) else None for value in told] + [None] * (n_epochs - len(told))


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write a recording, rounded, as a small Parquet file; the same recording gives the same bytes."""
    import pyarrow as pa
    from pyarrow import parquet

    def rounded(values: Sequence[float]) -> "pa.Array":
        return pa.array(np.array([float(f"{value:.{DIGITS}g}") for value in values], dtype=np.float32))

    columns: dict[str, Any] = {
        "arch": pa.array(frame["arch"], pa.int32()),
        "schedule": pa.array(frame["schedule"]),
        "trial": pa.array(frame["trial"], pa.int8()),
        **{name: rounded(frame[name].tolist()) for name in ("setup_s", "train_s", "valid_s")},
        "why": pa.array(frame["why"]),
    }
    for name in ("train_loss", "valid"):
        lists = [np.array(values, dtype=np.float64) for values in frame[name]]
        flat = rounded(np.concatenate(lists).tolist())
        offsets = np.concatenate([[0], np.cumsum([len(values) for values in lists])])
        columns[name] = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), flat)
    sink = pa.BufferOutputStream()
    floats = ["train_loss.list.element", "valid.list.element", "setup_s", "train_s", "valid_s"]
    parquet.write_table(
        pa.table(columns),
        sink,
        compression="zstd",
        compression_level=19,
        use_dictionary=["schedule", "why"],
        use_byte_stream_split=floats,
    )
    write_bytes(path, sink.getvalue().to_pybytes())
