"""The allocator: potential and uncertainty turned into the next seconds of a free worker.

    start      a new arch, to the low level            what its medium score would be worth
    continue   an arch from the low to the medium level: the rest of the schedule only
    probe      an arch under the last schedule, briefly   what its training loss there would tell
    finish     a probed arch to the end of that schedule: the rest only
    promote    an arch to a full training, where there is no probe
    replicate  an arch again, with another trial       what less noise in its score would be worth

Within a stage the options compete by expected gain; between stages the best batch of refinement and the rate of
searching on compete by expected gain per second (`stages`). What would not end within the budget is no option.
"""

from collections import deque

import numpy as np

from pmfnas.core.types import Arch, Train
from pmfnas.engine.options import Options
from pmfnas.engine.pool import Pool
from pmfnas.engine.ports import SearchPredictor
from pmfnas.engine.record import Record
from pmfnas.engine.settings import Settings
from pmfnas.engine.stages import SIZES, Batch, Stage, explore_is_over
from pmfnas.engine.transfer import FinalBelief
from pmfnas.engine.value import Option

_DRAWS = 256
_TRIED = 64
"""Random archs that stand for "anywhere", and from which the most distant is taken."""
_ROUND_GROWTH = 20
"""A round holds at least one arch per so many medium scores: the more is known, the less one more changes."""
_JUDGED_AGAIN = 3
"""How often per round the early curves are judged anew while the best of them go on."""
_FIXED_SHARE = 0.3
"""Share of the budget that goes to refinement where the allocation is fixed, an ablation."""
_MOST = 1000
"""Ratios above it are not spelt out."""
_FIXED_BATCH = 8
"""Size of its first batch."""


