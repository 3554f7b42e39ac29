"""Builds the options that the allocator compares: which requests are possible now, and what each is worth."""

from collections.abc import Callable, Sequence

import numpy as np

from pmfnas.core.types import Arch, Fidelity, FloatArray, Train
from pmfnas.engine.costs import CostModel
from pmfnas.engine.ladder import Ladder
from pmfnas.engine.pool import Pool
from pmfnas.engine.ports import SearchPredictor
from pmfnas.engine.record import Record
from pmfnas.engine.stages import SIZES, Batch, gain_of_sightings
from pmfnas.engine.transfer import FULL, PROBE, FinalBelief
from pmfnas.engine.value import Option, expected_gain, informed_std, knowledge_gradient

_LEAST_GAIN = 1e-5
"""Expected gain (log odds) below which there is nothing to gain: rounding, where all scores are equal."""
_REPLICATED = 4
"""Best archs for which another trial is considered."""


class Options:
    """Knows the ladder, the costs and the predictor; decides nothing."""

    def __init__(
        self, ladder: Ladder, costs: CostModel, predictor: SearchPredictor, pool: Pool, record: Record
    ) -> None:
        self._ladder, self._costs, self._predictor, self._pool, self._record = ladder, costs, predictor, pool, record

    @property
    def has_low(self) -> bool:
        """Whether a start ends at a low level, from which the arch goes on."""
        return self._ladder.low is not None

    # -- stages 1 and 2 ----------------------------------------------------------------------------------

    def starts(self, places: Sequence[int]) -> list[Option]:
        """Return the options of starting the archs at `places`; gains count as if they reached the medium level."""
        if not len(places):
            return []
        mean, std = self._predictor.unseen(places)
        to = self._ladder.low or self._ladder.medium
        archs = [self._pool.archs[place] for place in places]
        return self._options("start", [self._train(a, 0, to) for a in archs], mean, std)

    def mean_rate(self, places: Sequence[int]) -> float:
        """Return the mean expected gain per second of taking archs to the medium level; 0 for none."""
        if not len(places) or not self._costs.known:
            return 0.0
        gain = self._gain(*self._predictor.unseen(places))
        archs = [self._pool.archs[place] for place in places]
        seconds = [self._costs.seconds(self._train(a, 0, self._ladder.medium)) for a in archs]
        return float(np.mean(np.where(gain > _LEAST_GAIN, gain, 0.0) / np.array(seconds)))

    def continuations(self, archs: list[Arch], *, by_gain: bool) -> list[Option]:
        """Return the options of continuing early curves, largest expected gain first; ties, or all, by mean."""
        low = self._ladder.low
        if low is None or not archs:
            return []
        mean, std = self._predictor.early(archs)
        requests = [self._train(a, low.epochs, self._ladder.medium) for a in archs]
        found = self._options("continue", requests, mean, std)
        return sorted(found, key=lambda o: (-o.gain if by_gain else 0.0, -o.mean))

    def _gain(self, mean: FloatArray, std: FloatArray) -> FloatArray:
        """Return the expected rise of the best promise when archs of such predictions get a medium score."""
        return expected_gain(mean, informed_std(std, self._predictor.trial_noise2), self._predictor.best_promise())

    def _options(self, action: str, requests: list[Train], mean: FloatArray, std: FloatArray) -> list[Option]:
        gains, best = self._gain(mean, std), self._predictor.best_promise()
        seconds = [self._costs.seconds(request) for request in requests]
        values = zip(requests, mean.tolist(), std.tolist(), gains.tolist(), seconds, strict=True)
        return [Option(action, request, m, s, best, gain, paid) for request, m, s, gain, paid in values]

    def rest_s(self, arch: Arch) -> float:
        """Return the seconds from the low to the medium level."""
        low = self._ladder.low
        return self._costs.seconds(self._train(arch, low.epochs, self._ladder.medium)) if low else 0.0

    # -- stage 3 -----------------------------------------------------------------------------------------

    def batches(self, belief: FinalBelief, available_s: float, draws: FloatArray, *, probes: bool) -> list[Batch]:
        """Return every batch of refinement that `available_s` affords, with its expected gain.

        Args:
            belief: about the final scores, best first.
            available_s: seconds that are left, over all workers.
            draws: standard normal numbers, (n_draws, max(SIZES) at least).
            probes: whether probes may be made; without them, full trainings begin at once.
        """
        found: list[Batch] = []
        for action, places, kind, request in self._families(belief, probes=probes):
            for n in (n for n in SIZES if n <= len(places)):
                requests = tuple(request(belief.archs[i]) for i in places[:n])
                seconds = sum(self._costs.seconds(r) for r in requests)
                if seconds > available_s:
                    break
                found.append(Batch(action, requests, gain_of_sightings(belief, places[:n], kind, draws), seconds))
        return [*found, *(b for b in self._replicates(belief, draws) if b.seconds <= available_s)]

    def refinement(self, batch: Batch, request: Train, belief: FinalBelief) -> Option | None:
        """Return a training of a batch as an option; None where its arch is among the best no more."""
        if request.arch not in belief.archs:
            return None
        place, share = belief.archs.index(request.arch), batch.gain / len(batch.requests)
        mean, std = float(belief.mean[place]), float(belief.std[place])
        return Option(batch.action, request, mean, std, float(belief.mean[0]), share, self._costs.seconds(request))

    def _families(
        self, belief: FinalBelief, *, probes: bool
    ) -> list[tuple[str, list[int], int, Callable[[Arch], Train]]]:
        """Return the kinds of trainings that stage 3 knows: action, places in order, kind of sighting, request."""
        high = self._ladder.high
        if high is None:
            return []
        begun = self._record.refined  # what is still running has no sighting yet
        new = [i for i in belief.unsighted() if belief.archs[i] not in begun]
        if self._ladder.probe is None or not probes:
            return [("promote", new, FULL, self._to_high)]
        probed = [i for i in belief.with_kind(PROBE) if belief.archs[i] in self._record.probed]
        return [("probe", new, PROBE, self._to_probe), ("finish", probed, FULL, self._finish)]

    def _replicates(self, belief: FinalBelief, draws: FloatArray) -> list[Batch]:
        """Return the batches of one: another trial of one of the best archs, at the medium and the high level."""
        best, medium, high = range(len(belief.archs))[:_REPLICATED], self._ladder.medium, self._ladder.high
        found = []
        for i in (i for i in best if self._record.may_train(belief.archs[i], medium.schedule)):
            gain = knowledge_gradient(belief.mean, belief.medium_cov, i, self._predictor.trial_noise2)
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
