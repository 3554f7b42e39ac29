"""Is the predictor worse than the reference in any group? Pure functions of measures per split.

Splits are drawn independently of each other, and both predictors are judged in the same ones. So in each group the
losses of the splits are independent draws of one distribution, and its mean is tested one-sided against the margin by
Student's t: H0, mean loss <= margin. Over the groups the p-values of one measure are adjusted by Holm's method, which
holds under every dependence between groups (they share splits); the measures share the total level (Bonferroni).

A group with an infinite or missing loss counts as worse. A group in which a loss of `Measure.blind` could go unnoticed
is called blind: it is no evidence that the predictor is as good as before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy import special, stats

from harness.predictors.gate.measures import MEASURES, Measure
from harness.stats.decision import decide
from harness.stats.paired import holm
from pmfnas.core.errors import InputError
from pmfnas.core.types import FloatArray

POWER = 0.9
INTERVAL = 0.95
_NO_SPREAD = 1e-12

Values: TypeAlias = Mapping[str, Mapping[str, FloatArray]]
"""Cell -> measure -> its value in each split, shape (n_splits,); NaN for a measure that the predictor does not have."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure in one group: the reference and the new values."""

    cell: str
    measure: Measure
    n_splits: int
    reference: float
    """Mean over splits."""
    now: float
    loss: float
    """Mean loss; positive if the measure got worse."""
    low: float
    """Ends of its `INTERVAL` interval."""
    high: float
    p: float
    """P-value of `mean loss <= margin`, adjusted over the measure's groups; 0 if a loss is infinite or missing."""
    p_gain: float
    """P-value of `mean gain <= margin`, adjusted likewise; NaN if a loss is infinite or missing."""
    n_broken: int
    """Splits whose loss is infinite or missing."""
    noticed: float
    """Mean loss that the test notices with probability `POWER`, given the spread of the losses."""

    @property
    def lacks(self) -> bool:
        """Whether the reference has the measure and the predictor does not."""
        return bool(np.isnan(self.now)) and self.n_broken == self.n_splits

    @property
    def worse(self) -> bool:
        """Whether the gate fails for this measure in this group; also if the p-value is NaN."""
        return self.n_broken > 0 or np.isnan(self.p) or decide(self.p, -self.loss, level=self.measure.level) == "worse"

    @property
    def better(self) -> bool:
        """Whether the mean gain is significantly above the margin."""
        return not self.worse and decide(self.p_gain, -self.loss, level=self.measure.level) == "better"

    @property
    def blind(self) -> bool:
        """Whether a loss of `Measure.blind` could go unnoticed."""
        return np.isfinite(self.measure.blind) and not self.noticed <= self.measure.blind


def compare(reference: Values, now: Values, measures: Mapping[str, Measure] = MEASURES) -> tuple[Comparison, ...]:
    """Return every one of the measures that the reference has in the groups of `now`, in the order of `now`.

    Where `now` has fewer splits of a group, they are the first ones of the reference's.

    Raises:
        InputError: the reference lacks a group, has fewer splits of it, or has values that do not compare.
    """
    _check_covered(reference, now)
    for cell in now:
        check_values(reference[cell], f"the reference's {cell}")
    return tuple(c for measure in measures.values() for c in _of_measure(measure, reference, now))


def check_values(values_of: Mapping[str, FloatArray], whose: str) -> None:
    """Raise `InputError` unless every measure is finite in all splits; a measure of spread may be missing in all."""
    for name, values in values_of.items():
        n_bad = int((~np.isfinite(values)).sum())
        has_none = name in MEASURES and MEASURES[name].of_spread and np.isnan(values).all()
        if n_bad and not has_none:
            raise InputError(
                f"{whose} has {n_bad} values of {name} that are infinite or missing, of {len(values)}, and nothing "
                "compares with them; mend the predictor, then accept a reference of it"
            )


