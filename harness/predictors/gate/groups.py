"""The groups of splits that the gate measures, by data set, label budget and epochs seen.

A group is one cell of the predictor study; its splits have numbers of their own, which the study does not use, so
that nothing was tuned on them. The same split has the same archs, curves and labels for every predictor and in every
run of the gate, which pairs the measures. With few labels the difference of two predictors scatters more from split to
split, so these groups have more splits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from harness.predictors.cells import DATASETS, LONG, SHORT, Cell
from harness.predictors.tasks import Split

FIRST_SPLIT = 1000
N_QUERIES = 1000
"""Archs that are judged in a split."""

N_SPLITS = {20: 160, 100: 48}
"""Splits of a group by its number of archs to learn from."""

SEEN_EPOCHS = (0, 3, 12)
REAL_EPOCHS = 25


@dataclass(frozen=True, slots=True)
class Group:
    """Splits of one cell."""

    cell: Cell
    n_splits: int

    @property
    def splits(self) -> tuple[Split, ...]:
        """The splits, in order; a smaller group has the first of a bigger one."""
        return tuple(Split(FIRST_SPLIT + i, N_QUERIES) for i in range(self.n_splits))


def plain_groups() -> tuple[Group, ...]:
    """Return the 21 groups that need no real curves."""
    cells = [Cell(d, n, SHORT, e) for d, n, e in product(DATASETS, N_SPLITS, SEEN_EPOCHS)]
    cells += [Cell(d, 100, SHORT, 12, "affordable") for d in DATASETS]
    return _of(cells)


def real_groups() -> tuple[Group, ...]:
    """Return the groups of real curves, which need the folder of real values."""
    return _of([Cell(d, 100, LONG, REAL_EPOCHS, "real") for d in DATASETS])


def fewer(groups: Sequence[Group], most: int) -> tuple[Group, ...]:
    """Return the groups with at most `most` splits each."""
    return tuple(Group(group.cell, min(group.n_splits, most)) for group in groups)


def _of(cells: Sequence[Cell]) -> tuple[Group, ...]:
    return tuple(Group(cell, N_SPLITS[cell.n_known]) for cell in cells)
