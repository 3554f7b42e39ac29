"""The choices of a free worker: which requests are possible now, and what each is worth.

start      a new arch, to the low level            what its medium score would be worth
continue   an arch from the low to the medium level: the rest of the schedule only
probe      an arch under the last schedule, briefly   what its training loss there would tell
finish     a probed arch to the end of that schedule: the rest only
promote    an arch to a full training, where there is no probe
replicate  an arch again, with another trial       what less noise in its score would be worth
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeAlias

import numpy as np
from scipy.special import ndtr

from pmfnas.core.types import Arch, Fidelity, FloatArray, Reason, Train
from pmfnas.engine.costs import CostModel
from pmfnas.engine.ladder import Ladder
from pmfnas.engine.model.capacity import Normal
from pmfnas.engine.model.curves import percent
from pmfnas.engine.model.transfer import FULL, PROBE, FinalBelief
from pmfnas.engine.pool import Pool
from pmfnas.engine.ports import Posterior, SearchPredictor
from pmfnas.engine.record import Record
from pmfnas.engine.value import expected_gain, gain_of_sightings, gains_of_sightings, informed_std, knowledge_gradient

SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24)
"""How many trainings a batch may hold."""
_LEAST_GAIN = 1e-5
"""Expected gain (log odds) below which there is nothing to gain: rounding, where all scores are equal."""
_REPLICATED = 4
"""Best archs for which another trial is considered."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A segment that a free worker could train, and what is expected of it. Scores are log odds."""

    action: str
    """`start`, `continue`, `probe`, `finish`, `promote` or `replicate`."""
    request: Train
    mean: float
    std: float
    best: float
    """Best posterior mean at present."""
    gain: float
    """Expected rise of it."""
    seconds: float
    """Of its segment."""

    @property
    def rate(self) -> float:
        """Expected gain per second."""
        return self.gain / max(self.seconds, 1e-9)

    def reason(self, stage: str) -> Reason:
        """Return why the request is made: gains in percent points, and per hour."""
        slope = percent(self.best) * (1.0 - percent(self.best) / 100.0)  # percent points per unit of log odds
        reason: dict[str, float | str] = {
            "stage": stage,
            "action": self.action,
            "potential": slope * self.gain,
            "p_best": float(ndtr((self.mean - self.best) / max(self.std, 1e-12))),
            "seconds": self.seconds,
        }
        if self.seconds > 0.0:  # before the first segment no cost is known
            reason["gain_per_hour"] = slope * self.rate * 3600.0
        return reason


@dataclass(frozen=True, slots=True)
class Batch:
    """Trainings that are worth more together than apart: a first one alone has nothing to be compared with."""

    action: str
    requests: tuple[Train, ...] = ()
    gain: float = 0.0
    """Expected rise of the pick's final score, in log odds."""
    seconds: float = 0.0
    """Of one worker, together."""

    @property
    def rate(self) -> float:
        """Expected gain per second."""
        return self.gain / max(self.seconds, 1e-9)


Ranking: TypeAlias = Callable[[Choice], tuple[float, float]]
"""The smallest key goes first."""


def by_gain(choice: Choice) -> tuple[float, float]:
    """Rank by expected gain, ties by mean."""
    return -choice.gain, -choice.mean


