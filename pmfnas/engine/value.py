"""What the answer to a question is worth: expected gains, in log odds.

The gain of a segment is by how much the best posterior mean is expected to rise when its outcome is known. It grows
with the predicted mean and with the uncertainty that the outcome removes.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.special import ndtr

from pmfnas.core.types import FloatArray
from pmfnas.engine.model.transfer import FinalBelief
from pmfnas.engine.model.triangular import factor_of, whiten

_NODES = np.linspace(-6.0, 6.0, 97)
_WEIGHTS = np.exp(-0.5 * _NODES**2) / np.exp(-0.5 * _NODES**2).sum()


def expected_gain(mean: FloatArray, std: FloatArray, best: float) -> FloatArray:
    """Return the expected rise above `best` of Gaussian posterior means, shape of `mean`.

    Source: expected improvement (Jones, Schonlau and Welch, J. Global Optimization 1998, eq. 15).
    """
    std = np.maximum(std, 1e-12)
    z = (mean - best) / std
    return np.asarray(np.maximum(std * (z * ndtr(z) + np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)), 0.0))


def informed_std(std: FloatArray, noise2: float) -> FloatArray:
    """Return how far a posterior mean is expected to move when one noisy trial of it is seen."""
    return np.asarray(std * std / np.sqrt(std * std + noise2 + 1e-18))


def knowledge_gradient(mean: FloatArray, cov: FloatArray, place: int, noise2: float) -> float:
    """Return the expected rise of the best of correlated posterior means when entry `place` is measured once.

    Source: knowledge gradient for correlated beliefs (Frazier, Powell and Dayanik, INFORMS J. Computing 2009,
    section 2.2), by quadrature.
    """
    move = cov[:, place] / np.sqrt(cov[place, place] + noise2 + 1e-18)  # (k,)
    after = (mean[:, None] + move[:, None] * _NODES).max(axis=0)  # (97,)
    return max(0.0, float(after @ _WEIGHTS - mean.max()))


def gain_of_sightings(belief: FinalBelief, chosen: list[int], kind: int, draws: FloatArray) -> float:
    """Return by how much the best posterior mean is expected to rise when the archs at `chosen` are sighted."""
    return gains_of_sightings(belief, chosen, kind, draws, [len(chosen)])[0]


def gains_of_sightings(
    belief: FinalBelief, chosen: list[int], kind: int, draws: FloatArray, sizes: Sequence[int]
) -> list[float]:
    """Return the same for each of several batches, which hold the first archs at `chosen`.

    The posterior means after the sightings are Gaussian around the present ones; their covariance is what the
    sightings take from the present covariance. The expectation is a mean over `draws`: the knowledge gradient
    for correlated beliefs of a batch (Wu and Frazier, NeurIPS 2016, arXiv 1606.04414, section 4). As moves are those
    of one sighting after another, a larger batch only adds to a smaller one.

    Args:
        belief: about the final scores, best first.
        chosen: places in it.
        kind: of the sightings, `PROBE` or `FULL`.
        draws: standard normal numbers, (n_draws, n_chosen at least).
        sizes: of the batches, rising, `len(chosen)` at most.
    """
    k, n = len(belief.archs), len(chosen)
    told = belief.joint[chosen] + belief.joint[k + kind]  # (n, k + 2)
    seen = told[:, chosen] + told[:, [k + kind]] + belief.noise2[kind] * np.eye(n)
    moves = whiten(factor_of(seen), told[:, :k])  # (n, k)
    moves = moves - moves[:, :1]
    lead, gains = np.repeat(belief.mean[:, None], len(draws), axis=1), []  # (k, n_draws)
    for begin, end in pairwise((0, *sizes)):
        lead += moves[begin:end].T @ draws[:, begin:end].T
        gains.append(float(np.maximum(lead.max(axis=0) - belief.mean[0], 0.0).mean()))
    return gains
