"""A Bayesian linear regression that learns outcome by outcome, and knows how wide its intervals have to be."""

from dataclasses import dataclass

import numpy as np

from pmfnas.core.types import FloatArray

Z90 = 1.6448536269514722
"""Half-width of the central 90 % interval of a normal, in standard deviations."""
_MISSES = 0.1
"""Share of outcomes that may lie outside the interval."""
_STEP = 0.15
"""By how much the log of the interval's factor moves at a miss, less `_MISSES` of it at every outcome."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What is declared of a regression before anything was told."""

    weights: tuple[float, ...]
    stds: tuple[float, ...]
    """Of the weights."""
    noise: float
    """Standard deviation of an outcome, given the weights."""
    weight: float = 4.0
    """Of the noise, in outcomes."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A normal forecast."""

    mean: float
    std: float


class Regression:
    """A Bayesian linear regression with unknown noise (normal-inverse-gamma), and the factor on its intervals.

    Source: Gelman et al., *Bayesian Data Analysis*, 3rd edition, section 14.8; the factor: see the module.
    """

    def __init__(self, prior: Prior) -> None:
        self._precision = np.diag(prior.noise**2 / np.square(prior.stds))  # (d, d) in units of the noise
        self._moment = self._precision @ np.array(prior.weights)
        self._square = float(np.array(prior.weights) @ self._moment) + prior.weight * prior.noise**2
        self._n = prior.weight
        self._factor = 1.0
        self.weights = np.array(prior.weights)
        """Posterior means, (d,)."""

    @property
    def noise2(self) -> float:
        """Variance of an outcome, given the weights."""
        return max(self._square - float(self.weights @ self._moment), 1e-12) / self._n

    def foresee(self, x: FloatArray) -> Forecast:
        """Return what is expected at inputs (d,)."""
        spread2 = self.noise2 * (1.0 + float(x @ np.linalg.solve(self._precision, x)))
        return Forecast(float(self.weights @ x), self._factor * float(np.sqrt(spread2)))

    def tell(self, x: FloatArray, y: float, forecast: Forecast | None = None) -> None:
        """Learn an outcome, and from the forecast of it, if there was one."""
        self._precision = self._precision + np.outer(x, x)
        self._moment = self._moment + y * x
        self._square += y * y
        self._n += 1.0
        self.weights = np.linalg.solve(self._precision, self._moment)
        if forecast is None:
            return
        missed = abs(y - forecast.mean) > Z90 * forecast.std
        self._factor *= float(np.exp(_STEP * (missed - _MISSES)))
