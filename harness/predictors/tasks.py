"""A task: what a predictor is shown in one split of a cell, and the truth that judges it.

Half of the groups, drawn by the split's number, may be learnt from, the other half is judged. The archs to learn
from are the first of one random order, so that more of them are a superset; the archs that are judged do not depend
on their number. All is the same for every predictor but what it does not read, which it neither sees nor pays.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.predictors.cells import LONG, SHORT, Cell
from harness.predictors.material import METRICS, Material
from pmfnas.core.errors import DataError, InputError
from pmfnas.core.predictors import Observed, Reads
from pmfnas.core.rng import stream
from pmfnas.core.types import FloatArray

N_FULL = 2
"""Full trainings of an affordable cell."""


@dataclass(frozen=True, slots=True)
class Split:
    """Which archs are learnt from and which are judged."""

    number: int
    n_queries: int = 2000
    """At most this many are judged."""

    def __post_init__(self) -> None:
        if self.number < 0 or self.n_queries < 2:
            raise InputError(
                f"split has number {self.number}, n_queries {self.n_queries}, but they must be >= 0 and >= 2"
            )


@dataclass(frozen=True, slots=True)
class Task:
    """Data shown to a predictor, the truth, and the prices."""

    known: Observed
    labels: FloatArray  # (n_known,) percent, NaN where there was no full training
    queries: Observed
    truth: FloatArray  # (n_queries,) percent
    test: FloatArray  # (n_queries,) percent
    labels_s: float
    """GPU-seconds of everything that was learnt from."""
    query_s: float
    """GPU-seconds of the curve of one arch that is judged, mean."""


def make_task(material: Material, cell: Cell, split: Split, reads: Reads) -> Task:
    """Return the task of a predictor that reads `reads`.

    Raises:
        DataError: the material lacks the curves of the cell, or has too few archs for it.
    """
    known, queries = sides(material, cell, split)
    if not reads.labels:
        known = known[:0]
    seen = 0 if reads.curves == "none" else cell.epochs
    slots = _slots(material, cell, split)
    final = material.final[np.arange(len(slots)), _label_slots(material, cell, split)]
    full = _fully_trained(material, cell, known, split)
    labels = np.where(full, final[known], np.nan)
    return Task(
        known=observe(material, cell, known, slots[known], seen, reads),
        labels=labels,
        queries=observe(material, cell, queries, slots[queries], seen, reads),
        truth=material.truth[queries],
        test=material.test[queries],
        labels_s=_learning_s(material, cell, known, full, reads),
        query_s=float(curve_s(material, cell, queries, reads).mean()),
    )


def sides(material: Material, cell: Cell, split: Split) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows to learn from, (n_known,), and the rows to judge; no group is on both sides."""
    rng = stream(split.number, "predictors/sides")
    learnt = rng.permutation(int(material.group.max()) + 1) % 2 == 0  # (n_groups,)
    order = rng.permutation(len(material.archs))
    on_left = learnt[material.group[order]]
    drawn = np.isin(order, _candidates(material, cell))
    left = drawn if cell.kind in ("real", "modelled") else np.ones_like(drawn)
    known, queries = order[left & on_left][: cell.n_known], order[drawn & ~on_left][: split.n_queries]
    if len(known) < cell.n_known or len(queries) < 2:
        raise DataError(f"{cell}: {len(known)} archs to learn from and {len(queries)} to judge are too few")
    return known, queries


def _candidates(material: Material, cell: Cell) -> NDArray[np.int64]:
    """Return the rows among which a cell judges."""
    if cell.kind == "visited":
        if material.visited is None:
            raise DataError(f"{cell}: which archs a search visits is not known of this material")
        return material.visited
    if cell.kind in ("real", "modelled"):
        if material.real is None:
            raise DataError(f"{cell}: there are no real curves; set PMFNAS_ANCHORS to the folder that holds them")
        if cell.kind == "real":
            return material.real.rows
        copied = np.isin(material.group, material.group[material.real.rows])
        others = np.flatnonzero(~copied)
        return stream(0, "predictors/modelled").permutation(others)[: len(material.real.rows)]
    return np.arange(len(material.archs))


def _slots(material: Material, cell: Cell, split: Split) -> NDArray[np.int64]:
    """Return the trial whose curve each arch shows."""
    if cell.kind in ("real", "modelled"):  # recordings are of the first trial
        return np.asarray(material.table.present(material.dataset.search, LONG).argmax(axis=1), dtype=np.int64)
    return material.slots(cell.schedule, split.number)


