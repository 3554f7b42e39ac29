"""PMF-NAS's predictor of final accuracy, from an arch, the first epochs of its curve and any number of labels.

With at least `FEW` labels, a Gaussian process over arch and curve learns the score of the final accuracy. Its intervals
come from leave-one-out residuals. With fewer labels, the score is the declared prior of `belief`, which needs none; the
available labels set its level in percent.
"""

import numpy as np
from scipy.stats import norm

from pmfnas.core.errors import InputError
from pmfnas.core.ports import Space
from pmfnas.core.predictors import PROBABILITIES, Observed, Prediction, Reads
from pmfnas.core.types import Fidelity, FloatArray
from pmfnas.engine.model.kernel import Scaling
from pmfnas.predictor.belief import Belief
from pmfnas.predictor.features import Standard, arch_scaling, curve_features, log_odds
from pmfnas.predictor.intervals import families, reach
from pmfnas.predictor.process import GroupedProcess
from pmfnas.predictor.warp import Warp

FEW = 5
"""Below this number of labels the declared prior replaces the process."""

STANDING_STD, SLOPE_STD = 0.4, 0.4
"""Errors of the prior and of its slope, in standard deviations of the standing; declared, not learnt."""


class PmfPredictor:
    """The predictor behind the port `pmfnas.core.predictors.Predictor`. It reads curves up to their last epoch."""

    reads = Reads(labels=True, curves="last")

    def __init__(self, space: Space, target: Fidelity, *, rng: np.random.Generator) -> None:
        del target, rng
        self._space = space
        self._scaling: Scaling | None = None
        self._fitted: _Learnt | _Believed | None = None

    def fit(self, known: Observed, labels: FloatArray) -> None:
        """Learn from labels, or set up the prior. Raises `InputError` below two known archs."""
        if len(known) < 2:
            raise InputError(f"{len(known)} archs are known, but at least 2 are needed")
        if np.isfinite(labels).sum() < FEW:
            self._fitted = _Believed(self._space, known, labels)
            return
        self._fitted = _Learnt(self._space, arch_scaling(self._space, known.archs), known, labels)

    def predict(self, queries: Observed) -> Prediction:
        """Return mean, spread and conformal quantiles in percent. Raises `InputError` before the first `fit`."""
        if self._fitted is None:
            raise InputError("predict was called before fit; fit first")
        return self._fitted.predict(queries)


class _Learnt:
    """The Gaussian process, fitted to the archs that have a label."""

    def __init__(self, space: Space, scaling: Scaling, known: Observed, labels: FloatArray) -> None:
        self._space, self._scaling = space, scaling
        has = np.isfinite(labels)
        curves = curve_features(known)[has]
        self._standard = Standard.of(curves)
        self._warp = Warp.of(labels[has])
        archs = tuple(arch for arch, kept in zip(known.archs, has.tolist(), strict=True) if kept)
        groups = self._groups(archs, curves)
        self._process = GroupedProcess(groups, self._warp.scores(labels[has]))
        self._reach = reach(self._process.left_out(families(*groups)))

    def _groups(self, archs: tuple[tuple[int, ...], ...], curves: FloatArray) -> list[FloatArray]:
        arch = self._scaling.apply(np.asarray(self._space.features(archs), dtype=float))
        return [arch, self._standard.apply(curves)] if curves.shape[1] else [arch]

    def predict(self, queries: Observed) -> Prediction:
        mean, std = self._process.predict(self._groups(queries.archs, curve_features(queries)))
        return _in_percent(self._warp, mean, std, self._reach)


class _Believed:
    """The declared prior. Labels or last accuracies set its level and slope: a line in log odds."""

    def __init__(self, space: Space, known: Observed, labels: FloatArray) -> None:
        self._belief = Belief(space, known)
        standing, has = self._belief.standing(known), np.isfinite(labels)
        last = log_odds(known.valid_acc[:, -1]) if known.n_epochs else np.zeros(len(known))
        seen = last[np.isfinite(last)]
        spread = float(seen.std()) if len(seen) > 1 and seen.std() > 0 else 1.0
        self._pivot = float(standing[has].mean()) if has.any() else 0.0
        centre = float(log_odds(labels[has]).mean()) if has.any() else float(seen.mean()) if len(seen) else 0.0
        self._warp = Warp(np.array([centre - spread * self._pivot]), np.zeros(1), 1.0 / spread)

    def predict(self, queries: Observed) -> Prediction:
        standing = self._belief.standing(queries)
        std = np.hypot(STANDING_STD, SLOPE_STD * (standing - self._pivot))
        return _in_percent(self._warp, standing, std, np.asarray(norm.ppf(PROBABILITIES)))


def _in_percent(warp: Warp, mean: FloatArray, std: FloatArray, reaches: FloatArray) -> Prediction:
    """Return scores with their standard deviations as a prediction in percent."""
    quantiles = warp.percent(mean[:, None] + std[:, None] * reaches)  # (n, 9)
    spread = 0.5 * (warp.percent(mean + std) - warp.percent(mean - std))
    return Prediction(warp.percent(mean), np.maximum(spread, 1e-9), np.maximum.accumulate(quantiles, axis=1))
