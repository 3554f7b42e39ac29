"""Cells: the settings in which predictors are compared, and the grids that the study runs through.

A cell is written `cifar100/n100/12@3`, with `/visited`, `/real`, `/modelled` or `/affordable` behind it where it is not
the plain one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from pmfnas.core.errors import InputError
from pmfnas.core.predictors import Reads

DATASETS = ("cifar10", "cifar100", "ImageNet16-120")
N_KNOWN = (10, 20, 50, 100, 200, 400)
SHORT_EPOCHS = (0, 1, 2, 3, 6, 9, 12)
LONG_EPOCHS = (12, 25, 50, 100)
REAL_EPOCHS = (1, 3, 6, 12, 25, 50, 100)
REAL_N_KNOWN = (20, 100, 400)
AFFORDABLE_N_KNOWN = (50, 100, 200)

SHORT, LONG = "12", "200"

Kind: TypeAlias = Literal["uniform", "visited", "real", "modelled", "affordable"]

KINDS: dict[Kind, str] = {
    "uniform": "archs drawn at random from the space",
    "visited": "archs drawn at random to learn from, those that a search meets in stages 2 and 3 to judge",
    "real": "archs whose curves under schedule 200 are real; training loss, on cifar10 validation loss too",
    "modelled": "as many archs whose curves are modelled, the same columns: the counterpart of real",
    "affordable": "labels that a search can buy: two full trainings, of the best two at 12@12",
}


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One setting. Splits of it are numbered; the same number has the same archs for every predictor."""

    dataset: str
    n_known: int
    """Archs that a predictor learns from."""
    schedule: str
    epochs: int
    """Epochs of the schedule that it sees of every arch, 0 for none."""
    kind: Kind = "uniform"

    def __post_init__(self) -> None:
        if self.dataset not in DATASETS:
            raise InputError(f"dataset of a cell is {self.dataset!r}, but must be one of: {', '.join(DATASETS)}")
        if self.n_known < 2 or self.epochs < 0:
            raise InputError(f"cell has n_known {self.n_known}, epochs {self.epochs}, but they must be >= 2 and >= 0")
        if self.kind not in KINDS:
            raise InputError(f"kind of a cell is {self.kind!r}, but must be one of: {', '.join(KINDS)}")

    def __str__(self) -> str:
        plain = f"{self.dataset}/n{self.n_known}/{self.schedule}@{self.epochs}"
        return plain if self.kind == "uniform" else f"{plain}/{self.kind}"


def whole_grid(datasets: Sequence[str] = DATASETS) -> tuple[Cell, ...]:
    """Return every cell of the study over `datasets`, without those of real curves."""
    cells = []
    for dataset in datasets:
        shown = [(SHORT, e) for e in SHORT_EPOCHS]
        shown += [(LONG, e) for e in LONG_EPOCHS if dataset == "cifar10"]
        cells += [Cell(dataset, n, schedule, e) for n in N_KNOWN for schedule, e in shown]
        cells += [Cell(dataset, n, SHORT, e, "visited") for n in (20, 100) for e in (3, 12)]
        cells += [Cell(dataset, n, SHORT, 12, "affordable") for n in AFFORDABLE_N_KNOWN]
    return tuple(cells)


def real_grid(datasets: Sequence[str] = DATASETS) -> tuple[Cell, ...]:
    """Return the cells of real curves, each followed by its modelled counterpart."""
    real = [Cell(d, n, LONG, e, "real") for d in datasets for n in REAL_N_KNOWN for e in REAL_EPOCHS]
    return tuple(cell for r in real for cell in (r, replace(r, kind="modelled")))


def smoke_grid(datasets: Sequence[str] = DATASETS) -> tuple[Cell, ...]:
    """Return a few cells, to see that everything works."""
    plain = tuple(Cell(d, n, SHORT, e) for d in datasets for n in (20, 50) for e in (0, 3, 12))
    return (*plain, *(Cell(d, 50, SHORT, 12, "affordable") for d in datasets))


def essential(cell: Cell, reads: Reads) -> Cell:
    """Return the cell with everything that the predictor does not read set to a fixed value.

    A predictor that reads no curves does the same at every number of epochs, one without labels at every `n_known`;
    it is evaluated once, and its result stands in every cell that comes to the same.
    """
    if reads.curves == "none":
        cell = replace(cell, schedule=SHORT if cell.kind not in ("real", "modelled") else LONG, epochs=0)
    if not reads.labels:
        cell = replace(cell, n_known=N_KNOWN[0])
    return cell
