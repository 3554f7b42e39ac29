"""A map between accuracies and evenly spread scores.

The good archs of a space lie within a few points of each other; the bad ones lie anywhere below. A score is the mean of
two transforms of the accuracy: its log odds, which keep distances at the top, and its normal score among the labels,
which limits the influence of the bottom. Between labels the map is linear in log odds. Beyond the labels it continues
with the mean slope, so it has an inverse.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, rankdata

from pmfnas.core.types import FloatArray
from pmfnas.predictor.features import log_odds

_LEAST_SPREAD = 1e-6


@dataclass(frozen=True, slots=True)
class Warp:
    """A rising map between accuracies in percent and scores of mean 0 and variance about 1."""

    odds: FloatArray  # (n_knots,) rising
    score: FloatArray  # (n_knots,) rising
    slope: float
    """Slope of the score over log odds, beyond the knots."""

    @classmethod
    def of(cls, labels: FloatArray) -> "Warp":
        """Return the map that spreads `labels`, percent, shape (n,), n >= 1, all finite."""
        odds = log_odds(labels)
        linear = _standardised(odds)
        ranks = _standardised(norm.ppf((rankdata(odds) - 0.5) / len(odds)))
        knots, first = np.unique(odds, return_index=True)
        score = _standardised(linear + ranks)
        slope = 1.0 / max(float(odds.std()), _LEAST_SPREAD) if len(knots) > 1 else 1.0
        return cls(knots, score[first], slope)

    def scores(self, acc_pct: FloatArray) -> FloatArray:
        """Return the scores of accuracies in percent, same shape."""
        return self._along(log_odds(acc_pct), self.odds, self.score, self.slope)

    def percent(self, scores: FloatArray) -> FloatArray:
        """Return the accuracies in percent for given scores, same shape."""
        odds = self._along(scores, self.score, self.odds, 1.0 / self.slope)
        return np.asarray(100.0 / (1.0 + np.exp(-np.clip(odds, -50.0, 50.0))))

    @staticmethod
    def _along(x: FloatArray, knots: FloatArray, values: FloatArray, slope: float) -> FloatArray:
        beyond = np.minimum(x - knots[0], 0.0) + np.maximum(x - knots[-1], 0.0)
        return np.asarray(np.interp(x, knots, values) + slope * beyond)


def _standardised(values: FloatArray) -> FloatArray:
    spread = float(values.std())
    return np.asarray((values - values.mean()) / (spread if spread > _LEAST_SPREAD else 1.0))
