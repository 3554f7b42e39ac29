"""How far off the process is, from what it says of each label when that label is left out, and its relatives'.

Conformal prediction (Vovk, Gammerman and Shafer 2005; with leave-one-out residuals Barber et al., Annals of Statistics
2021, arXiv 1905.02928): the interval of a level reaches as many standard deviations as the smallest residual that
ceil(level (n + 1)) of the n residuals do not exceed. Archs drawn like those learnt from then fall within it as often
as the level says, whatever the distribution is; archs that were selected need not.

Deviation: residuals are in units of the process's standard deviation, whose hyperparameters saw all labels. Beyond the
largest residual an interval grows as that of a normal distribution does.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.stats import norm

from pmfnas.core.predictors import PROBABILITIES
from pmfnas.core.types import FloatArray


def families(*features: FloatArray) -> NDArray[np.int64]:
    """Return a number per row, (n,), shared by rows that agree in any of the `features`, (n, d) each.

    Archs with the same features are isomorphic or as good as that, and those with the same curve are copies of one
    training: with a relative among the labels, an arch is easier to predict than the archs that will be asked about.
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
    """Return the quantiles at `PROBABILITIES` of what is off, in standard deviations, shape (9,): odd about 0.

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
