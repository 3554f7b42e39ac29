"""From the medium level to the end of the last schedule: a joint Gaussian belief about final scores.

    t_a = m_a + slope (m_a - m_best) + kappa z_a + r_a                the truth
    p_a = t_a + shift_probe + noise                                   what a probe shows
    z_a = t_a + shift_full + noise                                    what a full training shows

m is the posterior of the medium score, jointly over archs, z the capacity; slope, kappa, residual r and the two shifts
are Gaussian a priori.
A *probe* is a short training under the last schedule: its training loss tells who profits from the longer schedule
(the sum of training losses predicts generalisation: Ru et al., NeurIPS 2021, arXiv 2006.04492; here its last value,
times a slope). Every probe and every full training conditions all archs at once, so an arch without one competes
on equal terms with those that have one. The chain of fidelities is the idea of Kennedy and O'Hagan, Biometrika 2000.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.types import Arch, FloatArray
from pmfnas.engine.model.capacity import NOTHING, Normal
from pmfnas.engine.model.triangular import factor_of, solve
from pmfnas.engine.settings import Settings

PROBE, FULL = 0, 1
"""Kinds of sightings of a final score."""
_SHIFT_VARIANCE = 4.0
"""Prior variance of the shift of a kind (log odds): wide, for it concerns all archs alike."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One probe or full training."""

    arch: Arch
    kind: int
    value: float
    """Log odds; of a probe -log training loss, times `probe_slope`."""


@dataclass(frozen=True, slots=True)
class FinalBelief:
    """What is believed of the final scores of some archs, in log odds."""

    archs: tuple[Arch, ...]
    """Best mean first."""
    mean: FloatArray  # (k,)
    joint: FloatArray  # (k + 2, k + 2) covariance of the final scores and the shifts of both kinds
    noise2: FloatArray  # (2,) noise variance of a sighting, by kind
    sighted: Mapping[Arch, int]
    """Archs with a probe or a full training, and the latter where both."""
    promise: FloatArray  # (k,) mean of the true medium score, and the capacity belief
    medium_cov: FloatArray  # (k, k)
    kappa: Normal = NOTHING
    """What capacity adds, per standard deviation of it."""

    @property
    def std(self) -> FloatArray:
        """Standard deviations of the final scores, (k,)."""
        return np.sqrt(np.maximum(np.diag(self.joint)[: len(self.archs)], 0.0))

    def unsighted(self) -> list[int]:
        """Return the places of the archs without probe and full training, best mean first."""
        return [i for i, arch in enumerate(self.archs) if arch not in self.sighted]

    def with_kind(self, kind: int) -> list[int]:
        """Return the places of the archs whose best sighting is of that kind, best mean first."""
        return [i for i, arch in enumerate(self.archs) if self.sighted.get(arch) == kind]

    def sorted(self) -> "FinalBelief":
        """Return the same belief, best mean first."""
        order = np.argsort(-self.mean, kind="stable")
        wide = np.append(order, [len(order), len(order) + 1])
        return FinalBelief(
            tuple(self.archs[i] for i in order),
            self.mean[order],
            self.joint[np.ix_(wide, wide)],
            self.noise2,
            self.sighted,
            self.promise[order],
            self.medium_cov[np.ix_(order, order)],
            self.kappa,
        )


