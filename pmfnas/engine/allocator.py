"""The allocator: potential and uncertainty turned into the next seconds of a free worker.

    start      a new arch, to the low level          what its medium score would be worth
    continue   an arch from the low to the medium level: the rest of the schedule only
    promote    an arch to a full training            what its final score would be worth
    replicate  an arch to the medium level again     what less noise in its score would be worth

Within a stage the options of that stage compete by expected gain per second; between stages the plan of
refinement and the rate of searching compete (`stages`). What would not end within the budget is no option.
"""

from collections import deque

import numpy as np

from pmfnas.core.types import Arch
from pmfnas.engine.options import Options
from pmfnas.engine.pool import Pool
from pmfnas.engine.predictor import Predictor
from pmfnas.engine.record import Record
from pmfnas.engine.settings import Settings
from pmfnas.engine.stages import NO_PLAN, Plan, Stage, explore_is_over, plan_refinement
from pmfnas.engine.transfer import FinalBelief
from pmfnas.engine.value import Option

_DRAWS = 256
_TRIED = 64
"""Random archs that stand for "anywhere", and from which the most distant is taken."""


class Allocator:
    """Chooses one option at a time. Holds the stage, the round of stage 2 and the plan of stage 3."""

    def __init__(
        self,
        options: Options,
        predictor: Predictor,
        pool: Pool,
        record: Record,
        settings: Settings,
        capacity: tuple[float, int],
        *,
        rng: np.random.Generator,
    ) -> None:
        """Keep the parts; `capacity` is the budget in seconds and the number of workers."""
        self._options, self._predictor, self._pool, self._record = options, predictor, pool, record
        self._settings, self._rng = settings, rng
        self._budget_s, self._n_workers = capacity
        self.stage = Stage.EXPLORE
        self.doomed: list[Arch] = []
        """Archs that wait at the low level and will never be continued: to be dropped."""
        self._round: deque[int] = deque()  # places of the pool still to be started in this round
        self._to_continue = 0
        self._low_wanted, self._medium_wanted = settings.explore_low, settings.explore_medium
        self._plan: Plan = NO_PLAN
        self._review_at_s = capacity[0]
        self._may_replicate = False
        self._spent_s = self._gained = 0.0  # decaying sums over recent rounds of stage 2
        self._draws = rng.standard_normal((_DRAWS, settings.refine_candidates))

    def choose(self, belief: FinalBelief, remaining_s: float) -> Option | None:
        """Return the option to take now, or None where none that fits into `remaining_s` is worth it."""
        if self.stage is Stage.EXPLORE:
            self._maybe_end_exploring(belief, remaining_s)
        else:
            self._review(belief, remaining_s)
        for options in (self._explore, self._refine, self._again, self._search):
            option = options(belief, remaining_s)
            if option is not None:
                return option
        return None

    # -- stage 1 -----------------------------------------------------------------------------------------

    def _explore(self, belief: FinalBelief, remaining_s: float) -> Option | None:
        """Return the next option of stage 1: spread archs to the low level, then the best of them on."""
        if self.stage is not Stage.EXPLORE:
            return None
        record, share = self._record, self._share_passed(remaining_s) / self._settings.explore_share
        if record.n_started < self._low_wanted and (share < 0.6 or record.n_started < 3):
            place = self._pool.spread(_TRIED, self._predictor.started, rng=self._rng)
            return None if place is None else self._start(place, belief, remaining_s)
        if record.n_continued < self._medium_wanted:
            return self._continue(belief, remaining_s)
        return None

    def _maybe_end_exploring(self, belief: FinalBelief, remaining_s: float) -> None:
        """Move on to stage 2, or widen stage 1 by a round where the regions promise no more than anywhere."""
        settings, n_medium = self._settings, len(self._record.medium)
        share = self._share_passed(remaining_s) / settings.explore_share
        if n_medium < self._medium_wanted and share < 1.0:
            return
        if share >= 1.0 or explore_is_over(self._rates(belief), settings.explore_patience):
            self.stage = Stage.REGION
        elif n_medium >= self._medium_wanted:
            self._low_wanted += settings.round_starts
            self._medium_wanted += settings.round_continued

    def _rates(self, belief: FinalBelief) -> tuple[float, float]:
        """Return the expected gain per second of a start within the regions, and of one anywhere."""
        free = np.flatnonzero(self._pool.free)
        anywhere = self._rng.choice(free, size=min(_TRIED, len(free)), replace=False)
        within = self._predictor.propose(self._settings.round_starts)
        return (
            self._options.mean_rate([self._pool.archs[p] for p in within], belief),
            self._options.mean_rate([self._pool.archs[p] for p in anywhere], belief),
        )

    def _share_passed(self, remaining_s: float) -> float:
        return 1.0 - remaining_s / self._budget_s

    # -- stage 2 -----------------------------------------------------------------------------------------

    def _search(self, belief: FinalBelief, remaining_s: float) -> Option | None:
        """Return the next option of a round: start what it proposes, then continue the best early curves."""
        if not self._round and self._to_continue > 0:
            option = self._continue(belief, remaining_s)
            if option is not None:
                self._to_continue -= 1
                return option
        if not self._round:
            self._begin_round(belief)
        while self._round:
            option = self._start(self._round.popleft(), belief, remaining_s)
            if option is not None:
                return option
        return self._continue(belief, remaining_s)

    def _begin_round(self, belief: FinalBelief) -> None:
        """Propose the archs of the next round; a round is never smaller than what the workers can hold."""
        settings = self._settings
        waiting = self._options.by_gain(self._record.low, belief)
        self.doomed.extend(waiting[settings.waiting_max :])
        n = max(settings.round_starts, self._n_workers)
        self._round.extend(self._predictor.propose(n))
        self._to_continue = round(n * settings.round_continued / settings.round_starts)
        self._spent_s, self._gained = 0.5 * self._spent_s, 0.5 * self._gained

    def _start(self, place: int, belief: FinalBelief, remaining_s: float) -> Option | None:
        """Return the option of starting the arch at `place`, None where it is a copy or can never be finished."""
        if not self._pool.take(place):
            return None
        option = self._options.start(self._pool.archs[place], belief)
        if option.through_s > remaining_s and (len(belief.archs) or option.seconds > remaining_s):
            self._pool.free[place] = True
            return None
        self._predictor.note_start(self._pool.x[place])
        self._spent_s += option.seconds
        return option

    def _continue(self, belief: FinalBelief, remaining_s: float) -> Option | None:
        """Return the option of continuing the early curve that is worth most per second."""
        option = self._options.best_continued(self._record.low, belief)
        if option is None or option.seconds > remaining_s:
            return None
        self._spent_s, self._gained = self._spent_s + option.seconds, self._gained + option.gain
        return option

    # -- stage 3 -----------------------------------------------------------------------------------------

    def _review(self, belief: FinalBelief, remaining_s: float) -> None:
        """Plan the full trainings anew now and then; begin stage 3 when the rest of the budget is due to them."""
        if self.stage is Stage.REGION and remaining_s <= self._review_at_s and len(belief.archs):
            self._review_at_s = remaining_s - self._settings.review_share * self._budget_s
            rate = self._search_rate()
            self._may_replicate = True
            seconds = self._options.full_seconds(belief)
            available_s = remaining_s * self._n_workers
            self._plan = plan_refinement(belief, seconds, available_s, rate, self._draws) if seconds else NO_PLAN
        latest_s = self._plan.latest_s(self._n_workers) + self._settings.review_share * self._budget_s
        if self.stage is Stage.REGION and self._plan.n and remaining_s <= latest_s:
            self.stage = Stage.REFINE

    def _refine(self, belief: FinalBelief, remaining_s: float) -> Option | None:
        """Return the planned full training that is worth most per second; None when the plan is done."""
        if self.stage is not Stage.REFINE or self._record.n_promoted >= self._plan.n:
            return None
        return _best_that_fits(self._options.promotions(belief), remaining_s, 0.0)

    def _again(self, belief: FinalBelief, remaining_s: float) -> Option | None:
        """Return, once per review, the replicate that is worth more per second than searching on."""
        if not self._may_replicate:
            return None
        self._may_replicate = False
        return _best_that_fits(self._options.replicates(belief), remaining_s, self._search_rate())

    def _search_rate(self) -> float:
        """Return the expected gain per second of the recent rounds of stage 2."""
        return self._gained / self._spent_s if self._spent_s > 0 else 0.0


def _best_that_fits(options: list[Option], remaining_s: float, above: float) -> Option | None:
    """Return the option with the highest rate beyond `above` among those that end in time."""
    fits = [o for o in options if o.seconds <= remaining_s and o.rate > above]
    return max(fits, key=lambda o: o.rate) if fits else None
