"""A fixed prior score of archs, used when labels are too few to learn from. Its weights are declared, not fitted.

    standing = end of the curve + 0.2 capacity - 0.2 early

End of the curve is the mean of validation accuracy and training loss at the last epoch. Capacity is the log FLOPs of
the network: a short training underrates large networks. Early is the training loss a quarter into the curve: of two
archs with the same end, the one that started more slowly finishes better. All terms are standardised. The weights are
round numbers chosen from findings on this benchmark; `docs/reference/predictor-study.md` measures their effect.
"""

import numpy as np

from pmfnas.core.ports import Space
from pmfnas.core.predictors import Observed
from pmfnas.core.types import FloatArray
from pmfnas.predictor.features import Standard, early_epoch, log_odds, minus_log

CAPACITY_WEIGHT = 0.2
EARLY_WEIGHT = 0.2


class Belief:
    """The standing of archs, standardised over the archs that it was built from."""

    def __init__(self, space: Space, known: Observed) -> None:
        self._space = space
        self._standards = [Standard.of(column[:, None]) for column in self._columns(known)]
        self._standard = Standard.of(self._raw(known)[:, None])

    def standing(self, seen: Observed) -> FloatArray:
        """Return the standing of archs, shape (n_archs,). Over the known archs it has mean 0 and variance 1."""
        return self._standard.apply(self._raw(seen)[:, None])[:, 0]

    def _raw(self, seen: Observed) -> FloatArray:
        columns = zip(self._columns(seen), self._standards, strict=True)
        capacity, *curve = [standard.apply(column[:, None])[:, 0] for column, standard in columns]
        if not curve:
            return capacity
        valid, loss, early = curve
        ends = [c for c, standard in ((valid, self._standards[1]), (loss, self._standards[2])) if standard.factor[0]]
        end = np.mean(ends, axis=0) if ends else np.zeros(len(seen))
        slow = EARLY_WEIGHT * early if seen.n_epochs > 1 else 0.0
        return np.asarray(end + CAPACITY_WEIGHT * capacity - slow)

    def _columns(self, seen: Observed) -> list[FloatArray]:
        """Return capacity; with curves also the last validation accuracy, and the last and the early training loss."""
        flops = np.array([self._space.flops_m(arch) for arch in seen.archs])
        capacity = np.log(np.maximum(flops, 1e-9))
        if not seen.n_epochs:
            return [capacity]
        loss = minus_log(seen.train_loss)
        return [capacity, log_odds(seen.valid_acc[:, -1]), loss[:, -1], loss[:, early_epoch(seen.n_epochs)]]