def believe(
    archs: tuple[Arch, ...],
    medium: tuple[FloatArray, FloatArray, float],
    capacity: tuple[FloatArray, Normal],
    sightings: list[Sighting],
    settings: Settings,
) -> FinalBelief:
    """Return the belief about the final scores of `archs`, best first.

    Args:
        archs: k archs.
        medium: mean (k,) and covariance (k, k) of the true medium scores, and the noise variance of a trial.
        capacity: of the archs, (k,), and what is believed that it adds.
        sightings: of archs among `archs`.
        settings: of the run.
    """
    (m_mean, m_cov, trial2), (z, kappa) = medium, capacity
    promise = m_mean + kappa.mean * z
    gap = m_mean - m_mean.max(initial=-np.inf)
    noise2 = np.array([settings.probe_noise, settings.full_noise]) ** 2 * trial2
    residual2 = settings.residual**2 * trial2
    scores = m_cov + settings.slope_std**2 * np.outer(gap, gap) + kappa.variance * np.outer(z, z)
    sighted: dict[Arch, int] = {}
    for sighting in sightings:
        sighted[sighting.arch] = max(sighting.kind, sighted.get(sighting.arch, PROBE))
    if not sightings:
        return FinalBelief(archs, promise, _joint(scores, residual2), noise2, sighted, promise, m_cov, kappa).sorted()
    rows, kinds = _rows(archs, sightings)
    start = np.append(promise, _shifts(rows, kinds, np.array([s.value for s in sightings]), promise))
    innovation = np.array([s.value for s in sightings]) - rows @ start
    growth = _growth(rows, _joint(scores, residual2), noise2[kinds], innovation, settings.residual_weight)
    noise2, joint = noise2 * growth, _joint(scores, residual2 * growth)
    factor = _factor(rows, joint, noise2[kinds])
    gain = solve(factor, rows @ joint).T  # (k + 2, n)
    mean = start + gain @ innovation
    joint = joint - gain @ (rows @ joint)
    told = kappa.variance * (rows[:, : len(z)] @ z)  # (n,) covariance of kappa and the sightings
    kappa = Normal(
        kappa.mean + float(told @ solve(factor, innovation)),
        kappa.variance - float(told @ solve(factor, told)),
    )
    return FinalBelief(
        archs, mean[: len(archs)], joint, noise2, sighted, m_mean + kappa.mean * z, m_cov, kappa
    ).sorted()


def _joint(scores: FloatArray, residual2: float) -> FloatArray:
    """Return the prior covariance of k final scores and two shifts, (k + 2, k + 2)."""
    k = len(scores)
    joint = _SHIFT_VARIANCE * np.eye(k + 2)
    joint[:k, :k] = scores + residual2 * np.eye(k)
    return joint


def _rows(archs: tuple[Arch, ...], seen: list[Sighting]) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return what each sighting adds up, (n, k + 2), and its kind, (n,)."""
    place = {arch: i for i, arch in enumerate(archs)}
    kinds = np.array([s.kind for s in seen])
    rows = np.zeros((len(seen), len(archs) + 2))
    rows[np.arange(len(seen)), [place[s.arch] for s in seen]] = 1.0
    rows[np.arange(len(seen)), len(archs) + kinds] = 1.0
    return rows, kinds


def _shifts(rows: FloatArray, kinds: NDArray[np.int64], values: FloatArray, promise: FloatArray) -> FloatArray:
    """Return the mean gap between sightings and promise, by kind, (2,): where the shifts are centred."""
    gaps = values - rows[:, : len(promise)] @ promise
    return np.array([gaps[kinds == kind].mean() if (kinds == kind).any() else 0.0 for kind in (PROBE, FULL)])


def _factor(rows: FloatArray, joint: FloatArray, noise2: FloatArray) -> FloatArray:
    """Return the lower Cholesky factor of the covariance of sightings, (n, n)."""
    return factor_of(rows @ joint @ rows.T + np.diag(noise2))


def _growth(rows: FloatArray, joint: FloatArray, noise2: FloatArray, innovation: FloatArray, weight: float) -> float:
    """Return by how much residual and noise variances must grow to explain the sightings.

    The mean squared innovation, a degree of freedom spent on each shift, pulled to 1 by `weight` sightings.
    """
    misfit = float(innovation @ solve(_factor(rows, joint, noise2), innovation))
    n_shifts = int((rows[:, -2:].sum(axis=0) > 0).sum())
    return (weight + misfit) / (weight + max(len(innovation) - n_shifts, 0) + 1e-9)
