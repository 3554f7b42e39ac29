"""What will be told of a request: mean and interval of the validation accuracy at the level that it is about.

    y = w . (1, early guess, decision's mean) + noise        medium score of an arch that is started, or goes on
    y = w . (1, decision's mean) + noise                     the same of a replicate; final score of probes and finishes

in log odds. The numbers by which a run decides are made to compare archs: a promise holds a belief about the end, bad
archs are compressed. So forecasts are a layer of their own, which learns within the run from its own record what these
numbers have meant so far: a Bayesian linear regression per kind of decision, with a declared prior. Nothing is decided
by them.
"""

from dataclasses import dataclass

import numpy as np

from pmfnas.core.types import Arch, Curve, FloatArray, Reason
from pmfnas.engine.choices import Choice
from pmfnas.engine.ladder import Level
from pmfnas.engine.model import curves
from pmfnas.engine.model.curves import percent, percents
from pmfnas.engine.model.regression import Z90, Forecast, Prior, Regression

_PRIORS = {
    "start": Prior(
        (0.15, 0.5, 0.5), (0.5, 0.25, 0.25), 0.4, memory=0.95
    ),  # what goes on is better than the average start
    "continue": Prior((0.0, 0.5, 0.5), (0.4, 0.25, 0.25), 0.2),
    "again": Prior((0.0, 1.0), (0.03, 0.03), 0.03),
    "final": Prior((0.5, 1.0), (0.08, 0.03), 0.03),  # the last schedule is longer than the medium level
}
"""Declared, in log odds, by the kind of decision."""
_GROWTH = 1.4
"""Declared: rise of the log odds of validation from the low to the medium level."""
_BLIND = Forecast(0.0, 1.5)
"""Before anything was told."""
_FEW = 3
"""Medium scores before the means of decisions mean anything."""
_NODES = np.linspace(-2.5, 2.5, 11)
_WEIGHTS = np.exp(-0.5 * _NODES**2) / np.exp(-0.5 * _NODES**2).sum()


def reason(forecast: Forecast) -> Reason:
    """Return a forecast in log odds as part of a request's reason, in percent.

    Expected accuracy, ends of the central 90 % interval, and the std of which a normal has an interval so wide.
    """
    low, high = percent(forecast.mean - Z90 * forecast.std), percent(forecast.mean + Z90 * forecast.std)
    mean = _WEIGHTS @ percents(forecast.mean + forecast.std * _NODES)
    return {"mean": float(mean), "std": (high - low) / (2.0 * Z90), "low": low, "high": high}


@dataclass(frozen=True, slots=True)
class _Open:
    """A forecast without an outcome."""

    kind: str
    x: FloatArray
    forecast: Forecast


class Forecaster:
    """Says of every choice what will be told, and learns from what is told.

    The forecast of a start or a continuation is about the medium score of the arch, if it goes so far; that of a probe,
    a finish or a promotion about its final score; that of a replicate about its own.
    """

    def __init__(self) -> None:
        self._regressions = {kind: Regression(prior) for kind, prior in _PRIORS.items()}
        self._early: dict[Arch, float] = {}
        self._mean_early = 0.0
        self._n_medium = 0
        self._open: dict[tuple[Arch, bool], list[_Open]] = {}

    def about(self, choice: Choice, *, final: bool) -> Forecast:
        """Return the forecast of a choice that is about to be made, of the final score or the medium one."""
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
            self._mean_early += (value - self._mean_early) / len(self._early)
            return
        self._n_medium += level is Level.MEDIUM
        for one in self._open.pop((arch, level is Level.HIGH), []):
            self._regressions[one.kind].tell(one.x, value, one.forecast)

    def _inputs(self, kind: str, choice: Choice) -> FloatArray | None:
        """Return the inputs of the regression of that kind, None where nothing is known."""
        if kind in ("again", "final"):
            return np.array([1.0, choice.mean])
        own = self._early.get(choice.request.arch, self._mean_early if self._early else None)
        told = self._n_medium >= _FEW
        if own is None and not told:
            return None
        guess = choice.mean if own is None else own + _GROWTH
        return np.array([1.0, guess, choice.mean if told else guess])
