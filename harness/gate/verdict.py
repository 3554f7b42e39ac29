"""Is the predictor worse than the reference in any group? Pure functions of figures per split.

Splits are drawn independently of each other, and both predictors are judged in the same ones. So in each group the
losses of the splits are independent draws of one distribution, and its mean is tested one-sided against the margin by
Student's t: H0, mean loss <= margin. Over the groups the p-values of one figure are adjusted by Holm's method, which
holds under every dependence between groups (they share splits); the figures share the total level (Bonferroni).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy import special, stats

from harness.gate.figures import FIGURES, Figure
from harness.stats.paired import holm
from pmfnas.core.errors import InputError
from pmfnas.core.types import FloatArray

POWER = 0.9
INTERVAL = 0.95
_NO_SPREAD = 1e-12

Values: TypeAlias = Mapping[str, Mapping[str, FloatArray]]
"""Cell -> figure -> its value in each split, shape (n_splits,); NaN for a figure that the predictor does not have."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure in one group, the reference beside what was measured now."""

    cell: str
    figure: Figure
    n_splits: int
    reference: float
    """Mean over splits."""
    now: float
    loss: float
    """Mean; positive where it got worse."""
    low: float
    """Ends of its `INTERVAL` interval."""
    high: float
    p: float
    """Adjusted over the groups of the figure; NaN where the predictor does not have the figure any more."""
    noticed: float
    """Mean loss that would be noticed with probability `POWER`, the scatter being what it is."""

    @property
    def lacks(self) -> bool:
        """Whether the reference has the figure and the predictor does not."""
        return bool(np.isnan(self.now))

    @property
    def worse(self) -> bool:
        """Whether the gate fails for it."""
        return self.lacks or self.p <= self.figure.level


def compare(reference: Values, now: Values) -> tuple[Comparison, ...]:
    """Return every figure that the reference has in the groups of `now`, in the order of `now`.

    Where `now` has fewer splits of a group, they are the first ones of the reference's.

    Raises:
        InputError: the reference lacks a group, or has fewer splits of it.
    """
    _check_covered(reference, now)
    return tuple(c for figure in FIGURES.values() for c in _of_figure(figure, reference, now))


def _check_covered(reference: Values, now: Values) -> None:
    for cell, figures in now.items():
        n = len(figures["tau"])
        has = len(reference[cell]["tau"]) if cell in reference else 0
        if has < n:
            raise InputError(f"the reference has {has} splits of {cell}, but the gate has {n}; accept a new reference")


def _of_figure(figure: Figure, reference: Values, now: Values) -> list[Comparison]:
    """Return the figure in every group in which the reference has it."""
    pairs = {cell: (reference[cell][figure.name][: len(n[figure.name])], n[figure.name]) for cell, n in now.items()}
    pairs = {cell: pair for cell, pair in pairs.items() if np.isfinite(pair[0]).all()}
    losses = {cell: figure.losses(*pair) for cell, pair in pairs.items()}
    found = []
    for (cell, x), p in zip(losses.items(), adjusted_p(figure, list(losses.values())).tolist(), strict=True):
        low, high = _interval(x)
        was, is_now = (float(values.mean()) for values in pairs[cell])
        seen = noticed(x, figure.margin, figure.level / len(losses))
        found.append(Comparison(cell, figure, len(x), was, is_now, float(x.mean()), low, high, p, seen))
    return found


def adjusted_p(figure: Figure, losses: Sequence[FloatArray]) -> FloatArray:
    """Return the p-value of each group, shape (n_groups,), adjusted over the groups; a group fails up to the level.

    Args:
        figure: whose margin and level count.
        losses: per group those of its splits, shape (n_splits,) each.
    """
    return holm([loss_p(x, figure.margin) for x in losses])


def loss_p(losses: FloatArray, margin: float) -> float:
    """Return the one-sided p-value of `mean loss <= margin`; NaN where a loss is NaN.

    Equal losses say it for certain: 0 above the margin, else 1.

    Args:
        losses: one per split, shape (n_splits,), n_splits >= 2.
        margin: mean loss that is allowed.
    """
    excess, error = float(losses.mean()) - margin, _standard_error(losses)
    if np.isnan(excess):
        return float("nan")
    if error < _NO_SPREAD:
        return float(excess <= _NO_SPREAD)
    return float(special.stdtr(len(losses) - 1, -excess / error))


def noticed(losses: FloatArray, margin: float, level: float) -> float:
    """Return the mean loss that a test at `level` notices with probability `POWER`, given how the losses scatter.

    margin + (t_(1 - level) + t_POWER) standard errors, the usual approximation of the noncentral t.
    """
    quantiles = stats.t.isf(level, len(losses) - 1) + stats.t.ppf(POWER, len(losses) - 1)
    return margin + float(quantiles) * _standard_error(losses)


def _interval(losses: FloatArray) -> tuple[float, float]:
    reach = float(stats.t.ppf(0.5 + INTERVAL / 2, len(losses) - 1)) * _standard_error(losses)
    return float(losses.mean()) - reach, float(losses.mean()) + reach


def _standard_error(losses: FloatArray) -> float:
    off, n = losses - losses.mean(), len(losses)
    return float(np.sqrt(off @ off / (n * (n - 1))))
