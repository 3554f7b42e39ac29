"""Runs the predictor study: every candidate in every cell and split, in chunks, finished ones skipped.

    OUT/spec.json                            what the folder belongs to; a command with other settings is refused
    OUT/visited/cifar100.json                rows of the archs that searches visit
    OUT/chunks/cifar100/pmf/s0000.parquet    one row per cell and split: a few splits of one predictor and data set

Interrupted at any moment, the same command goes on: a chunk exists if and only if all of it was computed. What a
predictor does not read does not tell cells apart, so each essential cell is computed once (`cells.essential`).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from harness.experiment import folder
from harness.experiment.batch import RUN_CODE
from harness.host.code import code_hash
from harness.host.workers import work_off
from harness.players.class_file import check_unchanged
from harness.predictors.candidates import identity_of, study_hash
from harness.predictors.cells import Cell, essential
from harness.predictors.evaluation import Outcome, evaluate
from harness.predictors.material import Material, Source
from harness.predictors.region import visited_archs
from harness.predictors.tasks import Split
from pmfnas.benchmarks.table import CurveTable
from pmfnas.core.errors import ContractError, InputError
from pmfnas.core.predictors import PredictorFactory, reads_of
from pmfnas.files import reading, write_bytes, write_text

NAME = "predictors"
SPLITS_PER_CHUNK = 3
_CRASH = (
    "a worker process was killed or crashed (memory, or native code of a predictor); "
    "finished chunks are kept and the same command goes on"
)

CELL = ("dataset", "n_known", "schedule", "epochs", "kind")
"""Columns that name a cell."""


@dataclass(frozen=True)
class Plan:
    """Candidates, cells and splits of a study."""

    candidates: Mapping[str, PredictorFactory]
    cells: tuple[Cell, ...]
    grid: str
    """`whole` or `smoke`: part of what a folder belongs to."""
    n_splits: int = 30
    n_queries: int = 2000
    n_searches: int = 12
    """Searches that say which archs are visited."""

    def __post_init__(self) -> None:
        if self.n_splits < 1:
            raise InputError(f"--splits is {self.n_splits}, but must be at least 1")

    @property
    def datasets(self) -> tuple[str, ...]:
        """Data sets of the cells, in order."""
        return tuple(dict.fromkeys(cell.dataset for cell in self.cells))

    def own_cells(self, predictor: str, dataset: str) -> tuple[Cell, ...]:
        """Return the cells that tell results of a predictor apart."""
        reads = reads_of(self.candidates[predictor])
        return tuple(dict.fromkeys(essential(cell, reads) for cell in self.cells if cell.dataset == dataset))

    def n_fits(self, predictor: str) -> int:
        """Return how often a predictor is fitted."""
        return self.n_splits * sum(len(self.own_cells(predictor, dataset)) for dataset in self.datasets)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A few splits of one predictor on one data set."""

    dataset: str
    predictor: str
    start: int
    stop: int

    def path(self, out: Path) -> Path:
        """Return where the chunk is kept."""
        return out / "chunks" / self.dataset / self.predictor / f"s{self.start:04d}-{self.stop:04d}.parquet"


def chunks(plan: Plan) -> tuple[Chunk, ...]:
    """Return the chunks of a plan, early splits first, so that an interrupted study has complete splits."""
    starts = range(0, plan.n_splits, SPLITS_PER_CHUNK)
    return tuple(
        Chunk(dataset, predictor, start, min(start + SPLITS_PER_CHUNK, plan.n_splits))
        for start in starts
        for dataset in plan.datasets
        for predictor in plan.candidates
    )


def run_study(plan: Plan, table: CurveTable, out: Path, *, anchors: Path | None, n_jobs: int) -> int:
    """Compute every chunk that is missing, and return how many that were.

    Raises:
        InputError: `out` belongs to something else.
        ContractError: a predictor broke its contract; finished chunks are kept.
    """
    claim(plan, table, out, real_curves=anchors is not None)
    source = Source(table.path, anchors)
    missing = [chunk for chunk in chunks(plan) if not chunk.path(out).exists()]
    if any(cell.kind == "visited" for cell in plan.cells):
        searches = [(dataset, plan.n_searches, table.path, out) for dataset in plan.datasets]
        work_off(_visit, searches, label="searches", unit="data set", n_jobs=n_jobs, crash=_CRASH)
    work = [(chunk, plan, source, out) for chunk in missing]
    done = len(chunks(plan)) - len(missing)
    work_off(_run_chunk, work, label=NAME, unit="chunk", n_jobs=n_jobs, crash=_CRASH, done=done)
    return len(missing)


