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
    memory: float = 1.0
    """How much of what was told still counts after one more outcome. What is declared is never forgotten."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A normal forecast."""

    mean: float
    std: float


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums over outcomes, of which a normal-inverse-gamma posterior is made."""

    precision: FloatArray  # (d, d) of x x'
    moment: FloatArray  # (d,) of y x
    square: float
    """Of y^2."""
    n: float

    def plus(self, other: "_Sums") -> "_Sums":
        """Return the sums of both."""
        return _Sums(
            self.precision + other.precision, self.moment + other.moment, self.square + other.square, self.n + other.n
        )

    def times(self, share: float) -> "_Sums":
        """Return the sums where every outcome counts for `share`."""
        return _Sums(share * self.precision, share * self.moment, share * self.square, share * self.n)


class Regression:
    """A Bayesian linear regression with unknown noise (normal-inverse-gamma), and the factor on its intervals.

    Source: Gelman et al., *Bayesian Data Analysis*, 3rd edition, section 14.8; the factor: see the module.
    """

    def __init__(self, prior: Prior) -> None:
        weights = np.array(prior.weights)
        precision = np.diag(prior.noise**2 / np.square(prior.stds))  # (d, d) in units of the noise
        square = float(weights @ precision @ weights) + prior.weight * prior.noise**2
        self._declared = _Sums(precision, precision @ weights, square, prior.weight)
        self._told = _Sums(np.zeros_like(precision), np.zeros_like(weights), 0.0, 0.0)
        self._memory, self._factor = prior.memory, 1.0
        self._learn()

    def foresee(self, x: FloatArray) -> Forecast:
        """Return what is expected at inputs (d,)."""
        spread2 = self.noise2 * (1.0 + float(x @ self._inverse @ x))
        return Forecast(float(self.weights @ x), self._factor * float(np.sqrt(spread2)))

    def tell(self, x: FloatArray, y: float, forecast: Forecast | None = None) -> None:
        """Learn an outcome, and from the forecast of it, if there was one."""
        self._told = self._told.times(self._memory).plus(_Sums(np.outer(x, x), y * x, y * y, 1.0))
        self._learn()
        if forecast is None:
            return
        missed = abs(y - forecast.mean) > Z90 * forecast.std
        self._factor *= float(np.exp(_STEP * (missed - _MISSES)))

    def _learn(self) -> None:
        known = self._declared.plus(self._told)
        self._inverse = np.linalg.inv(known.precision)  # (d, d)
        self.weights = self._inverse @ known.moment
        """Posterior means, (d,)."""
        self.noise2 = max(known.square - float(self.weights @ known.moment), 1e-12) / known.n
        """Variance of an outcome, given the weights."""
