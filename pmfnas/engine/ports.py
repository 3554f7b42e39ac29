"""What the searcher asks of its predictor: the port through which another one can be handed in.

`pmfnas.engine.predictor.Predictor` fills it. A study hands in a wrapper around that one, whose uncertainty is
distorted. This is the predictor of a search, with its bookkeeping; the public one, for curves in general, is
`pmfnas.core.predictors.Predictor`.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from pmfnas.core.types import Arch, Curve, FloatArray
from pmfnas.engine.pool import Pool
from pmfnas.engine.settings import Settings
from pmfnas.engine.transfer import FinalBelief


class SearchPredictor(Protocol):
    """Learns from curves; predicts unseen archs, archs with an early curve, and final scores, in log odds."""

    @property
    def started(self) -> FloatArray:
        """Scaled features of the archs that were started, (n_started, d)."""
        ...

    @property
    def n_medium(self) -> int:
        """Number of medium scores."""
        ...

    @property
    def trial_noise2(self) -> float:
        """Variance of one medium trial's noise."""
        ...

    def tell_low(self, arch: Arch, curve: Curve) -> None:
        """Take note of a curve that ended at the low level."""
        ...

    def tell_medium(self, arch: Arch, curve: Curve) -> None:
        """Take note of a curve that ended at the medium level."""
        ...

    def tell_probe(self, arch: Arch, curve: Curve) -> None:
        """Take note of a curve that ended at the probe."""
        ...

    def tell_high(self, arch: Arch, curve: Curve) -> None:
        """Take note of a full training."""
        ...

    def tell_diverged(self, arch: Arch) -> None:
        """Take note of an arch that produced no score."""
        ...

    def note_start(self, place: int) -> None:
        """Take note that the arch at `place` of the pool was started."""
        ...

    def refresh(self) -> bool:
        """Learn anew where enough was told; return whether."""
        ...

    def propose(self, n: int) -> list[int]:
        """Return up to `n` distinct free places of the pool."""
        ...

    def unseen(self, places: Sequence[int]) -> tuple[FloatArray, FloatArray]:
        """Return mean and std of the promise of archs never trained, (n,) each."""
        ...

    def early(self, archs: list[Arch]) -> tuple[FloatArray, FloatArray]:
        """Return mean and std of the promise of archs with an early curve, (n,) each."""
        ...

    def final(self, n: int) -> FinalBelief:
        """Return the belief about the final scores of the `n` best archs with a medium score, best first."""
        ...

    def best_promise(self) -> float:
        """Return the best promise of an arch with a medium score."""
        ...

    def latest_promise(self) -> float:
        """Return the promise of the medium score told last, -inf where it diverged."""
        ...

    def by_plain_rule(self) -> list[Arch]:
        """Return archs by the best value seen."""
        ...

    def by_early_curve(self) -> list[Arch]:
        """Return the archs with an early curve, best expected first."""
        ...


class PredictorFactory(Protocol):
    """Makes the predictor of a run."""

    def __call__(self, pool: Pool, settings: Settings, *, rng: np.random.Generator) -> SearchPredictor:
        """Return a predictor that knows nothing yet of the archs of `pool`."""
        ...