def _label_slots(material: Material, cell: Cell, split: Split) -> NDArray[np.int64]:
    """Return the trial that labels each arch: of a curve under schedule 200 its own, else one drawn by the split."""
    return _slots(material, cell, split) if cell.schedule == LONG else material.slots(LONG, split.number)


def observe(
    material: Material, cell: Cell, rows: NDArray[np.int64], slots: NDArray[np.int64], seen: int, reads: Reads
) -> Observed:
    """Return the first `seen` epochs of the archs at `rows`, as the predictor is shown them."""
    columns = {m: material.curve(m, cell.schedule, rows, slots, seen) for m in METRICS}
    if cell.kind in ("real", "modelled"):
        columns = _recorded(material, cell, rows, columns, seen)
    for metric in ("x-valid-loss", "x-valid-acc"):
        columns[metric] = _as_bought(columns[metric], reads)
    archs = tuple(material.archs[row] for row in rows.tolist())
    return Observed(archs, cell.schedule, *(columns[m] for m in METRICS))


def _as_bought(values: FloatArray, reads: Reads) -> FloatArray:
    """Return validations, NaN at the epochs that the predictor does not pay for."""
    if reads.curves == "all" or not values.shape[1]:
        return values
    shown = np.full_like(values, np.nan)
    if reads.curves == "last":
        shown[:, -1] = values[:, -1]
    return shown


def _recorded(
    material: Material, cell: Cell, rows: NDArray[np.int64], columns: dict[str, FloatArray], seen: int
) -> dict[str, FloatArray]:
    """Return the columns that recordings have; their values are the recorded ones where the cell is of real curves."""
    assert material.real is not None
    real, shown = material.real, dict(columns)
    valid_is_known = bool(np.isfinite(real.valid_loss).any())
    if cell.kind == "real":
        place = {row: i for i, row in enumerate(real.rows.tolist())}
        at = np.array([place[row] for row in rows.tolist()], dtype=np.int64)
        shown["train-loss"], shown["x-valid-loss"] = real.train_loss[at, :seen], real.valid_loss[at, :seen]
    hidden = ("train-acc", "x-valid-acc") if valid_is_known else ("train-acc", "x-valid-acc", "x-valid-loss")
    return shown | {metric: np.full((len(rows), seen), np.nan) for metric in hidden}


def _fully_trained(material: Material, cell: Cell, known: NDArray[np.int64], split: Split) -> NDArray[np.bool_]:
    """Return which of the archs to learn from have a label."""
    if cell.kind != "affordable":
        return np.ones(len(known), dtype=np.bool_)
    slots = material.slots(SHORT, split.number)[known]
    scores = material.curve("x-valid-acc", SHORT, known, slots, material.table.header.schedules[SHORT])[:, -1]
    full = np.zeros(len(known), dtype=np.bool_)
    full[np.argsort(-scores, kind="stable")[:N_FULL]] = True
    return full


# ------------------------------------------------------------------------------------------------------ prices


def curve_s(material: Material, cell: Cell, rows: NDArray[np.int64], reads: Reads) -> FloatArray:
    """Return the GPU-seconds of the curve of each arch, shape (len(rows),): its epochs, and its validations."""
    if reads.curves == "none":
        return np.zeros(len(rows))
    return cell.epochs * material.epoch_s[rows] + _n_passes(cell, reads) * material.pass_s[rows]


def _n_passes(cell: Cell, reads: Reads) -> int:
    return {"none": 0, "training": 0, "last": min(1, cell.epochs), "all": cell.epochs}[reads.curves]


def _learning_s(
    material: Material, cell: Cell, known: NDArray[np.int64], full: NDArray[np.bool_], reads: Reads
) -> float:
    """Return the GPU-seconds of labels and curves to learn from; a label's own curve is trained only once."""
    n_epochs = material.target.epochs
    label_s = np.where(full, n_epochs * material.epoch_s[known] + material.pass_s[known], 0.0)
    shown_s = curve_s(material, cell, known, reads)
    if cell.schedule == LONG and reads.curves != "none":
        shown_s = np.where(full, _n_passes(cell, reads) * material.pass_s[known], shown_s)
    return float((label_s + shown_s).sum())
