"""The allocator chooses the stage in which the next second is worth most.

    EXPLORE --> REGION <--> REFINE

Within a stage the choices compete by expected gain; between stages the best batch of refinement and the rate of
searching on compete by expected gain per second. What would not end within the budget is no choice.
"""

from enum import StrEnum

from pmfnas.core.types import Reason
from pmfnas.engine.choices import Choice
from pmfnas.engine.record import State
from pmfnas.engine.stages.explore import Explore
from pmfnas.engine.stages.refine import Refine
from pmfnas.engine.stages.region import Region


class Stage(StrEnum):
    """Where a run stands."""

    EXPLORE = "explore"
    REGION = "region"
    REFINE = "refine"


class Allocator:
    """Chooses one segment at a time. Holds the stage."""

    def __init__(self, explore: Explore | None, region: Region, refine: Refine | None) -> None:
        """Keep the stages; a run without the first begins in the second."""
        self._explore, self._region, self._refine = explore, region, refine
        self.stage = Stage.REGION if explore is None else Stage.EXPLORE
        self._moved_on = ""  # why the stage before ended; taken by the first request after it

    def choose(self, state: State, remaining_s: float) -> Choice | None:
        """Return the segment to train now, or None where none that fits into `remaining_s` is worth it."""
        if self._explore and self.stage is Stage.EXPLORE:
            self._move_on(Stage.REGION, self._explore.over(state, remaining_s))
        elif self._refine:
            self._move_on(Stage.REFINE, self._refine.review(state, remaining_s))
        choice = self._of_the_stage(state, remaining_s) or self._region.next(state, remaining_s)
        if choice is None and self._refine:  # nothing is left to search
            self._move_on(Stage.REFINE, self._refine.use_the_rest(state, remaining_s))
            choice = self._refine.next(state, remaining_s)
        return choice

    def reason(self, choice: Choice) -> Reason:
        """Return the reason of a choice; the first one after a change of stage says why it changed."""
        moved_on, self._moved_on = self._moved_on, ""
        reason = choice.reason(self.stage)
        return {**reason, "moved_on": moved_on} if moved_on else reason

    def _of_the_stage(self, state: State, remaining_s: float) -> Choice | None:
        """Return what stage 1 or 3 has to do; a batch that is made leads back to stage 2."""
        if self._explore and self.stage is Stage.EXPLORE:
            return self._explore.next(state, remaining_s)
        choice = self._refine.next(state, remaining_s) if self._refine else None
        if choice is None and self.stage is Stage.REFINE:
            self._move_on(Stage.REGION, "its batch is made; searching on until another is worth more")
        return choice

    def _move_on(self, stage: Stage, why: str) -> None:
        """Change the stage where there is a reason to."""
        if why and stage is not self.stage:
            self.stage, self._moved_on = stage, why
