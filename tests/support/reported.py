"""A small folder of results, as an experiment leaves it, for the report."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from harness.stats.progress import summarise_progress
from tests.support.explained import HEADER, STAGED, kept
from tests.support.fakes import ByHand, Scripted, play
from tests.support.frames import BEST, some_runs, steps_of, timings_of

RUN = "nb201-cifar100/pmf_nas/s0003"
"""The one run whose record is in the folder; `tests.explained` says what it did."""


def folder_of(out: Path, runs: pd.DataFrame | None = None, *, with_record: bool = True) -> Path:
    """Write what `python -m harness report` reads to `out` and return it."""
    runs = some_runs() if runs is None else runs
    out.mkdir(parents=True, exist_ok=True)
    frames = {"runs": runs, "steps": steps_of(runs[runs["status"] == "ok"]), "timings": timings_of(runs)}
    for name, frame in frames.items():
        frame.to_parquet(out / f"{name}.parquet", index=False)
    before = {str(name): BEST.get(str(name), 90.0) - 1 for name in runs["dataset"].unique()}
    progress = summarise_progress(runs, frames["steps"], before_pct=before, rng=np.random.default_rng(0))
    (out / "progress.csv").write_text(progress.to_csv(index=False))
    (out / "spec.json").write_text(json.dumps({"experiment": "table2", "data": "ANCHORED"}))
    (out / "manifest.json").write_text(json.dumps(_manifest(runs)))
    if with_record:
        finished = play(Scripted(STAGED), budget_s=400.0, n_workers=1, accounting="resume", benchmark=ByHand())
        kept(finished, out, replace(HEADER, searcher="pmf_nas", seed=3))
    return out


def _manifest(runs: pd.DataFrame) -> Mapping[str, object]:
    return {
        **{"experiment": "table2", "title": "Accuracy versus GPU-hours, small", "space": "nb201", "modified": True},
        **{"commit": "0123456789abcdef0123", "seeds": [0, 23], "packages": {"numpy": "2.4.6"}},
        "searchers": {str(name): "{'eta': '3', 'ladder': \"'full'\"}" for name in runs["searcher"].unique()},
    }
