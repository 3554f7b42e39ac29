"""What the process has observed, a row each: medium scores, and early curves as hints at them."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.types import Arch, FloatArray
from pmfnas.engine.model.arrays import grown


class Rows:
    """The observations of a run, in order."""

    def __init__(self, n_hints: int) -> None:
        self.archs: list[Arch] = []
        self.places: NDArray[np.int64] = np.empty(0, dtype=np.int64)  # (n,) in the pool
        self.scores = np.empty(0)  # (n,) medium scores, -inf of the diverged, NaN of an early curve
        self.hints = np.empty((0, n_hints))  # (n, n_hints) what an early curve shows, NaN of a medium score
        self.losses = np.empty(0)  # (n,) -log training loss at the low level, NaN where unknown
        self._sort_out()

    def __len__(self) -> int:
        return len(self.archs)

    def add(self, arch: Arch, place: int, score: float, hint: FloatArray, loss: float) -> None:
        """Append an observation."""
        self.archs.append(arch)
        self.places, self.scores = grown(self.places, place), grown(self.scores, score)
        self.hints, self.losses = grown(self.hints, hint), grown(self.losses, loss)
        self._sort_out()

    @property
    def diverged(self) -> set[Arch]:
        """Archs of which a training diverged."""
        return {self.archs[i] for i in np.flatnonzero(self.scores == -np.inf)}

    def worth_keeping(self, most: int, always: Iterable[Arch]) -> list[int]:
        """Return the rows that stay where at most about `most` may.

        Early curves of archs that have a medium score since go first. Of the others stay the best medium scores and the
        latest others, a third of `most` each, the latest early curves, a sixth, and every medium score of `always`.
        """
        told, scored = self.told.tolist(), {self.archs[i] for i in self.told}
        hints = [i for i in np.flatnonzero(self.is_early).tolist() if self.archs[i] not in scored]
        if len(told) + len(hints) <= most:
            return sorted(told + hints)
        best, kept = sorted(told, key=lambda i: -self.scores[i])[: most // 3], set(always)
        latest = [i for i in told if i not in set(best)][-(most // 3) :]
        return sorted({*best, *latest, *hints[-(most // 6) :], *(i for i in told if self.archs[i] in kept)})

    def keep(self, rows: list[int]) -> None:
        """Forget all other rows."""
        self.archs = [self.archs[i] for i in rows]
        self.places, self.scores = self.places[rows], self.scores[rows]
        self.hints, self.losses = self.hints[rows], self.losses[rows]
        self._sort_out()

    def _sort_out(self) -> None:
        self.is_early: NDArray[np.bool_] = np.isnan(self.scores)
        """Which rows are early curves, (n,)."""
        self.told: NDArray[np.int64] = np.flatnonzero(~self.is_early)
        """Rows of medium scores, (n_medium,)."""
