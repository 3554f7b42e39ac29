"""The port of performance predictors: their inputs, their answers, and the curves they pay for.

    predictor = MyPredictor(space, target, rng=rng)
    predictor.fit(known, labels)              # trained archs and their final accuracies
    prediction = predictor.predict(queries)   # archs to judge, with the first epochs of their curves

A predictor sees archs, and the curves and labels that were paid for. It never sees a benchmark or a test accuracy.
It may declare with `Reads` that it needs less; then it sees less and pays less.
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, Protocol, TypeAlias

import numpy as np

from pmfnas.core.errors import ContractError
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Fidelity, FloatArray

PROBABILITIES = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
"""Probabilities of a prediction's quantiles: the ends of the 95, 90, 80 and 50 % intervals, and the median."""

CurveReading: TypeAlias = Literal["none", "training", "last", "all"]


@dataclass(frozen=True, slots=True)
class Reads:
    """The inputs that a predictor reads and therefore pays for. A class declares them in its attribute `reads`."""

    labels: bool = True
    """True if the predictor learns from labels; otherwise it is fitted on no archs."""
    curves: CurveReading = "all"
    """Which curves: none; training loss and accuracy; these with validation at the last epoch; or at every epoch."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Archs and the first epochs of their training under one schedule, a row per arch.

    Matrices have shape (n_archs, n_epochs); n_epochs may be 0. NaN marks a value that was not paid for or not measured.
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
        """Number of observed epochs; 0 if there are no curves."""
        return int(self.train_loss.shape[1])


@dataclass(frozen=True, slots=True)
class Prediction:
    """The predicted final accuracies of the queried archs."""

    mean: FloatArray  # (n_queries,)
    """Percent if `std` is given; otherwise any score, higher is better."""
    std: FloatArray | None = None  # (n_queries,)
    """Percent. None means that `mean` only ranks the archs."""
    quantiles: FloatArray | None = None  # (n_queries, len(PROBABILITIES))
    """Percent, rising along a row. None means that the prediction is a normal distribution."""

    def at_probabilities(self) -> FloatArray | None:
        """Return the quantiles at `PROBABILITIES`, percent, shape (n_queries, 9); None if `mean` only ranks archs."""
        if self.std is None or self.quantiles is not None:
            return self.quantiles
        normal = np.array([NormalDist().inv_cdf(p) for p in PROBABILITIES])
        return np.asarray(self.mean[:, None] + self.std[:, None] * normal)


class Predictor(Protocol):
    """A performance predictor. `fit` comes first and may be repeated with more archs; `predict` changes no state.

    >>> predictor.fit(known, labels=np.array([91.2, 88.4, np.nan]))
    >>> predictor.predict(queries).mean
    array([90.1, 87.3])
    """

    def fit(self, known: Observed, labels: FloatArray) -> None:
        """Learn from trained archs.

        Args:
            known: the trained archs, observed for as many epochs as the queries will be.
            labels: validation accuracy at the target fidelity, percent, shape (n_known,). NaN marks an arch without
                a label: it was trained no further than its curve.
        """
        ...

    def predict(self, queries: Observed) -> Prediction:
        """Return the predicted accuracy of each query at the target fidelity."""
        ...


class PredictorFactory(Protocol):
    """Makes predictors for the harness: a class, or a `functools.partial` that fixes settings."""

    def __call__(self, space: Space, target: Fidelity, *, rng: np.random.Generator) -> Predictor:
        """Return a fresh predictor of the accuracy at `target`. Checks its settings; fits nothing."""
        ...


def reads_of(factory: PredictorFactory) -> Reads:
    """Return the inputs that the factory's predictors declare to read; all inputs if they declare none."""
    reads = getattr(getattr(factory, "func", factory), "reads", Reads())
    if not isinstance(reads, Reads):
        raise ContractError(f"reads is {reads!r}, but must be a pmfnas.core.predictors.Reads")
    return reads


def check_prediction(prediction: Prediction, n_queries: int) -> None:
    """Raise `ContractError` unless `prediction` holds one finite number per query, `std` >= 0 and rising quantiles."""
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