class Allocator:
    """Chooses one option at a time. Holds the stage, the round of stage 2 and the batch of stage 3."""

    def __init__(
        self,
        options: Options,
        predictor: SearchPredictor,
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
        self.stage = Stage.REGION if "explore" in settings.without else Stage.EXPLORE
        self.moved_on = ""
        """Why the stage before ended; taken by the first request after it."""
        self.doomed: list[Arch] = []
        """Archs that wait at the low level and will never be continued: to be dropped."""
        self._by_gain = "potential" not in settings.without
        self._round: deque[tuple[int, Option]] = deque()  # still to be started in this round, by place of the pool
        self._next: deque[Option] = deque()  # next to be continued
        self._to_continue, self._judged_together = 0, 1
        self._low_wanted, self._medium_wanted = settings.explore_low, settings.explore_medium
        self._batch, self._ordered = Batch("none"), deque[Train]()
        self._review_at_s = capacity[0]
        self._spent_s = self._gained = 0.0  # decaying sums over recent rounds of stage 2
        self._draws = rng.standard_normal((_DRAWS, max(SIZES)))

    def choose(self, belief: FinalBelief, remaining_s: float) -> Option | None:
        """Return the option to take now, or None where none that fits into `remaining_s` is worth it."""
        if self.stage is Stage.EXPLORE:
            self._maybe_end_exploring(remaining_s)
        elif "refine" not in self._settings.without and not self._ordered:
            self._review(belief, remaining_s)
        exploring = self.stage is Stage.EXPLORE
        option = self._explore(remaining_s) if exploring else self._refine(belief, remaining_s)
        if option is None and self.stage is Stage.REFINE:
            self._move_on(Stage.REGION, "its batch is made; searching on until another is worth more")
        return option or self._search(remaining_s) or self._use_the_rest(belief, remaining_s)

    def _move_on(self, stage: Stage, why: str) -> None:
        if stage is not self.stage:
            self.stage, self.moved_on = stage, why

    # -- stage 1 -----------------------------------------------------------------------------------------

    def _explore(self, remaining_s: float) -> Option | None:
        """Return the next option of stage 1: spread archs to the low level, then the best of them on."""
        settings, record = self._settings, self._record
        share = self._share_passed(remaining_s) / settings.explore_share
        if record.n_started < self._low_wanted and (share < 0.6 or record.n_started < 3):
            belief = settings.explore_belief if settings.believes else 0.0
            place = self._pool.spread(_TRIED, self._predictor.started, belief, rng=self._rng)
            return None if place is None else self._start(place, self._options.starts([place])[0], remaining_s)
        if record.n_continued < self._medium_wanted:
            return self._continue(remaining_s)
        return None

    def _maybe_end_exploring(self, remaining_s: float) -> None:
        """Move on to stage 2, or widen stage 1 by a round where the regions promise no more than anywhere."""
        settings, n_medium = self._settings, len(self._record.medium)
        share = self._share_passed(remaining_s) / settings.explore_share
        if n_medium < self._medium_wanted and share < 1.0:
            return
        if share >= 1.0:
            self._move_on(Stage.REGION, f"{settings.explore_share:.0%} of the budget has passed")
        elif "adaptive" in settings.without:
            self._move_on(Stage.REGION, "its fixed number of archs has been trained")
        else:
            within, anywhere = self._rates()
            if explore_is_over((within, anywhere), settings.explore_patience):
                self._move_on(Stage.REGION, f"a second within the regions is worth {_times(within, anywhere)} anywhere")
            else:
                self._low_wanted += settings.round_starts
                self._medium_wanted += settings.round_continued

    def _rates(self) -> tuple[float, float]:
        """Return the expected gain per second of a start within the regions, and of one anywhere."""
        free = np.flatnonzero(self._pool.free)
        anywhere = self._rng.choice(free, size=min(_TRIED, len(free)), replace=False)
        within = self._predictor.propose(self._settings.round_starts)
        return self._options.mean_rate(within), self._options.mean_rate(anywhere.tolist())

    def _share_passed(self, remaining_s: float) -> float:
        return 1.0 - remaining_s / self._budget_s

    # -- stage 2 -----------------------------------------------------------------------------------------

    def _search(self, remaining_s: float) -> Option | None:
        """Return the next option of a round: start what it proposes, then continue the best early curves."""
        if not self._round and self._to_continue > 0:
            option = self._continue(remaining_s)
            if option is not None:
                self._to_continue -= 1
                return option
        if not self._round:
            self._begin_round()
        while self._round:
            option = self._start(*self._round.popleft(), remaining_s)
            if option is not None:
                return option
        return self._continue(remaining_s)

    def _begin_round(self) -> None:
        """Propose the archs of the next round; a round is never smaller than what the workers can hold."""
        settings = self._settings
        waiting = self._options.continuations(self._record.low, by_gain=self._by_gain)
        self.doomed.extend(option.request.arch for option in waiting[settings.waiting_max :])
        n = max(settings.round_starts, self._n_workers, len(self._record.medium) // _ROUND_GROWTH)
        places = self._predictor.propose(n)
        self._round.extend(zip(places, self._options.starts(places), strict=True))
        self._to_continue = round(n * settings.round_continued / settings.round_starts)
        self._judged_together = max(1, self._to_continue // _JUDGED_AGAIN)
        self._next.clear()
        self._spent_s, self._gained = settings.rate_memory * self._spent_s, settings.rate_memory * self._gained

    def _start(self, place: int, option: Option, remaining_s: float) -> Option | None:
        """Return the option of starting the arch at `place`, None where it is a copy or can never be finished."""
        if not self._pool.take(place):
            return None
        through_s = option.seconds + self._options.rest_s(option.request.arch)
        if through_s > remaining_s and (self._predictor.n_medium or option.seconds > remaining_s):
            self._pool.free[place] = True
            return None
        self._predictor.note_start(place)
        self._spent_s += option.seconds
        self._gained += 0.0 if self._options.has_low else option.gain  # else its gain comes with going on
        return option

    def _continue(self, remaining_s: float) -> Option | None:
        """Return the option of continuing the early curve that promises most, as judged once per few of them."""
        if not self._next:
            judged = self._options.continuations(self._record.low, by_gain=self._by_gain)
            self._next.extend(judged[: self._judged_together])
        if not self._next or self._next[0].seconds > remaining_s:
            self._next.clear()
            return None
        option = self._next.popleft()
        self._spent_s, self._gained = self._spent_s + option.seconds, self._gained + option.gain
        return option

    # -- stage 3 -----------------------------------------------------------------------------------------

    def _review(self, belief: FinalBelief, remaining_s: float) -> None:
        """Order a batch of refinement where its seconds are worth more than searching on; else search on."""
        if remaining_s <= self._review_at_s:
            self._review_at_s = remaining_s - self._settings.review_share * self._budget_s
            self._order(belief, remaining_s)

    def _use_the_rest(self, belief: FinalBelief, remaining_s: float) -> Option | None:
        """Return a refinement where there is nothing left to search: seconds that nothing else can use are free."""
        if "refine" in self._settings.without:
            return None
        self._spent_s = self._gained = 0.0
        self._order(belief, remaining_s)
        return self._refine(belief, remaining_s)

    def _order(self, belief: FinalBelief, remaining_s: float) -> None:
        if not belief.archs:
            return
        probes = "curves" not in self._settings.without
        batches = self._options.batches(belief, remaining_s * self._n_workers, self._draws, probes=probes)
        batch = self._fixed(batches, remaining_s) if "adaptive" in self._settings.without else self._worthwhile(batches)
        if batch is None:
            return
        self._batch = batch
        self._ordered.extend(batch.requests)
        self._move_on(
            Stage.REFINE, f"a second of {len(batch.requests)} x {batch.action} is worth {self._compared(batch)}"
        )

    def _compared(self, batch: Batch) -> str:
        if self._search_rate() == 0.0:
            return "something, one of searching on is not"
        return f"{_times(batch.rate, self._search_rate())} of searching on"

    def _worthwhile(self, batches: list[Batch]) -> Batch | None:
        best = max(batches, key=lambda b: b.rate, default=None)
        return best if best is not None and best.rate > self._search_rate() else None

    def _fixed(self, batches: list[Batch], remaining_s: float) -> Batch | None:
        """Return the largest affordable batch up to the fixed size once the fixed share is left; probes come first."""
        fits = [b for b in batches if len(b.requests) <= _FIXED_BATCH and b.action != "replicate"]
        if remaining_s > _FIXED_SHARE * self._budget_s or not fits:
            return None
        if self._batch.requests:  # the first batch is made: finish one by one
            fits = [b for b in fits if b.action != "probe" and len(b.requests) == 1]
        return max(fits, key=lambda b: len(b.requests), default=None)

    def _refine(self, belief: FinalBelief, remaining_s: float) -> Option | None:
        """Return the next training of the batch that was ordered."""
        while self._ordered:
            option = self._options.refinement(self._batch, self._ordered.popleft(), belief)
            if option is not None and option.seconds <= remaining_s:
                return option
        return None

    def _search_rate(self) -> float:
        """Return the expected gain per second of the recent rounds of stage 2."""
        return self._gained / self._spent_s if self._spent_s > 0 else 0.0


def _times(rate: float, other: float) -> str:
    """Return in words how many times `other` fits into `rate`."""
    return f"{rate / other:.1f}" if rate < _MOST * other else f"over {_MOST}"
