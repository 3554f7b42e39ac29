"""Which archs a run recommends, best first."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from pmfnas.core.types import Arch
from pmfnas.engine.ports import SearchPredictor
from pmfnas.engine.record import State

Pick: TypeAlias = Callable[[State], Sequence[Arch]]
"""A rule that ranks archs with a medium score or more, best first."""


def by_posterior(state: State) -> Sequence[Arch]:
    """Rank by the posterior mean of the final score."""
    return state.belief.archs


def by_early_curve(state: State, predictor: SearchPredictor) -> Sequence[Arch]:
    """Rank the archs with an early curve by their mean promise, those that diverged later last."""
    archs, lost = state.record.early, state.record.lost
    if not archs:
        return ()
    mean = predictor.posterior([state.pool.place(arch) for arch in archs]).mean
    expected = dict(zip(archs, mean.tolist(), strict=True))
    return sorted(archs, key=lambda arch: (arch in lost, -expected[arch]))
