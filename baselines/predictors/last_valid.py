"""The last observed validation accuracy as a score: the rule of early stopping."""

import numpy as np

from pmfnas.core.ports import Space
from pmfnas.core.predictors import Observed, Prediction, Reads
from pmfnas.core.types import Fidelity, FloatArray


class LastValid:
    """Ranks archs by validation accuracy at the last epoch; without it by minus the validation or training loss."""

    reads = Reads(labels=False, curves="last")

    def __init__(self, space: Space, target: Fidelity, *, rng: np.random.Generator) -> None:
        del space, target, rng

    def fit(self, known: Observed, labels: FloatArray) -> None:
        """Do nothing: the rule has no parameters."""

    def predict(self, queries: Observed) -> Prediction:
        """Return the last values as scores; equal scores if no epoch was observed."""
        if not queries.n_epochs:
            return Prediction(np.zeros(len(queries)))
        for values in (queries.valid_acc, -queries.valid_loss, -queries.train_loss):
            if np.isfinite(values[:, -1]).all():
                return Prediction(values[:, -1])
        return Prediction(np.nan_to_num(queries.valid_acc[:, -1], nan=0.0))
