"""PMF-NAS's predictor: an arch, the first epochs of its curve, and as many labels as there are.

With labels, a Gaussian process over arch and curve learns the score of the final accuracy, and its intervals are
those of leaving each label out. With fewer than `FEW` labels, what archs lack in labels a declared belief supplies: the
standing of each by curve and capacity is taken for its score, and the labels, if any, say which accuracy that is.
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
"""Labels below which the belief stands in for them."""

STANDING_STD, SLOPE_STD = 0.4, 0.4
"""What the belief is off by, and its slope, in standard deviations of the standing; declared, not learnt."""


class PmfPredictor:
    """Implements `pmfnas.core.predictors.Predictor`."""

    reads = Reads(labels=True, curves="last")

    def __init__(self, space: Space, target: Fidelity, *, rng: np.random.Generator) -> None:
        del target, rng
        self._space = space
        self._scaling: Scaling | None = None
        self._fitted: _Learnt | _Believed | None = None

    def fit(self, known: Observed, labels: FloatArray) -> None:
        """Learn; raise `InputError` where there is nothing to learn from."""
        if len(known) < 2:
            raise InputError(f"{len(known)} archs are known, but at least 2 are needed")
        if np.isfinite(labels).sum() < FEW:
            self._fitted = _Believed(self._space, known, labels)
            return
        self._fitted = _Learnt(self._space, arch_scaling(self._space, known.archs), known, labels)

    def predict(self, queries: Observed) -> Prediction:
        """Return mean, spread and conformal quantiles of the final accuracies."""
        if self._fitted is None:
            raise InputError("predict was called before fit; fit first")
        return self._fitted.predict(queries)


class _Learnt:
    """The process, fitted to the archs that have a label."""

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
    """The belief, placed among accuracies by what there is: a line in log odds, of doubtful slope."""

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
    """Return scores as a prediction in percent."""
    quantiles = warp.percent(mean[:, None] + std[:, None] * reaches)  # (n, 9)
    spread = 0.5 * (warp.percent(mean + std) - warp.percent(mean - std))
    return Prediction(warp.percent(mean), np.maximum(spread, 1e-9), np.maximum.accumulate(quantiles, axis=1))
