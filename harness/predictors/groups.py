"""Groups of archs that are one network: seeing one of them reveals the results of the others.

Two archs are linked if they are isomorphic, or if a training of one has exactly the results of a training of the other
on every data set. Branches that compute nothing cause such copies across isomorphism classes. Archs that are linked,
directly or through other archs, form one group. Every split keeps a group on one side.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from pmfnas.benchmarks.table import CurveTable, Key
from pmfnas.benchmarks.tabular import DATASETS
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch


def groups(table: CurveTable, space: Space, archs: Sequence[Arch]) -> NDArray[np.int64]:
    """Return the group of each row of `table`, shape (n_archs,), numbered in the order of their first rows.

    Args:
        table: the curve table; equal results in it mark copies.
        space: says which archs are isomorphic.
        archs: the table's archs, by row.
    """
    of_form: dict[str, int] = {}
    forms = np.array([of_form.setdefault(space.canonical(arch), len(of_form)) for arch in archs], dtype=np.int64)
    links = [(np.arange(len(archs)), forms)]
    links += [_same_results(table, schedule) for schedule in table.header.schedules]
    return _joined(len(archs), links)


def _same_results(table: CurveTable, schedule: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the row and a number for each trial that exists; trials with equal results have the same number."""
    epoch = table.header.schedules[schedule]
    keys = [Key(d.search, schedule, "x-valid-acc") for d in DATASETS.values() if d.search in table.datasets]
    results = np.stack([table.at(key, epoch) for key in keys if table.has(key)], axis=-1)  # (n_archs, n_trials, n_sets)
    rows, trials = np.nonzero(np.isfinite(results).all(axis=-1))
    _, number = np.unique(results[rows, trials], axis=0, return_inverse=True)
    return rows, np.asarray(number, dtype=np.int64).ravel()


def _joined(n_archs: int, links: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]) -> NDArray[np.int64]:
    """Return the connected component of each arch, numbered by first row; each link is (rows, number of its set)."""
    left, right, offset = [], [], n_archs
    for rows, shared in links:
        left.append(rows)
        right.append(shared + offset)
        offset += int(shared.max(initial=-1)) + 1
    ends = np.concatenate(left), np.concatenate(right)
    graph = coo_matrix((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(offset, offset))
    component = connected_components(graph, directed=False)[1][:n_archs]
    _, first, inverse = np.unique(component, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    return np.asarray(rank[inverse.ravel()], dtype=np.int64)
