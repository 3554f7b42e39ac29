"""From the medium to the highest fidelity: a joint Gaussian belief about final scores.

    t_a = shift + m_a + slope (m_a - m_best) + lift_a + r_a,      z_a = t_a + noise

m is the posterior of the medium score, jointly over archs; shift, slope and residual r are Gaussian a priori, and
every full training z conditions all archs at once. A full training so tells of its neighbours in m too, and an
arch without one competes on equal terms with those that have one.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from pmfnas.core.types import Arch, FloatArray
from pmfnas.engine.settings import Settings

_SHIFT_VARIANCE = 4.0
"""Prior variance of the gap between the levels (logits): wide, for it concerns all archs alike."""


@dataclass(frozen=True, slots=True)
class FinalBelief:
    """What is believed of the final scores of some archs, in log odds."""

    archs: tuple[Arch, ...]
    mean: FloatArray  # (k,)
    cov: FloatArray  # (k, k)
    noise2: float
    """Variance of one full training's noise."""
    trained: frozenset[int]
    """Places of the archs that have a full training."""
    promise: FloatArray  # (k,) mean of the true medium score, and the capacity belief
    medium_cov: FloatArray  # (k, k)

    def sorted(self) -> "FinalBelief":
        """Return the same belief, best mean first."""
        order = np.argsort(-self.mean, kind="stable")
        place = {int(old): new for new, old in enumerate(order)}
        grid = np.ix_(order, order)
        return FinalBelief(
            tuple(self.archs[i] for i in order),
            self.mean[order],
            self.cov[grid],
            self.noise2,
            frozenset(place[i] for i in self.trained),
            self.promise[order],
            self.medium_cov[grid],
        )


def believe(
    archs: tuple[Arch, ...],
    medium: tuple[FloatArray, FloatArray, float],
    lift: FloatArray,
    finals: list[tuple[int, float]],
    settings: Settings,
) -> FinalBelief:
    """Return the belief about the final scores of `archs`.

    Args:
        archs: whom it is about, k of them.
        medium: mean (k,) and covariance (k, k) of the true medium scores, and the noise variance of a trial.
        lift: what the capacity belief adds, (k,).
        finals: (place of the arch, score) of every full training.
        settings: of the run.
    """
    m_mean, m_cov, trial2 = medium
    noise2 = settings.final_noise**2 * trial2
    residual2 = settings.residual**2 * trial2
    mean = promise = m_mean + lift
    gap = m_mean - m_mean.max(initial=-np.inf)
    shared = m_cov + _SHIFT_VARIANCE + settings.slope_std**2 * np.outer(gap, gap)
    cov = shared + residual2 * np.eye(len(archs))
    if finals:
        growth = _growth(mean, cov, noise2, finals, settings.residual_weight)
        noise2, cov = noise2 * growth, shared + growth * residual2 * np.eye(len(archs))
        mean, cov = condition(mean, cov, noise2, finals)
    return FinalBelief(archs, mean, cov, noise2, frozenset(i for i, _ in finals), promise, m_cov)


def condition(
    mean: FloatArray, cov: FloatArray, noise2: float, seen: list[tuple[int, float]]
) -> tuple[FloatArray, FloatArray]:
    """Return mean and covariance of a Gaussian vector after noisy values of some of its entries."""
    at = [i for i, _ in seen]
    values = np.array([z for _, z in seen])
    factor = cho_factor(cov[np.ix_(at, at)] + noise2 * np.eye(len(at)), lower=True)
    gain = cho_solve(factor, cov[at]).T  # (k, n_seen)
    return mean + gain @ (values - mean[at]), cov - gain @ cov[at]


def _growth(mean: FloatArray, cov: FloatArray, noise2: float, seen: list[tuple[int, float]], weight: float) -> float:
    """Return by how much residual and noise variances must grow to explain the full trainings seen.

    The mean squared innovation, one degree of freedom spent on the shift, pulled to 1 by `weight` trainings.
    """
    at = [i for i, _ in seen]
    innovation = np.array([z for _, z in seen]) - mean[at]
    factor = cho_factor(cov[np.ix_(at, at)] + noise2 * np.eye(len(at)), lower=True)
    misfit = float(innovation @ cho_solve(factor, innovation))
    return (weight + misfit) / (weight + max(len(at) - 1, 0) + 1e-9)