class Choices:
    """Knows the ladder, the costs and the predictor; decides nothing."""

    def __init__(
        self,
        ladder: Ladder,
        costs: CostModel,
        predictor: SearchPredictor,
        pool: Pool,
        record: Record,
        ranking: Ranking = by_gain,
    ) -> None:
        self._ladder, self._costs, self._predictor, self._pool, self._record = ladder, costs, predictor, pool, record
        self._ranking = ranking
        self._rests: dict[Arch, Train] = {}

    @property
    def has_low(self) -> bool:
        """Whether a start ends at a low level, from which the arch goes on."""
        return self._ladder.low is not None

    @property
    def slope(self) -> Normal:
        """What is believed of the slope of medium scores on capacity, both standardised."""
        return self._predictor.standing.slope

    # -- stages 1 and 2 ----------------------------------------------------------------------------------

    def starts(self, places: Sequence[int]) -> list[Choice]:
        """Return the choices of starting the archs at `places`; gains count as if they reached the medium level."""
        if not len(places):
            return []
        to = self._ladder.low or self._ladder.medium
        requests = [self._train(self._pool.archs[place], 0, to) for place in places]
        return self._choices("start", requests, self._predictor.posterior(places))

    def mean_rate(self, places: Sequence[int]) -> float:
        """Return the mean expected gain per second of taking archs to the medium level; 0 for none."""
        if not len(places) or not self._costs.known:
            return 0.0
        gain = self._gain(self._predictor.posterior(places))
        archs = [self._pool.archs[place] for place in places]
        seconds = [self._costs.seconds(self._train(a, 0, self._ladder.medium)) for a in archs]
        return float(np.mean(np.where(gain > _LEAST_GAIN, gain, 0.0) / np.array(seconds)))

    def continuations(self) -> list[Choice]:
        """Return the choices of continuing the early curves that wait, the best by the ranking first."""
        low, archs = self._ladder.low, self._record.low
        if low is None or not archs:
            return []
        requests = [self._rest(a, low) for a in archs]
        posterior = self._predictor.posterior([self._pool.place(a) for a in archs])
        return sorted(self._choices("continue", requests, posterior), key=self._ranking)

    def _gain(self, posterior: Posterior) -> FloatArray:
        """Return the expected rise of the best promise when archs of such predictions get a medium score."""
        standing = self._predictor.standing
        return expected_gain(posterior.mean, informed_std(posterior.std, standing.trial_noise2), standing.best)

    def _choices(self, action: str, requests: list[Train], posterior: Posterior) -> list[Choice]:
        gains, best = self._gain(posterior), self._predictor.standing.best
        seconds = [self._costs.seconds(request) for request in requests]
        values = zip(requests, posterior.mean.tolist(), posterior.std.tolist(), gains.tolist(), seconds, strict=True)
        return [Choice(action, request, m, s, best, gain, paid) for request, m, s, gain, paid in values]

    def _rest(self, arch: Arch, low: Fidelity) -> Train:
        """Return the request from the low to the medium level, which is considered many times."""
        if arch not in self._rests:
            self._rests[arch] = self._train(arch, low.epochs, self._ladder.medium)
        return self._rests[arch]

    def rest_s(self, arch: Arch) -> float:
        """Return the seconds from the low to the medium level."""
        low = self._ladder.low
        return self._costs.seconds(self._rest(arch, low)) if low else 0.0

    # -- stage 3 -----------------------------------------------------------------------------------------

    def batches(self, belief: FinalBelief, available_s: float, draws: FloatArray) -> list[Batch]:
        """Return every batch of refinement that `available_s` affords, with its expected gain.

        Args:
            belief: about the final scores, best first.
            available_s: seconds that are left, over all workers.
            draws: standard normal numbers, (n_draws, max(SIZES) at least).
        """
        found: list[Batch] = []
        for action, places, kind, request in self._families(belief):
            requests = [request(belief.archs[i]) for i in places[: max(SIZES)]]
            seconds = list(accumulate(self._costs.seconds(r) for r in requests))
            sizes = [n for n in SIZES if n <= len(requests) and seconds[n - 1] <= available_s]
            if sizes:
                gains = gains_of_sightings(belief, places[: sizes[-1]], kind, draws, sizes)
                pairs = zip(sizes, gains, strict=True)
                found.extend(Batch(action, tuple(requests[:n]), gain, seconds[n - 1]) for n, gain in pairs)
        return [*found, *(b for b in self._replicates(belief, draws) if b.seconds <= available_s)]

    def refinement(self, batch: Batch, request: Train, belief: FinalBelief) -> Choice | None:
        """Return a training of a batch as a choice; None where its arch is among the best no more."""
        if request.arch not in belief.archs:
            return None
        place, share = belief.archs.index(request.arch), batch.gain / len(batch.requests)
        mean, std = float(belief.mean[place]), float(belief.std[place])
        return Choice(batch.action, request, mean, std, float(belief.mean[0]), share, self._costs.seconds(request))

    def _families(self, belief: FinalBelief) -> list[tuple[str, list[int], int, Callable[[Arch], Train]]]:
        """Return the kinds of trainings that stage 3 knows: action, places in order, kind of sighting, request."""
        high = self._ladder.high
        if high is None:
            return []
        begun = self._record.refined  # what is still running has no sighting yet
        new = [i for i in belief.unsighted() if belief.archs[i] not in begun]
        if self._ladder.probe is None:
            return [("promote", new, FULL, self._to_high)]
        probed = [i for i in belief.with_kind(PROBE) if belief.archs[i] in self._record.probed]
        return [("probe", new, PROBE, self._to_probe), ("finish", probed, FULL, self._finish)]

    def _replicates(self, belief: FinalBelief, draws: FloatArray) -> list[Batch]:
        """Return the batches of one: another trial of one of the best archs, at the medium and the high level."""
        best, medium, high = range(len(belief.archs))[:_REPLICATED], self._ladder.medium, self._ladder.high
        found = []
        for i in (i for i in best if self._record.may_train(belief.archs[i], medium.schedule)):
            gain = knowledge_gradient(belief.mean, belief.medium_cov, i, self._predictor.standing.trial_noise2)
            found.append(self._again(belief.archs[i], medium, gain))
        if high is None or high.schedule == medium.schedule:
            return found
        full = [i for i in belief.with_kind(FULL) if self._record.may_train(belief.archs[i], high.schedule)]
        for i in full[:_REPLICATED]:
            gain = gain_of_sightings(belief, [i], FULL, draws)
            found.append(self._again(belief.archs[i], high, gain))
        return found

    def _again(self, arch: Arch, level: Fidelity, gain: float) -> Batch:
        request = self._train(arch, 0, level, self._record.trials.get((arch, level.schedule), 1))
        return Batch("replicate", (request,), gain, self._costs.seconds(request))

    def _to_probe(self, arch: Arch) -> Train:
        probe = self._ladder.probe
        assert probe is not None
        return Train(arch, probe.schedule, 0, probe.epochs, ())

    def _finish(self, arch: Arch) -> Train:
        probe, high = self._ladder.probe, self._ladder.high
        assert probe is not None
        assert high is not None
        return self._train(arch, probe.epochs, high)

    def _to_high(self, arch: Arch) -> Train:
        """Return the full training of `arch`: its medium run goes on where the schedule is the same."""
        high = self._ladder.high
        assert high is not None
        return self._train(arch, self._ladder.medium.epochs if self._ladder.resumes_to_high else 0, high)

    def _train(self, arch: Arch, start: int, to: Fidelity, replicate: int = 0) -> Train:
        silent = to == self._ladder.low and not self._ladder.low_validates
        return Train(arch, to.schedule, start, to.epochs, () if silent else None, replicate)
