"""Builds the options that the allocator compares: which requests are possible now, and what each is worth."""

import numpy as np

from pmfnas.core.types import Arch, Fidelity, Train
from pmfnas.engine.costs import CostModel
from pmfnas.engine.ladder import Ladder
from pmfnas.engine.pool import Pool
from pmfnas.engine.predictor import Predictor
from pmfnas.engine.record import Record
from pmfnas.engine.transfer import FinalBelief
from pmfnas.engine.value import Option, expected_gain, informed_std, knowledge_gradient

_LEAST_GAIN = 1e-5
"""Expected gain (log odds) below which there is nothing to gain: rounding, where all scores are equal."""


class Options:
    """Knows the ladder, the costs and the predictor; decides nothing."""

    def __init__(self, ladder: Ladder, costs: CostModel, predictor: Predictor, pool: Pool, record: Record) -> None:
        self._ladder, self._costs, self._predictor, self._pool, self._record = ladder, costs, predictor, pool, record

    def start(self, arch: Arch, belief: FinalBelief) -> Option:
        """Return the option of starting `arch`; its gain counts as if it went on to the medium level."""
        low = self._ladder.low or self._ladder.medium
        request = self._train(arch, 0, low)
        mean, std = self._predictor.unseen([arch])
        gain = expected_gain(mean, informed_std(std, self._predictor.trial_noise2), _best(belief))
        seconds = self._costs.seconds(request)
        return Option(
            "start",
            request,
            float(mean[0]),
            float(std[0]),
            _best(belief),
            float(gain[0]),
            seconds,
            through_s=seconds + self._rest_s(arch),
        )

    def mean_rate(self, archs: list[Arch], belief: FinalBelief) -> float:
        """Return the mean expected gain per second of taking `archs` to the medium level; 0 for none."""
        if not archs or not self._costs.known:
            return 0.0
        mean, std = self._predictor.unseen(archs)
        gain = expected_gain(mean, informed_std(std, self._predictor.trial_noise2), _best(belief))
        seconds = [self._costs.seconds(self._train(a, 0, self._ladder.medium)) for a in archs]
        return float(np.mean(np.where(gain > _LEAST_GAIN, gain, 0.0) / np.array(seconds)))

    def full_seconds(self, belief: FinalBelief) -> list[float]:
        """Return the seconds of a full training of each arch in `belief`; empty where there is no higher level."""
        if self._ladder.high is None:
            return []
        return [self._costs.seconds(self._to_high(arch)) for arch in belief.archs]

    def promotions(self, belief: FinalBelief) -> list[Option]:
        """Return the options of training each arch of `belief` to the highest level."""
        high = self._ladder.high
        if high is None:
            return []
        may = self._record.may_train
        return [self._promote(belief, i) for i, arch in enumerate(belief.archs) if may(arch, high.schedule)]

    def replicates(self, belief: FinalBelief) -> list[Option]:
        """Return the options of training each arch of `belief` to the medium level once more."""
        may, medium = self._record.may_train, self._ladder.medium.schedule
        return [self._replicate(belief, i) for i, arch in enumerate(belief.archs) if may(arch, medium)]

    def _rest_s(self, arch: Arch) -> float:
        low = self._ladder.low
        return self._costs.seconds(self._train(arch, low.epochs, self._ladder.medium)) if low else 0.0

    def best_continued(self, archs: list[Arch], belief: FinalBelief) -> Option | None:
        """Return the option of continuing the one of `archs` whose early curve promises the largest gain."""
        low, order = self._ladder.low, self.by_gain(archs, belief)
        if low is None or not order:
            return None
        mean, std = self._predictor.early(order[:1])
        gain = expected_gain(mean, informed_std(std, self._predictor.trial_noise2), _best(belief))
        request = self._train(order[0], low.epochs, self._ladder.medium)
        seconds = self._costs.seconds(request)
        return Option("continue", request, float(mean[0]), float(std[0]), _best(belief), float(gain[0]), seconds)

    def by_gain(self, archs: list[Arch], belief: FinalBelief) -> list[Arch]:
        """Return archs with an early curve, largest expected gain first; equal gains by predicted mean."""
        if not archs:
            return []
        mean, std = self._predictor.early(archs)
        gain = expected_gain(mean, informed_std(std, self._predictor.trial_noise2), _best(belief))
        return [archs[i] for i in np.lexsort((-mean, -gain))]

    def _promote(self, belief: FinalBelief, place: int) -> Option:
        request = self._to_high(belief.archs[place])
        gain = knowledge_gradient(belief.mean, belief.cov, place, belief.noise2)
        return self._final_option("promote", request, belief, place, gain)

    def _replicate(self, belief: FinalBelief, place: int) -> Option:
        medium, arch = self._ladder.medium, belief.archs[place]
        request = self._train(arch, 0, medium, self._record.trials.get((arch, medium.schedule), 1))
        gain = knowledge_gradient(belief.mean, belief.medium_cov, place, self._predictor.trial_noise2)
        return self._final_option("replicate", request, belief, place, gain)

    def _to_high(self, arch: Arch) -> Train:
        """Return the next full training of `arch`: its medium run goes on where the schedule is the same."""
        high = self._ladder.high
        assert high is not None
        if self._ladder.resumes_to_high:
            return self._train(arch, self._ladder.medium.epochs, high)
        return self._train(arch, 0, high, self._record.trials.get((arch, high.schedule), 0))

    def _train(self, arch: Arch, start: int, to: Fidelity, replicate: int = 0) -> Train:
        silent = to == self._ladder.low and not self._ladder.low_validates
        return Train(arch, to.schedule, start, to.epochs, () if silent else None, replicate)

    def _final_option(self, action: str, request: Train, belief: FinalBelief, place: int, gain: float) -> Option:
        std = float(np.sqrt(max(belief.cov[place, place], 0.0)))
        seconds = self._costs.seconds(request)
        return Option(action, request, float(belief.mean[place]), std, _best(belief), gain, seconds)


def _best(belief: FinalBelief) -> float:
    """Return the best promise of an arch with a medium score; the worst possible score while there is none."""
    return float(belief.promise.max(initial=-7.0))
