"""Measures of a prediction: pure functions of true and predicted values, (n,) each.

Archs that a predictor cannot tell apart are taken in the order given, which is random in a split.
"""

from collections.abc import Mapping
from math import ceil
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau, rankdata

from pmfnas.core.predictors import PROBABILITIES, Prediction
from pmfnas.core.types import FloatArray

LEVELS: Mapping[int, tuple[float, float]] = MappingProxyType(
    {50: (0.25, 0.75), 80: (0.1, 0.9), 90: (0.05, 0.95), 95: (0.025, 0.975)}
)
"""Intervals by their percentage, and the probabilities at which they end."""

TOP = 0.1
"""Share of the archs that count as the top."""

MEASURES: Mapping[str, str] = MappingProxyType(
    {
        "tau": "Kendall tau-b",
        "tau_top": "Kendall tau-b within the true best 10 %",
        "tau_test": "Kendall tau-b to the test accuracy",
        "spearman": "Spearman correlation",
        "pearson": "Pearson correlation",
        "rmse_pct": "root mean squared error, percent points",
        "precision_1": "share of the predicted best 1 % that is truly among the best 1 %, percent",
        "precision_5": "the same at 5 %",
        "regret_pct": "what the predicted best lies below the best, percent points",
        "regret_10_pct": "the same of the best among the ten predicted best",
        **{f"coverage_{level}": f"archs within their {level} % interval, percent" for level in LEVELS},
        **{f"width_{level}_pct": f"mean width of the {level} % interval, percent points" for level in LEVELS},
        "coverage_90_chosen": "the same as coverage_90 among the predicted best 10 %, percent",
        "crps_pct": "continuous ranked probability score from nine quantiles, percent points",
    }
)
"""Every measure and what it says; those of error and calibration are NaN for a predictor that only orders."""


@np.errstate(over="ignore", invalid="ignore")
def measure(prediction: Prediction, truth: FloatArray, test: FloatArray) -> dict[str, float]:
    """Return every one of `MEASURES` of a prediction; infinite where its numbers are too great to reckon with.

    Args:
        prediction: about n archs, n >= 2, checked.
        truth: validation accuracies, percent, shape (n,).
        test: test accuracies, percent, shape (n,).
    """
    mean = np.asarray(prediction.mean, dtype=float)
    top = best(truth, TOP)
    found = {
        "tau": kendall(mean, truth),
        "tau_top": kendall(mean[top], truth[top]),
        "tau_test": kendall(mean, test),
        "spearman": pearson(rankdata(mean), rankdata(truth)),
        "pearson": pearson(mean, truth),
        "rmse_pct": float(np.sqrt(np.mean((mean - truth) ** 2))) if prediction.std is not None else float("nan"),
        "precision_1": precision_pct(mean, truth, 0.01),
        "precision_5": precision_pct(mean, truth, 0.05),
        "regret_pct": regret_pct(mean, truth, 1),
        "regret_10_pct": regret_pct(mean, truth, 10),
    }
    return {**found, **calibration(mean, prediction.at_probabilities(), truth)}


def kendall(predicted: FloatArray, truth: FloatArray) -> float:
    """Return Kendall's tau-b; 0 where all predictions, or all truths, are equal."""
    if len(truth) < 2 or np.ptp(predicted) == 0 or np.ptp(truth) == 0:
        return 0.0
    return float(kendalltau(predicted, truth).statistic)


def pearson(predicted: FloatArray, truth: FloatArray) -> float:
    """Return Pearson's correlation; 0 where all predictions, or all truths, are equal."""
    a, b = predicted - predicted.mean(), truth - truth.mean()
    length = float(np.sqrt((a @ a) * (b @ b)))
    if np.ptp(predicted) == 0 or np.ptp(truth) == 0 or length == 0:
        return 0.0
    return float(a @ b) / length


def best(values: FloatArray, share: float) -> NDArray[np.int64]:
    """Return the places of the best `share` of the values, at least one, best first."""
    return np.argsort(-values, kind="stable")[: max(1, ceil(share * len(values) - 1e-9))]


def precision_pct(predicted: FloatArray, truth: FloatArray, share: float) -> float:
    """Return how many of the predicted best `share` truly belong to it, percent."""
    chosen, true = best(predicted, share), best(truth, share)
    return 100.0 * len(np.intersect1d(chosen, true)) / len(chosen)


def regret_pct(predicted: FloatArray, truth: FloatArray, n: int) -> float:
    """Return how far the truly best of the `n` predicted best lies below the best of all, percent points."""
    return float(truth.max() - truth[np.argsort(-predicted, kind="stable")[:n]].max())


def calibration(mean: FloatArray, quantiles: FloatArray | None, truth: FloatArray) -> dict[str, float]:
    """Return coverages and widths of the intervals, and the CRPS; all NaN where there are no quantiles.

    Args:
        mean: predicted, (n,): which archs would be chosen.
        quantiles: at `PROBABILITIES`, (n, 9), or None.
        truth: (n,).
    """
    shown = np.full((len(truth), len(PROBABILITIES)), np.nan) if quantiles is None else quantiles
    found: dict[str, float] = {}
    for level, (low, high) in LEVELS.items():
        lower, upper = shown[:, PROBABILITIES.index(low)], shown[:, PROBABILITIES.index(high)]
        within = np.where(~np.isnan(lower), (lower <= truth) & (truth <= upper), np.nan)
        found[f"coverage_{level}"] = 100.0 * float(within.mean())
        found[f"width_{level}_pct"] = float((upper - lower).mean())
        if level == 90:
            found["coverage_90_chosen"] = 100.0 * float(within[best(mean, TOP)].mean())
    return {**found, "crps_pct": crps(shown, truth)}


def crps(quantiles: FloatArray, truth: FloatArray) -> float:
    """Return the mean continuous ranked probability score, from the quantiles at `PROBABILITIES`.

    CRPS is twice the integral over p of the pinball loss of the p-quantile (Gneiting and Raftery, JASA 2007, section
    4.2); each quantile stands for the probabilities nearest to it.
    """
    p = np.array(PROBABILITIES)
    weight = np.diff(np.concatenate([[0.0], (p[1:] + p[:-1]) / 2, [1.0]]))
    gap = truth[:, None] - quantiles
    return float(2.0 * (np.maximum(p * gap, (p - 1.0) * gap) @ weight).mean())
