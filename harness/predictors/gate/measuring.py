"""A predictor in every split of every group, over the processes of this machine."""

from collections.abc import Iterator, Sequence

import numpy as np

from harness.host.workers import work_off
from harness.predictors.cells import Cell
from harness.predictors.evaluation import evaluate
from harness.predictors.gate.groups import Group
from harness.predictors.gate.measures import MEASURES
from harness.predictors.gate.verdict import Values
from harness.predictors.material import Material, Source
from harness.predictors.tasks import Split
from pmfnas.core.errors import ContractError
from pmfnas.core.predictors import PredictorFactory
from pmfnas.core.types import FloatArray

DECIMALS = 6
"""Of the measures, here and in the reference; far below every margin."""

CRASH = "a worker process was killed or crashed (memory, or native code of a predictor)"
"""Error message for a dead worker."""

_SPLITS_PER_TASK = 16


def measure_groups(factory: PredictorFactory, source: Source, groups: Sequence[Group], *, n_jobs: int) -> Values:
    """Return the measures of the predictor that `factory` makes, the same whatever `n_jobs` is.

    Raises:
        ContractError: the predictor failed, or returned what is no prediction; the message says in which split.
        DataError: the table lacks what the groups need.
    """
    tasks = [(group.cell, block) for group in groups for block in _blocks(group.splits)]
    found: dict[str, list[list[float]]] = {str(group.cell): [] for group in groups}
    work = [(factory, source, cell, block) for cell, block in tasks]
    sizes = [len(block) for _, block in tasks]
    done = work_off(_run, work, label="gate", unit="split", n_jobs=n_jobs, crash=CRASH, sizes=sizes)
    for (cell, _), rows in zip(tasks, done, strict=True):
        found[str(cell)] += rows
    return {cell: _columns(rows) for cell, rows in found.items()}


def _blocks(splits: Sequence[Split]) -> Iterator[Sequence[Split]]:
    for start in range(0, len(splits), _SPLITS_PER_TASK):
        yield splits[start : start + _SPLITS_PER_TASK]


def _columns(rows: Sequence[Sequence[float]]) -> dict[str, FloatArray]:
    columns = np.round(np.array(rows, dtype=np.float64), DECIMALS).T
    return dict(zip(MEASURES, columns, strict=True))


def _run(factory: PredictorFactory, source: Source, cell: Cell, splits: Sequence[Split]) -> list[list[float]]:
    """Return the measures of some splits of a cell, a row per split."""
    material = source.material(cell.dataset)
    return [_measures(factory, cell, split, material) for split in splits]


def _measures(factory: PredictorFactory, cell: Cell, split: Split, material: Material) -> list[float]:
    try:
        measures = evaluate(factory, cell, split, material).measures
    except ContractError as error:
        where = "" if str(cell) in str(error) else f"{cell}, split {split.number}: "
        raise ContractError(f"{where}{error}") from error
    return [measures[name] for name in MEASURES]
