"""PMF-NAS's predictor, damaged in ways that happen: for tests of the gate, which takes them from this file.

`python -m harness regress --predictor tests/support/damaged.py:Shuffled` shows what the gate makes of one.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from harness.predictors.gate.simulation import noisy
from pmfnas.core.ports import Space
from pmfnas.core.predictors import Observed, Prediction
from pmfnas.core.types import Fidelity, FloatArray
from pmfnas.predictor.pmf import PmfPredictor

Answer = Callable[[Prediction, FloatArray, np.random.Generator], Prediction]


def damaged(
    *,
    seen: Callable[[Observed], Observed] = lambda o: o,
    learnt: Callable[[FloatArray], FloatArray] = lambda labels: labels,
    answer: Answer = lambda p, labels, rng: p,
) -> type:
    """Return a predictor's class: what it sees, the labels it learns from, and its answer may be damaged."""

    class Damaged:
        reads = PmfPredictor.reads

        def __init__(self, space: Space, target: Fidelity, *, rng: np.random.Generator) -> None:
            self._whole, self._rng = PmfPredictor(space, target, rng=rng), rng
            self._labels = np.zeros(0)

        def fit(self, known: Observed, labels: FloatArray) -> None:
            self._labels = labels
            self._whole.fit(seen(known), learnt(labels))

        def predict(self, queries: Observed) -> Prediction:
            return answer(self._whole.predict(seen(queries)), self._labels, self._rng)

    return Damaged


def _first_epochs(observed: Observed, n: int) -> Observed:
    names = ("train_loss", "train_acc", "valid_loss", "valid_acc")
    return replace(observed, **{name: getattr(observed, name)[:, :n] for name in names})


def _rows(prediction: Prediction, rows: FloatArray) -> Prediction:
    return Prediction(prediction.mean[rows], prediction.std[rows], prediction.quantiles[rows])


def _one_nan(prediction: Prediction) -> Prediction:
    mean = prediction.mean.copy()
    mean[7] = np.nan
    return replace(prediction, mean=mean)


def _narrowed(prediction: Prediction, factor: float) -> Prediction:
    mean = prediction.mean[:, None]
    return Prediction(prediction.mean, factor * prediction.std, mean + factor * (prediction.quantiles - mean))


def _crashing(prediction: Prediction, labels: FloatArray, rng: np.random.Generator) -> Prediction:
    raise ZeroDivisionError("float division by zero")


WrongSignOnOneDataSet = damaged(answer=lambda p, y, rng: replace(p, mean=-p.mean) if np.nanmax(y) < 50 else p)
ConstantSpread = damaged(answer=lambda p, y, rng: Prediction(p.mean, np.full(len(p.mean), p.std.mean())))
Overconfident = damaged(answer=lambda p, y, rng: _narrowed(p, 0.3))
HugeSpread = damaged(answer=lambda p, y, rng: Prediction(p.mean, np.full(len(p.mean), 1e308)))
NoUncertainty = damaged(answer=lambda p, y, rng: Prediction(p.mean))
IgnoresCurves = damaged(seen=lambda o: _first_epochs(o, 0))
IgnoresArchs = damaged(seen=lambda o: replace(o, archs=(o.archs[0],) * len(o)))
FirstEpochOnly = damaged(seen=lambda o: _first_epochs(o, 1))
ForgetsLabels = damaged(learnt=lambda y: np.where(np.arange(len(y)) < 12, y, np.nan))
Dice = damaged(answer=lambda p, y, rng: Prediction(rng.random(len(p.mean)), np.zeros(len(p.mean))))
Shuffled = damaged(answer=lambda p, y, rng: _rows(p, rng.permutation(len(p.mean))))
NoisyByTwoHundredths = damaged(answer=lambda p, y, rng: noisy(p, 0.13, rng=rng))
Nan = damaged(answer=lambda p, y, rng: _one_nan(p))
WrongShape = damaged(answer=lambda p, y, rng: _rows(p, np.arange(len(p.mean) - 1)))
Crashes = damaged(answer=_crashing)
Unchanged = damaged()
LastDigitsOff = damaged(
    answer=lambda p, y, rng: replace(p, mean=p.mean * (1 + 1e-9 * rng.standard_normal(len(p.mean))))
)
