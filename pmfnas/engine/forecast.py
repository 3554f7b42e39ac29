"""What will be told of a request: mean and interval of the validation accuracy at the level that it is about.

    y = w . (1, early guess, decision's mean) + noise        medium score of an arch that is started, or goes on
    y = w . (1, decision's mean) + noise                     the same of a replicate; final score of probes and finishes

in log odds. The numbers by which a run decides are made to compare archs: a promise holds a belief about the end, bad
archs are compressed. So forecasts are a layer of their own, which learns within the run from its own record what these
numbers have meant so far: a Bayesian linear regression per kind of decision, with a declared prior, and a factor on its
interval that is widened after every miss and narrowed after every hit (adaptive conformal inference, Gibbs and Candes,
NeurIPS 2021, arXiv 2106.00170, eq. 2, on the scale of the interval). Nothing is decided by them.
"""

from dataclasses import dataclass

import numpy as np

from pmfnas.core.types import Arch, Curve, FloatArray, Reason
from pmfnas.engine.choices import Choice
from pmfnas.engine.ladder import Level
from pmfnas.engine.model import curves
from pmfnas.engine.model.curves import percent

_Z90 = 1.6448536269514722
"""Half-width of the central 90 % interval of a normal, in standard deviations."""
_MISSES = 0.1
"""Share of outcomes that may lie outside the interval."""
_STEP = 0.15
"""By how much the log of the interval's factor moves at a miss, less `_MISSES` of it at every outcome."""
_NODES = np.linspace(-2.5, 2.5, 11)
_WEIGHTS = np.exp(-0.5 * _NODES**2) / np.exp(-0.5 * _NODES**2).sum()


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
    """A normal forecast in log odds."""

    mean: float
    std: float

    @property
    def reason(self) -> Reason:
        """As part of a request's reason, percent: expectation, the ends of the 90 % interval, and its width as a std."""
        low, high = percent(self.mean - _Z90 * self.std), percent(self.mean + _Z90 * self.std)
        mean = _WEIGHTS @ np.array([percent(self.mean + self.std * node) for node in _NODES])
        return {"mean": float(mean), "std": (high - low) / (2.0 * _Z90), "low": low, "high": high}


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

    def foresee(self, x: FloatArray) -> Forecast:
        """Return what is expected at inputs (d,)."""
        weights = np.linalg.solve(self._precision, self._moment)
        noise2 = max(self._square - float(weights @ self._moment), 1e-12) / self._n
        spread2 = noise2 * (1.0 + float(x @ np.linalg.solve(self._precision, x)))
        return Forecast(float(weights @ x), self._factor * float(np.sqrt(spread2)))

    def tell(self, x: FloatArray, y: float, forecast: Forecast) -> None:
        """Learn the outcome of a forecast."""
        self._precision = self._precision + np.outer(x, x)
        self._moment = self._moment + y * x
        self._square += y * y
        self._n += 1.0
        missed = abs(y - forecast.mean) > _Z90 * forecast.std
        self._factor *= float(np.exp(_STEP * (missed - _MISSES)))


_GROWTH = 1.4
"""Declared: rise of the log odds of validation from the low to the medium level."""
_PRIORS = {
    "start": Prior((0.15, 0.5, 0.5), (0.5, 0.25, 0.25), 0.4),  # what goes on is better than the average start
    "continue": Prior((0.0, 0.5, 0.5), (0.4, 0.25, 0.25), 0.2),
    "again": Prior((0.0, 1.0), (0.03, 0.03), 0.03),
    "final": Prior((0.6, 1.0), (0.15, 0.05), 0.04),  # the last schedule is longer than the medium level
}
"""Declared, in log odds, by the kind of decision."""
_BLIND = Forecast(0.0, 1.5)
"""Before anything was told."""
_FEW = 3
"""Medium scores before the means of decisions mean anything."""


@dataclass(frozen=True, slots=True)
class _Open:
    """A forecast without an outcome."""

    kind: str
    x: FloatArray
    forecast: Forecast


class Forecaster:
    """Says of every choice what will be told, and learns from what is told.

    The forecast of a start or a continuation is about the medium score of the arch, if it goes so far; that of a probe, a
    finish or a promotion about its final score; that of a replicate about its own.
    """

    def __init__(self) -> None:
        self._regressions = {kind: Regression(prior) for kind, prior in _PRIORS.items()}
        self._early: dict[Arch, float] = {}
        self._n_medium = 0
        self._open: dict[tuple[Arch, bool], list[_Open]] = {}

    def about(self, choice: Choice, *, final: bool) -> Forecast:
        """Return the forecast of a choice that is about to be made, about the final score or the medium one."""
        kind = "final" if final else "again" if choice.action == "replicate" else choice.action
        x = self._inputs(kind, choice)
        if x is None:
            return _BLIND
        forecast = self._regressions[kind].foresee(x)
        self._open.setdefault((choice.request.arch, final), []).append(_Open(kind, x, forecast))
        return forecast

    def tell(self, arch: Arch, level: Level, curve: Curve | None) -> None:
        """Learn from a curve that ended at `level`, None where the training diverged."""
        value = curves.score(curve) if curve is not None else -np.inf
        if not np.isfinite(value) or level is Level.PROBE:
            return
        if level is Level.LOW:
            self._early[arch] = value
            return
        self._n_medium += level is Level.MEDIUM
        for one in self._open.pop((arch, level is Level.HIGH), []):
            self._regressions[one.kind].tell(one.x, value, one.forecast)

    def _inputs(self, kind: str, choice: Choice) -> FloatArray | None:
        """Return the inputs of the regression of that kind, None where nothing is known."""
        if kind in ("again", "final"):
            return np.array([1.0, choice.mean])
        known = list(self._early.values())
        own = self._early.get(choice.request.arch, float(np.mean(known)) if known else None)
        told = self._n_medium >= _FEW
        if own is None and not told:
            return None
        guess = choice.mean if own is None else own + _GROWTH
        return np.array([1.0, guess, choice.mean if told else guess])
