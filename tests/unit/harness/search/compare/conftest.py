"""A comparison whose searches are a script of a few lines."""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.search.compare.running import Plan, Run

SCRIPT = Path(__file__).with_name("fake_search.py")


@dataclass
class Fakes:
    """Makes the commands of runs, and reads back what they noted."""

    folder: Path
    modes: dict[Run, str] = field(default_factory=dict)
    test_acc: dict[Run, float] = field(default_factory=dict)
    before: object = None
    """Called with the run before its command is made."""

    def __call__(self, plan: Plan, run: Run, own: Path) -> list[str]:
        if self.before is not None:
            self.before(run)
        accuracy = self.test_acc.get(run, 90.0)
        resume = ["--resume"] if (own / "spec.json").exists() else []
        files = [str(self.folder / "record.parquet"), str(self.folder / "ledger.jsonl"), str(accuracy)]
        who = [run.searcher, str(run.seed), str(own)]
        return [sys.executable, "-S", str(SCRIPT), self.modes.get(run, "ok"), *files, *who, *resume]

    def noted(self, event: str) -> list[dict[str, object]]:
        """Return what runs have noted of an event, in order."""
        path = self.folder / "ledger.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in map(json.loads, lines) if line["event"] == event]


@pytest.fixture
def fakes(tmp_path):
    folder = tmp_path / "fakes"
    folder.mkdir()
    rows = [
        {"arch": "a", "schedule": "3", "stop": 3, "status": "ok"},
        {"arch": "b", "schedule": "3", "stop": 1, "status": "ok"},
        {"arch": "c", "schedule": "3", "stop": 1, "status": "failed"},
        {"arch": "a", "schedule": "12", "stop": 12, "status": "ok"},
        {"arch": "b", "schedule": "12", "stop": 6, "status": "ok"},
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "record.parquet")
    return Fakes(folder)


@pytest.fixture
def plan():
    """Two searchers, two seeds, two at a time."""
    claim = {"experiment": "search-compare", "dataset": "digits", "budget_s": 120.0, "device": "CPU"}
    return Plan(("pmf_nas", "random_search"), range(1000, 1002), ("--dataset", "digits"), claim, 2, 1)
