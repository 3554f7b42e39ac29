"""Stage 1: archs that cover the space, at the low level; the best of them go on to the medium level.

It ends when a second spent within the regions is worth clearly more than one spent anywhere, or when its share of the
budget has passed.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from pmfnas.engine.choices import Choice, Choices
from pmfnas.engine.proposals import spread
from pmfnas.engine.record import State
from pmfnas.engine.settings import Settings
from pmfnas.engine.stages.searching import Searching

_TRIED = 64
"""Random archs that stand for "anywhere", and from which the most distant is taken."""
_FIRST_SHARE = 0.6
"""Share of the stage's share after which nothing more is started."""
_FEWEST = 3
"""Archs that are started whatever has passed."""
_MOST_CORRELATED = 0.95
"""However large the slope, a tenth of the variance of the score by which archs are drawn is chance."""
_MOST = 1000
"""Ratios above it are not spelt out."""

Ending: TypeAlias = Callable[[Callable[[], tuple[float, float]], float], str]
"""From the rates within the regions and anywhere, and the patience: why the stage is over, or nothing."""


def regions_promise_more(rates: Callable[[], tuple[float, float]], patience: float) -> str:
    """Return why stage 1 is over, empty where it is not: a second within the regions is worth `patience` anywhere.

    Args:
        rates: gives the expected gain per second within the regions, and anywhere.
        patience: of the settings. Where no gain is expected at all, the predictor has found nothing to follow.
    """
    within, anywhere = rates()
    if within > patience * anywhere:
        return f"a second within the regions is worth {times(within, anywhere)} anywhere"
    return ""


class Explore:
    """Stage 1 of a run: how many archs it wants so far."""

    def __init__(
        self,
        choices: Choices,
        searching: Searching,
        propose: Callable[[int], list[int]],
        settings: Settings,
        budget_s: float,
        *,
        rng: np.random.Generator,
        ending: Ending = regions_promise_more,
    ) -> None:
        self._choices, self._searching, self._propose, self._settings = choices, searching, propose, settings
        self._budget_s, self._rng, self._ending = budget_s, rng, ending
        self._low_wanted, self._medium_wanted = settings.explore_low, settings.explore_medium

    def next(self, state: State, remaining_s: float) -> Choice | None:
        """Return the next choice: spread archs to the low level, then the best of them on."""
        n_started, share = state.record.n_started, self._share_passed(remaining_s)
        if n_started < self._low_wanted and (share < _FIRST_SHARE or n_started < _FEWEST):
            place = spread(state.pool, _TRIED, self._correlation(), rng=self._rng)
            if place is None:
                return None
            return self._searching.start(state, place, self._choices.starts([place])[0], remaining_s)
        return self._searching.go_on(remaining_s) if state.record.n_continued < self._medium_wanted else None

    def over(self, state: State, remaining_s: float) -> str:
        """Return why the stage is over, empty where it is not; widen it by a round where enough archs were trained."""
        settings, share = self._settings, self._share_passed(remaining_s)
        if share >= 1.0:
            return f"{settings.explore_share:.0%} of the budget has passed"
        if len(state.record.medium) < self._medium_wanted:
            return ""
        why = self._ending(lambda: self._rates(state), settings.explore_patience)
        if not why:
            self._low_wanted += settings.round_starts
            self._medium_wanted += settings.round_continued
        return why

    def _correlation(self) -> float:
        """Return a draw from what is believed of capacity and score: archs of all capacities, as far as in doubt."""
        slope = self._choices.slope
        drawn = self._rng.normal(slope.mean, np.sqrt(slope.variance))
        return float(np.clip(self._settings.explore_belief * drawn, -_MOST_CORRELATED, _MOST_CORRELATED))

    def _rates(self, state: State) -> tuple[float, float]:
        """Return the expected gain per second of a start within the regions, and of one anywhere."""
        free = np.flatnonzero(state.pool.free)
        anywhere = self._rng.choice(free, size=min(_TRIED, len(free)), replace=False)
        within = self._propose(self._settings.round_starts)
        return self._choices.mean_rate(within), self._choices.mean_rate(anywhere.tolist())

    def _share_passed(self, remaining_s: float) -> float:
        """Return the share of the stage's share of the budget that has passed."""
        return (1.0 - remaining_s / self._budget_s) / self._settings.explore_share


def times(rate: float, other: float) -> str:
    """Return in words how many times `other` fits into `rate`."""
    return f"{rate / other:.1f}" if rate < _MOST * other else f"over {_MOST}"