def _check_covered(reference: Values, now: Values) -> None:
    for cell, measures in now.items():
        n = n_splits(measures)
        has = n_splits(reference[cell]) if cell in reference else 0
        if has < n:
            raise InputError(f"the reference has {has} splits of {cell}, but the gate has {n}; accept a new reference")


def n_splits(measures: Mapping[str, FloatArray]) -> int:
    """Return the number of splits of a group."""
    return len(next(iter(measures.values())))


def _of_measure(measure: Measure, reference: Values, now: Values) -> list[Comparison]:
    """Return the measure in every group in which the reference has it."""
    name, has = measure.name, {cell: n for cell, n in now.items() if measure.name in n}
    pairs = {cell: (reference[cell][name][: len(n[name])], n[name]) for cell, n in has.items()}
    pairs = {cell: pair for cell, pair in pairs.items() if np.isfinite(pair[0]).all()}
    losses = {cell: measure.losses(*pair) for cell, pair in pairs.items()}
    adjusted = (adjusted_p(measure, list(losses.values())), adjusted_gain_p(measure, list(losses.values())))
    found = []
    for (cell, x), p, p_gain in zip(losses.items(), *(values.tolist() for values in adjusted), strict=True):
        low, high = _interval(x)
        found.append(
            Comparison(
                cell,
                measure,
                n_splits=len(x),
                reference=float(pairs[cell][0].mean()),
                now=float(pairs[cell][1].mean()),
                loss=float(x.mean()),
                low=low,
                high=high,
                p=p,
                p_gain=p_gain,
                n_broken=int((~np.isfinite(x)).sum()),
                noticed=noticed(x, measure.margin, measure.level / len(losses)),
            )
        )
    return found


def adjusted_p(measure: Measure, losses: Sequence[FloatArray]) -> FloatArray:
    """Return the p-value of each group, shape (n_groups,), adjusted over the groups; a group fails up to the level.

    Args:
        measure: gives the margin and the level.
        losses: one array per group with the loss of each split, shape (n_splits,).
    """
    return holm([loss_p(x, measure.margin) for x in losses])


def adjusted_gain_p(measure: Measure, losses: Sequence[FloatArray]) -> FloatArray:
    """Return `adjusted_p` of the gains, the negated losses; NaN where a loss is infinite or missing."""
    return holm([loss_p(-x, measure.margin) if np.isfinite(x).all() else np.nan for x in losses])


def loss_p(losses: FloatArray, margin: float) -> float:
    """Return the one-sided p-value of `mean loss <= margin`; 0 where a loss is infinite or missing.

    If all losses are equal, the p-value is 0 above the margin, else 1.

    Args:
        losses: one per split, shape (n_splits,), n_splits >= 2.
        margin: largest mean loss that is allowed.
    """
    if not np.isfinite(losses).all():
        return 0.0
    excess, error = float(losses.mean()) - margin, _standard_error(losses)
    if error < _NO_SPREAD:
        return float(excess <= _NO_SPREAD)
    return float(special.stdtr(len(losses) - 1, -excess / error))


def noticed(losses: FloatArray, margin: float, level: float) -> float:
    """Return the mean loss that a test at `level` notices with probability `POWER`, given the spread of the losses.

    NaN where a loss is infinite or missing.

    margin + (t_(1 - level) + t_POWER) standard errors, the usual approximation of the noncentral t.
    """
    quantiles = stats.t.isf(level, len(losses) - 1) + stats.t.ppf(POWER, len(losses) - 1)
    return margin + float(quantiles) * _standard_error(losses)


def _interval(losses: FloatArray) -> tuple[float, float]:
    reach = float(stats.t.ppf(0.5 + INTERVAL / 2, len(losses) - 1)) * _standard_error(losses)
    return float(losses.mean()) - reach, float(losses.mean()) + reach


def _standard_error(losses: FloatArray) -> float:
    if not np.isfinite(losses).all():
        return float("nan")
    off, n = losses - losses.mean(), len(losses)
    return float(np.sqrt(off @ off / (n * (n - 1))))
