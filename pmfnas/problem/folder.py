"""The folder of a search on a problem of your own.

OUT/spec.json          the settings; the same call goes on here, a call with others is refused
OUT/journal.jsonl      every segment that ended, with its curve
OUT/metric.json        what the metric's values are measured against
OUT/checkpoints/       where trainings can go on
OUT/train.log          what the training function printed, the first megabyte of each worker process
OUT/lock               held by the process at work
OUT/runs/              the record, when the search has ended
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pmfnas.core.errors import InputError, shown
from pmfnas.core.metric import Metric
from pmfnas.files import read_small, reading, remove_abandoned, write_text, writing
from pmfnas.loop.journal import Journal
from pmfnas.loop.record import record_path

EXPERIMENT = "problem"
"""What such a folder says that it holds."""
CHECKPOINTS, LOG, LOCK = "checkpoints", "train.log", "lock"
_SPEC, _METRIC, _JOURNAL = "spec.json", "metric.json", "journal.jsonl"
_OURS = frozenset({CHECKPOINTS, LOG, LOCK, _SPEC, _METRIC, _JOURNAL, "runs"})


class Folder:
    """The files of one search."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.journal = Journal(out / _JOURNAL, remedy="make room, and call search again: it goes on from here")

    def prepare(self) -> None:
        """Make the folder; raise `InputError` where it holds something else or cannot be made."""
        if self.out.exists() and not self.out.is_dir():
            raise InputError(f"out is {self.out}, which is a file; choose a folder")
        others = (
            [p.name for p in self.out.iterdir() if p.name not in _OURS and "writing" not in p.name]
            if self.out.is_dir()
            else []
        )
        if others and not (self.out / _SPEC).exists():
            raise InputError(f"out is {self.out}, which holds other files such as {min(others)}; choose another folder")
        with writing(self.out):
            (self.out / CHECKPOINTS).mkdir(parents=True, exist_ok=True)

    def claim(self, mine: Mapping[str, Any]) -> None:
        """Make this the folder of the search `mine`, or check that it is; raise `InputError` where it is of another.

        A search without any successful training is replaced: its training function was at fault and may be correct now.
        """
        remove_abandoned(self.out)
        mine = json.loads(json.dumps(mine))
        if (self.out / _SPEC).exists():
            theirs = self._read(_SPEC)
            changed = [name for name in sorted({*mine, *theirs}) if mine.get(name) != theirs.get(name)]
            if not changed:
                return
            if self._has_results():
                name = changed[0]
                raise InputError(
                    f"out is {self.out}, which holds a search with {name} {shown(theirs.get(name))}, but this one has "
                    f"{shown(mine.get(name))}; choose another out, or remove that folder"
                )
        self._clear()
        write_text(self.out / _SPEC, json.dumps(mine, indent=1) + "\n")

    def metric(self, metric: Metric) -> Metric:
        """Return the metric as it was settled before, if it was."""
        if not (self.out / _METRIC).exists():
            return metric
        return Metric(**self._read(_METRIC))

    def keep_metric(self, metric: Metric) -> None:
        """Write down the metric, settled by the first value."""
        write_text(self.out / _METRIC, json.dumps(asdict(metric)) + "\n")

    def checkpoints(self, arch_number: int, schedule: str, replicate: int) -> Path:
        """Return the folder of the checkpoints of one training run."""
        return self.out / CHECKPOINTS / f"{arch_number}-{schedule}-{replicate}"

    def forget(self, arch_number: int) -> None:
        """Remove the checkpoints of an arch."""
        for folder in (self.out / CHECKPOINTS).glob(f"{arch_number}-*"):
            shutil.rmtree(folder, ignore_errors=True)

    def record(self, run: str) -> Path:
        """Return the path of the record."""
        return record_path(self.out, run)

    def _has_results(self) -> bool:
        with_curve = (b'"outcome": "ok"',)
        journal = self.out / _JOURNAL
        return journal.exists() and any(mark in journal.read_bytes() for mark in with_curve)

    def _clear(self) -> None:
        with writing(self.out):
            for name in (_JOURNAL, _METRIC, LOG):
                (self.out / name).unlink(missing_ok=True)
            for name in ("runs", CHECKPOINTS):
                shutil.rmtree(self.out / name, ignore_errors=True)
            (self.out / CHECKPOINTS).mkdir(parents=True, exist_ok=True)

    def _read(self, name: str) -> dict[str, Any]:
        path = self.out / name
        remedy = "remove the folder, or choose another out"
        with reading(path, remedy):
            return dict(json.loads(read_small(path, remedy)))
