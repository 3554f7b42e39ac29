"""Stage 2: rounds that start archs within the regions; the early curves decide which of them go on."""

from collections import deque
from collections.abc import Callable

from pmfnas.engine.choices import Choice, Choices
from pmfnas.engine.record import State
from pmfnas.engine.settings import Settings
from pmfnas.engine.stages.searching import Searching

_ROUND_GROWTH = 20
"""A round holds at least one arch per so many medium scores: the more is known, the less one more changes."""
_JUDGED_AGAIN = 3
"""How often per round the early curves are judged anew while the best of them go on."""


class Region:
    """Stage 2 of a run: the round in progress."""

    def __init__(
        self,
        choices: Choices,
        searching: Searching,
        propose: Callable[[int], list[int]],
        settings: Settings,
        n_workers: int,
    ) -> None:
        self._choices, self._searching, self._propose = choices, searching, propose
        self._settings, self._n_workers = settings, n_workers
        self._round: deque[tuple[int, Choice]] = deque()  # still to be started in this round, by place of the pool
        self._to_continue = 0

    def next(self, state: State, remaining_s: float) -> Choice | None:
        """Return the next choice: start what the round proposes, then continue the best early curves."""
        if not self._round and self._to_continue > 0:
            choice = self._searching.go_on(remaining_s)
            if choice is not None:
                self._to_continue -= 1
                return choice
        if not self._round:
            self._begin_round(state)
        while self._round:
            choice = self._searching.start(state, *self._round.popleft(), remaining_s)
            if choice is not None:
                return choice
        return self._searching.go_on(remaining_s)

    def _begin_round(self, state: State) -> None:
        """Propose the archs of the next round; a round is never smaller than what the workers can hold."""
        settings, record = self._settings, state.record
        waiting = self._choices.continuations()
        record.doomed.extend(choice.request.arch for choice in waiting[settings.waiting_max :])
        n = max(settings.round_starts, self._n_workers, len(record.medium) // _ROUND_GROWTH)
        places = self._propose(n)
        self._round.extend(zip(places, self._choices.starts(places), strict=True))
        self._to_continue = round(n * settings.round_continued / settings.round_starts)
        self._searching.begin_round(max(1, self._to_continue // _JUDGED_AGAIN))
