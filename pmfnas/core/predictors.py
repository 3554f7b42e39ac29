"""The port of performance predictors: what one is shown, what it answers, and what it must pay for.

    predictor = MyPredictor(space, target, rng=rng)
    predictor.fit(known, labels)              # archs that were trained, and where they ended
    prediction = predictor.predict(queries)   # archs to be judged, with the first epochs of their curves

A predictor is shown archs, the curves that were paid for and the labels that were paid for; no benchmark, no test
accuracy. What it does not need it may say beforehand (`Reads`), and then it is neither shown nor charged.
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, Protocol, TypeAlias

import numpy as np

from pmfnas.core.errors import ContractError
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Fidelity, FloatArray

PROBABILITIES = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
"""Where the quantiles of a prediction stand: the ends of the 95, 90, 80 and 50 % intervals, and the median."""

CurveReading: TypeAlias = Literal["none", "training", "last", "all"]


@dataclass(frozen=True, slots=True)
class Reads:
    """What a predictor asks to be shown, and hence pays for. A class says it in its attribute `reads`."""

    labels: bool = True
    """Whether it learns from labels; one that does not is fitted on none."""
    curves: CurveReading = "all"
    """Of the curves: nothing; training loss and accuracy; also validation at the last epoch; or at every epoch."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Archs and the first epochs of their training under one schedule, a row per arch.

    Matrices have shape (n_archs, n_epochs), n_epochs may be 0; NaN stands for what was not paid for or never measured.
    """

    archs: tuple[Arch, ...]
    schedule: str
    train_loss: FloatArray
    train_acc: FloatArray
    """Percent."""
    valid_loss: FloatArray
    valid_acc: FloatArray
    """Percent."""

    def __post_init__(self) -> None:
        shapes = {m.shape for m in (self.train_loss, self.train_acc, self.valid_loss, self.valid_acc)}
        shape = self.train_loss.shape
        if len(shapes) != 1 or len(shape) != 2 or shape[0] != len(self.archs):
            raise ContractError(f"curves have shapes {sorted(shapes)}, but must be ({len(self.archs)}, n_epochs) alike")

    def __len__(self) -> int:
        return len(self.archs)

    @property
    def n_epochs(self) -> int:
        """Epochs seen; 0 where there are no curves."""
        return int(self.train_loss.shape[1])


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a predictor believes of the final accuracies of the archs it was asked about."""

    mean: FloatArray  # (n_queries,)
    """Percent; where `std` is None any score, of which more is better."""
    std: FloatArray | None = None  # (n_queries,)
    """Percent; None says that `mean` only orders the archs."""
    quantiles: FloatArray | None = None  # (n_queries, len(PROBABILITIES))
    """Percent, rising along a row; None where the belief is a normal distribution."""

    def at_probabilities(self) -> FloatArray | None:
        """Return the quantiles at `PROBABILITIES`, shape (n_queries, 9); None where the mean only orders."""
        if self.std is None or self.quantiles is not None:
            return self.quantiles
        normal = np.array([NormalDist().inv_cdf(p) for p in PROBABILITIES])
        return np.asarray(self.mean[:, None] + self.std[:, None] * normal)


class Predictor(Protocol):
    """A performance predictor. `fit` comes first and may come again with more; `predict` changes nothing.

    >>> predictor.fit(known, labels=np.array([91.2, 88.4, np.nan]))
    >>> predictor.predict(queries).mean
    array([90.1, 87.3])
    """

    def fit(self, known: Observed, labels: FloatArray) -> None:
        """Learn from archs that were trained.

        Args:
            known: the archs, each with as many epochs as the queries will have.
            labels: validation accuracy at the target fidelity, percent, shape (n_known,); NaN for an arch that was
                trained no further than its curve goes.
        """
        ...

    def predict(self, queries: Observed) -> Prediction:
        """Return the belief about the accuracy of each arch at the target fidelity."""
        ...


class PredictorFactory(Protocol):
    """How the harness makes a predictor: a class, or a `functools.partial` that fixes its settings."""

    def __call__(self, space: Space, target: Fidelity, *, rng: np.random.Generator) -> Predictor:
        """Return a fresh predictor of the accuracy at `target`. Settings are checked here; nothing is fitted."""
        ...


def reads_of(factory: PredictorFactory) -> Reads:
    """Return what a factory says that its predictors read; everything where it says nothing."""
    reads = getattr(getattr(factory, "func", factory), "reads", Reads())
    if not isinstance(reads, Reads):
        raise ContractError(f"reads is {reads!r}, but must be a pmfnas.core.predictors.Reads")
    return reads


def check_prediction(prediction: Prediction, n_queries: int) -> None:
    """Raise `ContractError` unless the answer is one finite number per query, spreads positive, quantiles rising."""
    if not isinstance(prediction, Prediction):
        raise ContractError(f"predict returned {type(prediction).__name__}, but must return a Prediction")
    _check_numbers("mean", prediction.mean, (n_queries,))
    if prediction.std is not None:
        _check_numbers("std", prediction.std, (n_queries,))
        if (np.asarray(prediction.std) < 0).any():
            raise ContractError(f"std of a prediction is {np.min(prediction.std):g}, but must be at least 0")
    if prediction.quantiles is not None:
        _check_numbers("quantiles", prediction.quantiles, (n_queries, len(PROBABILITIES)))
        if prediction.std is None:
            raise ContractError("a prediction has quantiles but no std; give both, or neither")
        if (np.diff(prediction.quantiles, axis=1) < 0).any():
            raise ContractError("quantiles of a prediction fall along a row, but must rise with the probability")


def _check_numbers(name: str, values: object, shape: tuple[int, ...]) -> None:
    array = np.asarray(values)
    if array.shape != shape:
        raise ContractError(f"{name} of a prediction has shape {array.shape}, but must be {shape}: one per query")
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        n_bad = int((~np.isfinite(array)).sum()) if array.dtype.kind == "f" else array.size
        raise ContractError(f"{name} of a prediction has {n_bad} values that are no finite numbers, of {array.size}")
