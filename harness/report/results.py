"""Reads an experiment's folder: the frames of its table, manifest, verdict, and records."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from harness.compare.outputs import table_of
from harness.experiment.folder import MANIFEST, SPEC, read_claim, read_json
from harness.host.front import typed
from harness.score.words import Words, from_file, words_of
from harness.show.tables import Table
from harness.stats.runs import STEP_COLUMNS, TIMING_COLUMNS, checked_runs, require
from pmfnas.core.errors import InputError
from pmfnas.files import reading
from pmfnas.loop.record import is_name, run_id

VERDICT = "verdict.md"


@dataclass(frozen=True)
class Results:
    """The data of a report."""

    folder: Path
    manifest: Mapping[str, Any]
    runs: pd.DataFrame
    """Checked frame of runs; see `harness.stats.runs`."""
    steps: pd.DataFrame
    timings: pd.DataFrame
    progress: pd.DataFrame
    """Times to targets, from `progress.csv`."""
    verdict: str
    """Verdict as Markdown; empty if the experiment has none."""
    records: Mapping[str, Path]
    """Run id -> record, for the runs whose record is in the folder; reference outputs have no records."""

    @property
    def words(self) -> Words:
        """Words for the score in outputs."""
        return words_of(self.runs)

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of the data sets, in the order of the table."""
        return tuple(sorted(self.runs["dataset"].unique(), key=str.lower))

    @property
    def best(self) -> dict[str, float]:
        """Best possible score per data set, percent: a run's score plus its regret, median over runs."""
        ok = self.runs[self.runs["ok"]]
        best = (ok["test"] + ok["test_regret"]).groupby(ok["dataset"]).median()
        return {str(name): float(value) for name, value in best.items()}

    def table(self) -> Table:
        """Return the summary with its surroundings, the same numbers as in `table.md`."""
        return table_of(self.runs, self.timings, self.manifest, self.best)


def read_results(folder: Path) -> Results:
    """Return the results in the folder.

    Raises:
        InputError: the folder holds no results, or its outputs were not written yet.
        DataError: a file of the folder is damaged.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; give the folder of an experiment, such as results/table2")
    read_claim(folder)  # raises if the folder holds no results
    runs = checked_runs(_frame(folder, "runs"))
    steps, timings = _frame(folder, "steps"), _frame(folder, "timings")
    require(steps, STEP_COLUMNS, "steps.parquet")
    require(timings, TIMING_COLUMNS, "timings.parquet")
    manifest = _manifest(folder)
    space = str(manifest.get("space", ""))
    progress, records = _progress(folder), _records(folder, space, runs)
    return Results(folder, manifest, runs, steps, timings, progress, _verdict(folder), records)


def _frame(folder: Path, name: str) -> pd.DataFrame:
    path = _present(folder / f"{name}.parquet")
    with reading(path, _again(folder)):
        return from_file(pd.read_parquet(path))


def _progress(folder: Path) -> pd.DataFrame:
    path = _present(folder / "progress.csv")
    with reading(path, _again(folder)):
        return pd.read_csv(path)


def _manifest(folder: Path) -> dict[str, Any]:
    return read_json(_present(folder / MANIFEST), _again(folder))


def _again(folder: Path) -> str:
    return f"make it again: {typed('table', folder)}"


def _present(path: Path) -> Path:
    if not path.is_file():
        raise InputError(
            f"{path.parent} has {SPEC} but no {path.name}: its outputs are not made yet; finish its run, or make them "
            f"from its records: {typed('table', path.parent)}"
        )
    return path


def _verdict(folder: Path) -> str:
    path = folder / VERDICT
    with reading(path, "run the comparison again"):
        return path.read_text(encoding="utf-8") if path.is_file() else ""


def _records(folder: Path, space: str, runs: pd.DataFrame) -> dict[str, Path]:
    ordered = runs.sort_values("dataset", key=lambda names: names.str.lower(), kind="stable")
    columns = ordered["dataset"], ordered["searcher"], ordered["seed"]
    names = [run_id(space, str(d), str(s), int(n)) for d, s, n in zip(*columns, strict=True) if is_name(str(s))]
    paths = {name: folder / "runs" / f"{name}.parquet" for name in names}
    return {name: path for name, path in paths.items() if path.is_file()}
