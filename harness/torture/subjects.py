"""The commands that are killed, and which of their files must not depend on interruptions.

Searches with a real clock train what there is time for, so their records differ; of them the journal must only grow.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from harness.torture.children import Place, harness
from harness.torture.official_files import make

JOURNAL = "journal.jsonl"
_RUN = ("--data", "surrogate", "--seeds", "2", "--budget", "1h", "--datasets", "cifar10", "--jobs", "2")
OWN_SEARCH = """
import sys, time, pmfnas

def train(arch, run):
    start = run.checkpoint.load() or 0
    for epoch in run.epochs:
        time.sleep(0.02)
        run.report(train_loss=1 / epoch, valid_acc=arch.depth / (epoch + start + 9) if run.wants_validation else None)
    run.checkpoint.save(0)

if __name__ == "__main__":
    space = pmfnas.Choices(depth=[1, 2, 3, 4], width=[8, 16, 32])
    pmfnas.search(train, space, schedules={"short": 2, "long": 6}, budget="3s", out=sys.argv[1], progress=False)
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """A command that is killed."""

    name: str
    command: Sequence[str]
    out: Path
    """What it writes: a folder or a file."""
    lasting: Sequence[str]
    """Patterns of files whose bytes must be those of an undisturbed run."""
    missing: str = ""
    """Why it cannot be run here."""
    work: float = 1.0
    """How long it takes, relative to the others."""

    def content(self) -> dict[str, bytes]:
        """Return the files whose bytes must not depend on interruptions, by their names."""
        if self.out.is_file():
            return {self.out.name: self.out.read_bytes()}
        files = [file for pattern in self.lasting for file in sorted(self.out.glob(pattern)) if file.is_file()]
        return {file.relative_to(self.out).as_posix(): file.read_bytes() for file in files}


def subjects(place: Place, *, smoke: bool) -> list[Subject]:
    """Return all commands, the longest first; what they read is made in the scratch folder.

    Args:
        place: where they work.
        smoke: return two commands, with less to import.
    """
    at = place.scratch
    official = make("sss", 33 if smoke else 161, ("cifar10",)).archive(at / "official")
    imported = ("data", "import", official, "--jobs", "1", "--out", at / "table")
    frames = ("runs.parquet", "steps.parquet", "*.md", "summary.csv", "runs/*/*/*.parquet")
    table2 = ("run", "table2", *_RUN, "--searchers", "random_search,asha,pmf_nas", "--out", at / "table2")
    imports = Subject("import", harness(*imported), at / "table", ("**/*",), work=1.5)
    tabulates = Subject("table2", harness(*table2), at / "table2", frames, work=9)
    if smoke:
        return [tabulates, imports]
    place.run(harness("new-searcher", "mine.py"), at / "example.log")
    compared = ("compare", "--searcher", "mine.py:Mine", "--against", "random_search", *_RUN, "--out", at / "compare")
    (at / "own.py").write_text(OWN_SEARCH, encoding="utf-8")
    missing, trained = "" if find_spec("torch") else "torch is not installed", at / "search"
    own, page = [sys.executable, str(at / "own.py"), str(at / "own")], at / "page.html"
    return [
        tabulates,
        Subject("compare", harness(*compared), at / "compare", (*frames, "verdict.csv"), work=9),
        Subject("search", search_of_pictures(at, trained), trained, (), missing, work=6),
        Subject("pmfnas.search", own, at / "own", (), work=5),
        Subject("report", harness("report", _reported(place, table2), "--out", page), page, (), work=3),
        imports,
    ]


def search_of_pictures(at: Path, out: Path) -> list[str]:
    """Return a short search that trains on pictures made here; `at` is the folder for them."""
    rng = np.random.default_rng(3)
    labels = np.arange(120) % 3
    pixels = 60 * labels[:, None, None] + rng.integers(0, 90, size=(120, 8, 8))
    np.savez(at / "mine.npz", images=pixels.astype(np.uint8), labels=labels)
    data = ("--dataset", "mine", "--data-dir", at / "mine.npz", "--schedules", "1,2", "--device", "cpu")
    return harness("search", "--smoke", *data, "--budget", "4s", "--searcher", "asha", "--out", out)


def _reported(place: Place, table2: Sequence[str | Path]) -> Path:
    """Return a folder of finished results."""
    folder = place.scratch / "finished"
    place.run(harness(*table2[:-1], folder), place.scratch / "finished.log")
    return folder
