"""The frames and the manifest that an experiment's folder keeps, read back: enough to make its outputs again.

The committed references hold no records, but these; so their tables and figures can be made again too.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from harness.experiment.folder import MANIFEST, read_json
from harness.score.words import from_file
from harness.stats.runs import RUN_COLUMNS, STEP_COLUMNS, TIMING_COLUMNS, checked_runs, require
from pmfnas.core.errors import InputError
from pmfnas.files import reading

_REMEDY = "run the experiment again"


@dataclass(frozen=True)
class Frames:
    """What the outputs of an experiment are made from."""

    runs: pd.DataFrame
    """See `harness.stats.runs`."""
    steps: pd.DataFrame | None
    """None where the folder does not keep them."""
    timings: pd.DataFrame
    """Without rows where the folder does not keep them."""
    manifest: dict[str, Any]

    @property
    def best(self) -> dict[str, float]:
        """Best score there is per data set, percent: what a run reached plus what it lacked, median over runs."""
        ok = self.runs[checked_runs(self.runs)["ok"].to_numpy()]
        best = (ok["test"] + ok["test_regret"]).groupby(ok["dataset"]).median()
        return {str(dataset): float(value) for dataset, value in best.items()}


def read_frames(folder: Path) -> Frames:
    """Return the frames of a folder.

    Raises:
        InputError: it has no frame of runs or no manifest.
        DataError: a file is damaged.
    """
    runs = _frame(folder, "runs", RUN_COLUMNS)
    if runs is None or not (folder / MANIFEST).is_file():
        raise InputError(f"{folder} holds no finished run, and no outputs of runs; run the experiment first")
    timings = _frame(folder, "timings", TIMING_COLUMNS)
    return Frames(
        runs,
        _frame(folder, "steps", STEP_COLUMNS),
        pd.DataFrame(columns=list(TIMING_COLUMNS)) if timings is None else timings,
        read_json(folder / MANIFEST, _REMEDY),
    )


def _frame(folder: Path, name: str, columns: tuple[str, ...]) -> pd.DataFrame | None:
    path = folder / f"{name}.parquet"
    if not path.is_file():
        return None
    with reading(path, _REMEDY):
        frame = from_file(pd.read_parquet(path))
    require(frame, columns, path.name)
    return frame
