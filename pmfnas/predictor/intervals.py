"""Conformal prediction intervals of the process, from leave-one-out residuals of the labels.

The residual of a label is computed without the label and without its relatives (`families`).

Source: conformal prediction (Vovk, Gammerman and Shafer 2005; with leave-one-out residuals Barber et al., Annals of
Statistics 2021, arXiv 1905.02928). The half-width of a level's interval, in standard deviations, is the smallest
residual that ceil(level (n + 1)) of the n residuals do not exceed. It covers archs drawn like the labelled ones as
often as the level states, for any distribution. For selected archs there is no guarantee.

Deviations: residuals are divided by the process's standard deviation, whose hyperparameters were fitted to all labels.
Beyond the largest residual an interval grows like that of a normal distribution.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.stats import norm

from pmfnas.core.predictors import PROBABILITIES
from pmfnas.core.types import FloatArray


def families(*features: FloatArray) -> NDArray[np.int64]:
    """Return a family number per row, (n,). Rows that agree in any of the `features`, (n, d) each, share a family.

    Archs with equal features are (nearly) isomorphic, and archs with equal curves are copies of one training. An arch
    with a relative among the labels is easier to predict than a query, so relatives are left out together.
    """
    n = len(features[0])
    columns, offset = [], n
    for rows in features:
        if rows.shape[1]:
            number = np.unique(np.round(rows, 9), axis=0, return_inverse=True)[1].ravel()
            columns.append(number + offset)
            offset += int(number.max()) + 1
    ends = np.tile(np.arange(n), len(columns)), np.concatenate(columns)
    graph = coo_matrix((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(offset, offset))
    return np.asarray(connected_components(graph, directed=False)[1][:n], dtype=np.int64)


def reach(residuals: FloatArray) -> FloatArray:
    """Return the quantiles of the residual at `PROBABILITIES`, in standard deviations, shape (9,), odd about 0.

    Args:
        residuals: standardised leave-one-out residuals, (n,), n >= 1.
    """
    size = np.sort(np.abs(residuals))
    return np.array([np.sign(p - 0.5) * _reach(size, abs(2.0 * p - 1.0)) for p in PROBABILITIES])


def _reach(size: FloatArray, level: float) -> float:
    if level < 1e-12:
        return 0.0
    n = len(size)
    place = int(np.ceil(level * (n + 1) - 1e-9))
    if place <= n:
        return float(size[place - 1])
    largest = n / (n + 1.0)
    return float(size[-1] * norm.ppf(0.5 + 0.5 * level) / norm.ppf(0.5 + 0.5 * largest))
