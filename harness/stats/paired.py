"""Differences to a reference, pair by pair of seeds.

Two searchers meet the same trials under the same seed, so their difference per seed is freed from what both
share. A difference is `searcher - reference` in percent points of accuracy: **positive where the searcher is better**.
On a tabular benchmark both often end at the same arch; these zero differences are kept in the ranking (Pratt
1959), so that they count as what they are, evidence of no difference.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from harness.stats.aggregates import matrix
from pmfnas.core.types import FloatArray

EXACT_UP_TO = 50
"""Non-zero differences up to which the p-value is exact, also under ties; beyond, the normal approximation."""

_DECIMALS = 9  # differences of trial means that agree to here are ties of the benchmark, not of rounding


def outcomes(differences: ArrayLike) -> tuple[int, int, int]:
    """Return how many pairs the searcher wins, ties and loses."""
    signs = np.sign(_clean(differences))
    return int((signs > 0).sum()), int((signs == 0).sum()), int((signs < 0).sum())


def signed_ranks(differences: ArrayLike) -> FloatArray:
    """Return the rank of each |difference| among all, zeros included, with the difference's sign (0 for zeros).

    Shape (n_pairs,). Ties share their mean rank.
    """
    values = _clean(differences)
    return np.asarray(np.sign(values) * stats.rankdata(np.abs(values)))


def wilcoxon_p(differences: ArrayLike) -> float:
    """Return the two-sided p-value of the signed-rank test; 1 where all differences are zero.

    With up to `EXACT_UP_TO` non-zero differences it is the exact chance, under random signs, of a rank sum at
    least as extreme; ties and zeros keep their ranks. Beyond, it is `scipy.stats.wilcoxon` with Pratt's zeros, the
    normal approximation with tie correction and no continuity correction.

    Source: Wilcoxon 1945 (Biometrics Bulletin 1:80-83); zeros: Pratt 1959 (JASA 54:655-667), Cureton 1967.
    """
    ranks = signed_ranks(differences)
    n_moved = int(np.count_nonzero(ranks))
    if n_moved == 0:
        return 1.0
    if n_moved <= EXACT_UP_TO:
        return _exact_p(ranks[ranks != 0])
    test = stats.wilcoxon(_clean(differences), zero_method="pratt", correction=False, method="approx")
    return float(test.pvalue)


def rank_biserial(differences: ArrayLike) -> float:
    """Return the matched-pairs rank-biserial correlation, in [-1, 1]; **positive where the searcher is better**.

    The rank sum of wins less that of losses, over the sum of all ranks: (W+ - W-) / (n (n + 1) / 2). Zero
    differences are ranked and count for neither side (as half for each), so a searcher that mostly ties stays near 0.
    Without zeros it is Kerby's 2014 measure (Comprehensive Psychology 3:1).
    """
    ranks = signed_ranks(differences)
    n = len(ranks)
    return float(ranks.sum() / (n * (n + 1) / 2))


def holm(p_values: ArrayLike) -> FloatArray:
    """Return Holm's adjusted p-values of one family; NaN entries are no members and stay NaN.

    Of k members sorted upwards, the i-th (from 0) becomes the largest (k - j) p_j over j <= i, at most 1. Bounds the
    chance of any false rejection under every dependence. Source: Holm 1979 (Scand. J. Statistics 6:65-70).
    """
    values = np.asarray(p_values, dtype=np.float64)
    members = np.flatnonzero(~np.isnan(values))
    order = members[np.argsort(values[members], kind="stable")]
    steps = values[order] * np.arange(len(order), 0, -1)
    adjusted = np.full(values.shape, np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def _clean(differences: ArrayLike) -> FloatArray:
    return np.round(matrix(differences)[:, 0], _DECIMALS)


def _exact_p(ranks: FloatArray) -> float:
    """Return the two-sided chance of the positive rank sum when every sign is a fair coin.

    The distribution is built by one convolution per rank, on twice the ranks, which are whole also under ties.
    """
    doubled = np.rint(2 * np.abs(ranks)).astype(np.int64)
    chance = np.zeros(int(doubled.sum()) + 1)
    chance[0] = 1.0
    for rank in doubled:
        moved = chance[: len(chance) - rank].copy()
        chance *= 0.5
        chance[rank:] += 0.5 * moved
    positive = int(doubled[ranks > 0].sum())
    # The distribution is symmetric, so twice the smaller tail is the two-sided chance.
    return float(min(1.0, 2 * min(chance[: positive + 1].sum(), chance[positive:].sum())))
