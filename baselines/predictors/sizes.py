"""Parameters and floating-point operations as scores: controls that a learning predictor must beat.

Source: they are among the strongest zero-cost proxies on many spaces (White et al., blog post of ICLR 2022, "A deeper
look at zero-cost proxies for lightweight NAS").
"""

import numpy as np

from pmfnas.core.ports import Space
from pmfnas.core.predictors import Observed, Prediction, Reads
from pmfnas.core.types import Fidelity, FloatArray


class Flops:
    """Ranks archs by their floating-point operations, most first."""

    reads = Reads(labels=False, curves="none")

    def __init__(self, space: Space, target: Fidelity, *, rng: np.random.Generator) -> None:
        del target, rng
        self._space = space

    def fit(self, known: Observed, labels: FloatArray) -> None:
        """Do nothing: the rule has no parameters."""

    def predict(self, queries: Observed) -> Prediction:
        """Return millions of operations as scores."""
        return Prediction(np.array([self._space.flops_m(arch) for arch in queries.archs]))


class Params:
    """Ranks archs by their parameters, most first."""

    reads = Reads(labels=False, curves="none")

    def __init__(self, space: Space, target: Fidelity, *, rng: np.random.Generator) -> None:
        del target, rng
        self._space = space

    def fit(self, known: Observed, labels: FloatArray) -> None:
        """Do nothing: the rule has no parameters."""

    def predict(self, queries: Observed) -> Prediction:
        """Return millions of parameters as scores."""
        return Prediction(np.array([self._space.params_m(arch) for arch in queries.archs]))
