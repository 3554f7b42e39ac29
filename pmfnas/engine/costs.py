"""What a segment will cost, learnt from what segments did cost.

Seconds per epoch are close to linear in FLOPs and parameters, so a ridge regression over the archs seen so far
predicts an arch never trained; an arch that was trained before keeps its own figure. Where a space knows neither, their
logarithm is regressed on its features instead: choices multiply the seconds. A schedule may use another rate (other
batch size, other data), which is learnt as one factor per schedule. Every segment is set up once more.
"""

import numpy as np

from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Cost, FloatArray, Train

_FIRM, _WEAK = 1.0, 1e-3
"""Penalties, in observations: of features, which are many, and of all else."""


class CostModel:
    """Seconds per epoch and per validation pass."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._has_costs: bool = getattr(space, "has_costs", True)
        n = 3 if self._has_costs else 1 + len(space.features([(0,) * len(space.cardinalities)])[0])
        self._penalty = np.full(n, _WEAK)
        self._penalty[1:] = _WEAK if self._has_costs else _FIRM
        self._known_inputs: dict[Arch, FloatArray] = {}
        self._epoch_s: dict[tuple[Arch, str], float] = {}
        self._pass_s: dict[Arch, float] = {}
        self._gram = np.zeros((n, n))
        self._moment = np.zeros(n)
        self._weights: FloatArray | None = None  # None while they are those of an outcome before
        self._setup_s = (0.0, 0)  # sum, and segments
        self._slowest_s = self._fastest_s = 0.0
        self._n = 0
        self._pass_ratio = (0.0, 0.0)  # sums of pass seconds and of epoch seconds of the same segments
        self._factors: dict[str, tuple[float, float]] = {}  # schedule -> sums of seen and of predicted seconds

    @property
    def known(self) -> bool:
        """Whether any segment has been paid."""
        return self._n > 0

    def tell(self, request: Train, cost: Cost, epochs: int) -> None:
        """Take note of a segment that trained `epochs` epochs."""
        if epochs <= 0 or not np.isfinite(cost.total_s) or cost.train_s <= 0:
            return
        epoch_s = cost.train_s / epochs
        self._setup_s = (self._setup_s[0] + cost.setup_s, self._setup_s[1] + 1)
        seen = self._factors.get(request.schedule, (0.0, 0.0))
        predicted = self._base_s(request.arch) if self.known else epoch_s
        self._factors[request.schedule] = (seen[0] + epoch_s, seen[1] + predicted)
        if len(self._factors) == 1:
            self._learn(self._inputs(request.arch), epoch_s)
        self._epoch_s[request.arch, request.schedule] = epoch_s
        if request.validations and cost.valid_s > 0:
            pass_s = cost.valid_s / len(request.validations)
            self._pass_s[request.arch] = pass_s
            self._pass_ratio = (self._pass_ratio[0] + pass_s, self._pass_ratio[1] + epoch_s)

    def epoch_s(self, arch: Arch, schedule: str) -> float:
        """Return the seconds of one epoch; 0 while nothing is known."""
        own = self._epoch_s.get((arch, schedule))
        if own is not None or not self.known:
            return own or 0.0
        seen, predicted = self._factors.get(schedule, (1.0, 1.0))
        return self._base_s(arch) * seen / predicted

    def seconds(self, request: Train) -> float:
        """Return the seconds that a request will cost; 0 while nothing is known."""
        epoch_s = self.epoch_s(request.arch, request.schedule)
        numerator, denominator = self._pass_ratio
        ratio = numerator / denominator if denominator else 0.0
        pass_s = self._pass_s.get(request.arch, ratio * epoch_s)
        setup_s = self._setup_s[0] / max(1, self._setup_s[1])
        return epoch_s * (request.stop - request.start) + pass_s * len(request.validations) + setup_s

    def _inputs(self, arch: Arch) -> FloatArray:
        """Return what the seconds of an arch are predicted from; its counts are taken once."""
        inputs = self._known_inputs.get(arch)
        if inputs is None:
            costs = (self._space.flops_m(arch), self._space.params_m(arch)) if self._has_costs else ()
            inputs = np.array([1.0, *(costs or self._space.features([arch])[0])])
            self._known_inputs[arch] = inputs
        return inputs

    def _learn(self, inputs: FloatArray, epoch_s: float) -> None:
        self._gram += np.outer(inputs, inputs)
        self._moment += inputs * (epoch_s if self._has_costs else np.log(epoch_s))
        self._fastest_s = min(self._fastest_s or epoch_s, epoch_s)
        self._slowest_s = max(self._slowest_s, epoch_s)
        self._n, self._weights = self._n + 1, None

    def _solve(self) -> FloatArray:
        """Return the weights of the inputs."""
        scale = np.sqrt(np.diag(self._gram) / self._n) + 1e-12
        ridge = self._gram / np.outer(scale, scale) + np.diag(self._penalty)
        return np.asarray(np.linalg.solve(ridge, self._moment / scale) / scale)

    def _base_s(self, arch: Arch) -> float:
        """Return the predicted seconds of one epoch under the first schedule seen."""
        own = self._epoch_s.get((arch, next(iter(self._factors))))
        if own is not None:
            return own
        if self._weights is None:
            self._weights = self._solve()
        guess = float(self._weights @ self._inputs(arch))
        guess = guess if self._has_costs else float(np.exp(guess))
        return min(max(guess, 0.5 * self._fastest_s), 3.0 * self._slowest_s)
