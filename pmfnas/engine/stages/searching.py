"""Searching on, as stages 1 and 2 do: an arch is started, the best early curve goes on. Keeps what that brings."""

from collections import deque

from pmfnas.engine.choices import Choice, Choices
from pmfnas.engine.record import State


class Searching:
    """Makes the two moves, and keeps decaying sums of their seconds and gains."""

    def __init__(self, choices: Choices, memory: float) -> None:
        """Keep the choices; `memory` is how much of earlier rounds counts in the rate, per round."""
        self._choices, self._memory = choices, memory
        self._next: deque[Choice] = deque()  # next to be continued
        self._judged_together = 1
        self._spent_s = self._gained = 0.0

    @property
    def rate(self) -> float:
        """Expected gain per second of the recent rounds."""
        return self._gained / self._spent_s if self._spent_s > 0 else 0.0

    def begin_round(self, judged_together: int) -> None:
        """Let earlier rounds fade, and judge so many early curves at a time from now on."""
        self._judged_together = judged_together
        self._next.clear()
        self._spent_s, self._gained = self._memory * self._spent_s, self._memory * self._gained

    def forget(self) -> None:
        """Set the rate to 0: there is nothing left to search."""
        self._spent_s = self._gained = 0.0

    def start(self, state: State, place: int, choice: Choice, remaining_s: float) -> Choice | None:
        """Return the choice of starting the arch at `place`, None where it is a copy or cannot be finished any more.

        Costs are predicted, and may be found to be lower: what is too dear is only passed over.
        """
        through_s = choice.seconds + self._choices.rest_s(choice.request.arch)
        if through_s > remaining_s and (state.record.has_scores or choice.seconds > remaining_s):
            state.pool.pass_over(place)
            return None
        if not state.pool.take(place):
            return None
        state.pool.started.append(place)
        self._spent_s += choice.seconds
        self._gained += 0.0 if self._choices.has_low else choice.gain  # else its gain comes with going on
        return choice

    def go_on(self, remaining_s: float) -> Choice | None:
        """Return the choice of continuing the early curve that promises most, as judged once per few of them."""
        if not self._next:
            self._next.extend(self._choices.continuations()[: self._judged_together])
        if not self._next or self._next[0].seconds > remaining_s:
            self._next.clear()
            return None
        choice = self._next.popleft()
        self._spent_s, self._gained = self._spent_s + choice.seconds, self._gained + choice.gain
        return choice
