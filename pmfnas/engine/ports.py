"""The predictor of a search as the searcher asks it: told curves, it answers with means and uncertainties.

    tell         a curve, and what it changed
    standing     the scores told, in short
    posterior    archs without a medium score: mean and std
    screen       the best of very many of them
    final        the best archs with a medium score: a joint belief about their final scores
    paths        joint draws

It proposes nothing, values nothing and keeps no books: `proposals`, `choices` and `record` do. All figures are log
odds on the scale of the medium level. A **promise** is what the medium score of an arch would be, and what its capacity
is believed to add by the end of the last schedule. `pmfnas.engine.predictor.Predictor` fills the port. The public port,
for curves in general, is `pmfnas.core.predictors.Predictor`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.types import Arch, Curve, FloatArray
from pmfnas.engine.ladder import Level
from pmfnas.engine.model.capacity import NOTHING, Normal
from pmfnas.engine.model.transfer import FinalBelief
from pmfnas.engine.settings import Settings


@dataclass(frozen=True, slots=True)
class News:
    """What a curve changed in what a predictor answers."""

    finals: bool = False
    """Whether the belief about final scores may have changed."""
    leaders: tuple[Arch, ...] = ()
    """After hyperparameters were chosen again, which changes every answer: the best archs with a medium score."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The medium scores told, in short."""

    best: float
    """Best promise of an arch with a medium score; the worst score while no arch has one."""
    level: float
    """Median score."""
    trial_noise2: float
    """Variance of one medium trial's noise."""
    slope: Normal = NOTHING
    """What is believed of the slope of the medium scores on capacity, both standardised."""


class Posterior(Protocol):
    """Promises of some archs without a medium score. `Promises` fills it."""

    @property
    def mean(self) -> FloatArray:
        """Means, (n,)."""
        ...

    @property
    def std(self) -> FloatArray:
        """Standard deviations, (n,)."""
        ...


@dataclass(frozen=True, slots=True)
class Promises:
    """Means and standard deviations as they are."""

    mean: FloatArray  # (n,)
    std: FloatArray  # (n,)


@dataclass(frozen=True, slots=True)
class Screened:
    """The best of very many archs never trained, best mean first."""

    places: NDArray[np.int64]  # (n,)
    mean: FloatArray  # (n,) of the promise, above the level of the scores
    std: FloatArray  # (n,) as the process has it, not corrected by how far its forecasts missed


class Features(Protocol):
    """The archs of a run by place, as a predictor sees them. `pmfnas.engine.pool.Pool` fills it."""

    archs: list[Arch]
    x: FloatArray  # (n_archs, d) scaled features
    capacity: FloatArray  # (n_archs,) in standard deviations

    def place(self, arch: Arch) -> int:
        """Return the place of an arch."""
        ...

    def number(self, arch: Arch) -> int:
        """Return the number of the canonical form of an arch."""
        ...


class SearchPredictor(Protocol):
    """Learns from curves; predicts archs never trained, archs with an early curve, and final scores."""

    def tell(self, arch: Arch, level: Level, curve: Curve | None) -> News:
        """Learn from a curve that ended at `level`, or from a training that diverged on the way (None)."""
        ...

    @property
    def standing(self) -> Standing:
        """The medium scores told, in short."""
        ...

    def posterior(self, places: Sequence[int]) -> Posterior:
        """Return the promises of archs without a medium score; an early curve counts where one was told."""
        ...

    def screen(self, places: NDArray[np.int64], n: int) -> Screened:
        """Return the `n` archs of the best mean promises among archs never trained."""
        ...

    def final(self, n: int) -> FinalBelief:
        """Return the belief about the final scores of the `n` best archs with a medium score, best first."""
        ...

    def paths(self, places: NDArray[np.int64], n: int, *, spread: float = 1.0) -> FloatArray:
        """Return `n` joint draws of the promises of archs never trained, (n_places, n), up to scale and level.

        Args:
            places: of the archs. Covariances with the array asked about last are kept: hand in the same one again.
            n: number of draws.
            spread: factor on what a draw deviates from the mean; 0 draws the mean.
        """
        ...


class PredictorFactory(Protocol):
    """Makes the predictor of a run."""

    def __call__(self, archs: Features, settings: Settings, *, rng: np.random.Generator) -> SearchPredictor:
        """Return a predictor that knows nothing yet of the scores of `archs`."""
        ...
