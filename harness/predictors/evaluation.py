"""One predictor in one split of one cell: fitted, asked, and measured. Deterministic but for the two timings."""

from dataclasses import dataclass
from time import perf_counter

from harness.predictors.cells import Cell
from harness.predictors.material import Material
from harness.predictors.measures import measure
from harness.predictors.tasks import Split, make_task
from pmfnas.core.errors import ContractError, PmfnasError
from pmfnas.core.predictors import PredictorFactory, check_prediction, reads_of
from pmfnas.core.rng import stream


@dataclass(frozen=True, slots=True)
class Outcome:
    """Measures and prices of a predictor in one split of a cell."""

    measures: dict[str, float]
    """`harness.predictors.measures.MEASURES`, by name."""
    labels_s: float
    """GPU-seconds of all training data."""
    query_s: float
    """GPU-seconds of the curve of one arch that is judged, mean."""
    n_queries: int
    fit_host_s: float
    """Seconds of this machine to fit."""
    query_host_s: float
    """Seconds of this machine to answer all queries."""


def evaluate(factory: PredictorFactory, cell: Cell, split: Split, material: Material) -> Outcome:
    """Return how the predictor that `factory` makes does in a split of a cell; the same again with every call.

    Raises:
        ContractError: what it returns is not a prediction, or it raised an error of its own.
        DataError: the material does not hold what the cell shows.
    """
    task = make_task(material, cell, split, reads_of(factory))
    rng = stream(split.number, "predictors/predictor")
    try:
        predictor = factory(material.space, material.target, rng=rng)
        start = perf_counter()
        predictor.fit(task.known, task.labels)
        fitted = perf_counter()
        prediction = predictor.predict(task.queries)
        answered = perf_counter()
    except PmfnasError:
        raise
    except Exception as error:
        raise ContractError(f"predictor failed in {cell}, split {split.number}: {_described(error)}") from error
    check_prediction(prediction, len(task.queries))
    return Outcome(
        measures=measure(prediction, task.truth, task.test),
        labels_s=task.labels_s,
        query_s=task.query_s,
        n_queries=len(task.queries),
        fit_host_s=fitted - start,
        query_host_s=answered - fitted,
    )


def _described(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