def timed(plan: Plan, predictor: str, material: Material) -> tuple[float, int]:
    """Return the seconds of a fit, from a few cells that are thrown away, and the number of all fits."""
    cells = [cell for cell in plan.own_cells(predictor, material.dataset.name) if cell.kind != "visited"]
    sample = cells[:: max(1, len(cells) // 4)]
    start = perf_counter()
    for cell in sample:
        evaluate(plan.candidates[predictor], cell, Split(0, plan.n_queries), material)
    return (perf_counter() - start) / len(sample), plan.n_fits(predictor)


# ------------------------------------------------------------------------------------------------ what it belongs to


def claim(plan: Plan, table: CurveTable, out: Path, *, real_curves: bool) -> None:
    """Make `out` the folder of this study; raise `InputError` where it belongs to something else."""
    folder.claim(out, _claim_of(plan, table, real_curves=real_curves), _sources(plan), flag="--predictor")


def check_claim(plan: Plan, table: CurveTable, out: Path, *, real_curves: bool) -> None:
    """Raise `InputError` where `claim` would; write nothing."""
    folder.check_claim(out, _claim_of(plan, table, real_curves=real_curves), _sources(plan), flag="--predictor")


def _claim_of(plan: Plan, table: CurveTable, *, real_curves: bool) -> dict[str, Any]:
    return {
        "experiment": NAME,
        "grid": plan.grid,
        "queries": plan.n_queries,
        "searches": plan.n_searches,
        "real_curves": real_curves,
        "data": table.stamp,
        "fingerprint": table.header.fingerprint,
        "code": study_hash(),
        "searcher_code": code_hash(RUN_CODE),
    }


def _sources(plan: Plan) -> dict[str, str]:
    return {name: identity_of(name, factory) for name, factory in plan.candidates.items()}


# ------------------------------------------------------------------------------------------------------- in a worker


def _visit(dataset: str, n_searches: int, table: Path, out: Path) -> None:
    """Find out which archs searches visit, unless that is known."""
    path = _visited_file(out, dataset)
    if not path.exists():
        rows = visited_archs(CurveTable.open(table), dataset, n_searches)
        write_text(path, json.dumps(rows.tolist()) + "\n")


def _visited_file(out: Path, dataset: str) -> Path:
    return out / "visited" / f"{dataset}.json"


def _material(dataset: str, source: Source, out: Path) -> Material:
    """Return the data of a worker, with the archs that searches visit where these are known."""
    material, path = source.material(dataset), _visited_file(out, dataset)
    if not path.exists():
        return material
    with reading(path, "remove it"):
        rows = np.array(json.loads(path.read_text(encoding="utf-8")), dtype=np.int64)
    return material.with_visited(rows)


def _run_chunk(chunk: Chunk, plan: Plan, source: Source, out: Path) -> None:
    """Compute a chunk and write it."""
    factory = plan.candidates[chunk.predictor]
    check_unchanged(factory)
    material = _material(chunk.dataset, source, out)
    try:
        rows = [
            row(chunk.predictor, cell, split, evaluate(factory, cell, Split(split, plan.n_queries), material))
            for cell in plan.own_cells(chunk.predictor, chunk.dataset)
            for split in range(chunk.start, chunk.stop)
        ]
    except ContractError as error:
        raise ContractError(f"{chunk.predictor}: {error}") from None
    sink = BytesIO()
    pd.DataFrame(rows).to_parquet(sink, index=False, compression="zstd")
    write_bytes(chunk.path(out), sink.getvalue())


def row(predictor: str, cell: Cell, split: int, outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as a row of results: who, where, every measure, prices and timings."""
    numbers = {name: value for name, value in asdict(outcome).items() if name != "measures"}
    return {"predictor": predictor, **asdict(cell), "split": split, **outcome.measures, **numbers}


# --------------------------------------------------------------------------------------------------------- results


def results(plan: Plan, out: Path) -> pd.DataFrame:
    """Return one row per candidate, cell of the plan and split, from the chunks under `out`.

    Raises:
        InputError: a chunk is missing or damaged.
    """
    frames = []
    for chunk in chunks(plan):
        try:
            frames.append(pd.read_parquet(chunk.path(out)))
        except FileNotFoundError:
            raise InputError(f"{chunk.path(out)} is missing; run the study again, it goes on there") from None
        except (OSError, ValueError) as error:
            raise InputError(f"{chunk.path(out)} is damaged ({error}); remove it and run the study again") from None
    return spread(plan, pd.concat(frames, ignore_index=True))


def spread(plan: Plan, computed: pd.DataFrame) -> pd.DataFrame:
    """Return `computed` with the result of each essential cell in every cell of the plan that comes to the same."""
    columns = [f"own_{name}" for name in CELL]
    pairs = [
        {"predictor": name, **asdict(cell), **dict(zip(columns, asdict(essential(cell, reads)).values(), strict=True))}
        for name, reads in ((name, reads_of(factory)) for name, factory in plan.candidates.items())
        for cell in plan.cells
    ]
    renamed = computed.rename(columns=dict(zip(CELL, columns, strict=True)))
    joined = pd.DataFrame(pairs).merge(renamed, on=["predictor", *columns], how="inner", validate="many_to_many")
    return joined.drop(columns=columns)
