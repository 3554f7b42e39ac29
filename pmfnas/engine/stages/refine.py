"""Stage 3: batches of probes, full trainings and replicates among the best.

A batch is ordered when its seconds are expected to raise the final score of the pick by more than searching on would.
The better the archs found, the rarer a region's next find, the more of the budget refinement takes.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from pmfnas.core.types import FloatArray, Train
from pmfnas.engine.choices import Batch, Choice, Choices
from pmfnas.engine.record import State
from pmfnas.engine.settings import Settings
from pmfnas.engine.stages.explore import times
from pmfnas.engine.stages.searching import Searching


@dataclass(frozen=True, slots=True)
class Review:
    """What is known when a batch is considered."""

    batches: list[Batch]
    """All that can be afforded."""
    search_rate: float
    """Expected gain per second of searching on."""
    share_left: float
    """Of the budget."""
    is_first: bool
    """Whether no batch was ordered before."""


BatchRule: TypeAlias = Callable[[Review], Batch | None]
"""A rule that says which batch to order, or None."""


def worth_more(review: Review) -> Batch | None:
    """Return the batch of the largest gain per second, None where searching on gains as much."""
    best = max(review.batches, key=lambda batch: batch.rate, default=None)
    return best if best is not None and best.rate > review.search_rate else None


class Refine:
    """Stage 3 of a run: the batch that was ordered, and when the next one is considered."""

    def __init__(
        self,
        choices: Choices,
        searching: Searching,
        settings: Settings,
        capacity: tuple[float, int],
        draws: FloatArray,
        *,
        rule: BatchRule = worth_more,
    ) -> None:
        """Keep the parts; `capacity` is the budget in seconds and the number of workers, `draws` value batches."""
        self._choices, self._searching, self._settings, self._rule = choices, searching, settings, rule
        (self._budget_s, self._n_workers), self._draws = capacity, draws
        self._batch, self._ordered = Batch("none"), deque[Train]()
        self._review_at_s = self._budget_s

    def next(self, state: State, remaining_s: float) -> Choice | None:
        """Return the next training of the batch that was ordered."""
        while self._ordered:
            choice = self._choices.refinement(self._batch, self._ordered.popleft(), state.belief)
            if choice is not None and choice.seconds <= remaining_s:
                return choice
        return None

    def review(self, state: State, remaining_s: float) -> str:
        """Order a batch where its seconds are worth more than searching on, now and then; return why, or nothing."""
        if self._ordered or remaining_s > self._review_at_s:
            return ""
        self._review_at_s = remaining_s - self._settings.review_share * self._budget_s
        return self._order(state, remaining_s)

    def use_the_rest(self, state: State, remaining_s: float) -> str:
        """Order a batch where there is nothing left to search: seconds that nothing else can use are free."""
        self._searching.forget()
        return self._order(state, remaining_s)

    def _order(self, state: State, remaining_s: float) -> str:
        if not state.belief.archs:
            return ""
        batches = self._choices.batches(state.belief, remaining_s * self._n_workers, self._draws)
        share_left, is_first = remaining_s / self._budget_s, not self._batch.requests
        batch = self._rule(Review(batches, self._searching.rate, share_left, is_first))
        if batch is None:
            return ""
        self._batch = batch
        self._ordered.extend(batch.requests)
        return f"a second of {len(batch.requests)} x {batch.action} is worth {self._compared(batch)}"

    def _compared(self, batch: Batch) -> str:
        rate = self._searching.rate
        return f"{times(batch.rate, rate)} of searching on" if rate else "something, one of searching on is not"
