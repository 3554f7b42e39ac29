"""BOHB: Hyperband in which a model proposes the new archs.

At each rung, the observed archs are split into the best archs and the rest, and a density is fitted to each part, l
and g. Most archs that enter a bracket are chosen by l / g, which rises with the expected improvement: the best of
several draws from a widened l. The other archs are drawn uniformly. The model of the highest rung with enough
observations is used. So the search starts as Hyperband and becomes less random as values of higher fidelity arrive.

Source: Falkner, Klein and Hutter 2018, "BOHB: Robust and Efficient Hyperparameter Optimization at Scale",
arXiv 1807.01774, Algorithm 2 and equations 2 and 3; package: automl/HpBandSter.

Deviations from the paper:
    - The resource of a rung is its number of epochs, as in `baselines.hyperband`.
    - The spread of a position in the bandwidth rule is the probability that two values differ. The package takes the
      standard deviation of the category *numbers*, as if they were ordered. With five choices its bandwidths start at
      the uniform density or above it, so the model has no effect (`spread="index"`).
    - A known arch is never proposed again. If all draws are known, an arch is drawn uniformly.
    - Archs that diverged or failed belong to the rest.
    - The model uses the positions of an arch only: no conditional parameters, no imputation.

Settings tried (seeds 0 to 99, CIFAR-10 and CIFAR-100, 30,600 s): 22, among them random fractions 0, 0.1 and 1/3,
bandwidth factors 1, 1.5 and 3, bandwidths that shrink up to four times as fast, 16 to 256 draws, minimum bandwidths,
good shares .15 and .3, both roundings, and four ladders. None beat those of the paper beyond noise (.05 and .1
points). A ladder with 200@200 as last rung loses .01 and .3 points; it is registered as a searcher of its own.

The row of NAS-Bench-201 (93.61 +- .52 on CIFAR-10 after 12,000 s, arXiv 2001.00326, table 5) comes from a protocol
without fidelities. Its script answers every budget with the full 12@12 evaluation, pays for that evaluation again when
an arch is promoted, and runs the package with 4 draws, no random fraction and minimum bandwidth 0.3. `BOHB_NB201` is
Bohb with these settings: a quarter of the budget pays for repetitions, and the rest searches at random.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from baselines.parts.brackets import Bracket, Enter, Promote, Rounding, hyperband_shapes, resources
from baselines.parts.categorical_kde import CategoricalKde, Spread, fit
from baselines.parts.checks import check_at_least, check_between
from baselines.parts.climbing import Climber, ladder_of, repeated
from baselines.parts.incumbents import Observed
from baselines.parts.racing import Race
from baselines.parts.sampling import unseen
from pmfnas.core.errors import InputError
from pmfnas.core.ports import SearcherFactory, Space
from pmfnas.core.types import Arch, Decision, Fidelities, Outcome, Ticket

_FLOOR = 1e-32
"""Lower bound on densities, as in the package."""


class Bohb:
    """BOHB, Algorithm 2 of the paper.

    Args:
        space: the space that archs are drawn from; its positions are modelled as categories.
        fidelities: the benchmark's schedules and validation epochs.
        budget_s: not used.
        n_workers: not used; the searcher waits only once the space is exhausted.
        rng: draws the archs.
        ladder: the rungs; see `baselines.parts.climbing.ladder_of`.
        repeats: how often the last rung stands in the ladder; each repetition is paid in full.
        eta: each rung promotes 1 / eta of its archs; None derives the share from the epochs of the rungs.
        rounding: how bracket sizes are rounded; see `baselines.parts.brackets.hyperband_shapes`.
        min_points: smallest size of each part of the observations (N_min); None means the number of positions + 1.
        top_fraction: share of the observations that count as good (q).
        n_samples: number of draws from l, of which the best by l / g is taken (N_s).
        random_fraction: share of archs drawn uniformly (rho).
        bandwidth_factor: factor that widens l for the draws (b_w).
        min_bandwidth: smallest bandwidth; it keeps the probability of every choice positive.
        spread: measure of spread in the bandwidth rule; see `baselines.parts.categorical_kde.fit`.
    """

    def __init__(
        self,
        space: Space,
        fidelities: Fidelities,
        budget_s: float,
        n_workers: int,
        *,
        rng: np.random.Generator,
        ladder: str | None = None,
        repeats: int = 1,
        eta: int | None = None,
        rounding: Rounding = "up",
        min_points: int | None = None,
        top_fraction: float = 0.15,
        n_samples: int = 64,
        random_fraction: float = 1 / 3,
        bandwidth_factor: float = 3.0,
        min_bandwidth: float = 1e-3,
        spread: Spread = "differ",
    ) -> None:
        del budget_s, n_workers
        check_at_least("n_samples", n_samples, 1)
        if not 0 <= random_fraction <= 1:
            raise InputError(f"random_fraction is {random_fraction}, but must be in [0, 1]")
        if not bandwidth_factor > 0:
            raise InputError(f"bandwidth_factor is {bandwidth_factor}, but must be positive")
        rungs = repeated(ladder_of(ladder, fidelities), repeats, fidelities)
        self._space = space
        self._rng = rng
        self._n_samples = n_samples
        self._random_fraction = random_fraction
        self._bandwidth_factor = bandwidth_factor
        self._model = Model(
            space.cardinalities,
            len(rungs),
            min_points=len(space.cardinalities) + 1 if min_points is None else min_points,
            top_fraction=top_fraction,
            min_bandwidth=min_bandwidth,
            spread=spread,
        )
        self._seen: set[Arch] = set()
        self._climber = Climber(rungs)
        shapes = hyperband_shapes(resources(rungs, eta), rounding)
        self._race = Race(self._climber, shapes, self._choose, overlap=True)
        self._observed = Observed(fidelities)

    def _choose(self, action: Enter | Promote, bracket: Bracket) -> Arch | None:
        """Return the arch that the bracket promotes, or a new arch to enter it (Algorithm 2)."""
        del bracket
        if isinstance(action, Promote):
            return action.arch
        arch = self._promising() if self._rng.random() >= self._random_fraction else None
        arch = arch or unseen(self._space, self._seen, rng=self._rng)
        if arch is not None:
            self._seen.add(arch)
        return arch

    def _promising(self) -> Arch | None:
        """Return the unknown draw with the highest l / g; None without a model, or if all draws are known."""
        parts = self._model.parts()
        if parts is None:
            return None
        good, rest = parts
        drawn = good.sample(self._n_samples, widen=self._bandwidth_factor, rng=self._rng)
        ratio = np.maximum(good.density(drawn), _FLOOR) / np.maximum(rest.density(drawn), _FLOOR)
        ranked = (tuple(drawn[i].tolist()) for i in np.argsort(-ratio, kind="stable"))
        return next((arch for arch in ranked if arch not in self._seen), None)

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return the next segment of the oldest bracket that has work to do."""
        del remaining_s
        return self._race.ask(running)

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Record a result. The last result of a rung decides which archs are promoted."""
        self._observed.add(ticket, outcome)
        result = self._race.tell(ticket, outcome)
        self._model.add(result.arch, result.rung, result.value)
        self._climber.drop(result.out)

    def recommend(self) -> Sequence[Arch]:
        """Return the best archs by the plain rule of `baselines.parts.incumbents`, best first."""
        return self._observed.ranking()


class Model:
    """The densities of the good archs and of the rest, at the highest rung with enough observations."""

    def __init__(
        self,
        cardinalities: Sequence[int],
        n_rungs: int,
        *,
        min_points: int,
        top_fraction: float,
        min_bandwidth: float,
        spread: Spread,
    ) -> None:
        check_at_least("min_points", min_points, 1)
        check_between("top_fraction", top_fraction, 0.0, 1.0)
        check_between("min_bandwidth", min_bandwidth, 0.0, 1.0)
        self._cardinalities = tuple(cardinalities)
        self._min_points = min_points
        self._top_fraction = top_fraction
        self._min_bandwidth = min_bandwidth
        self._spread = spread
        self._results: list[list[tuple[float, int, Arch]]] = [[] for _ in range(n_rungs)]
        self._parts: dict[tuple[int, int], tuple[CategoricalKde, CategoricalKde]] = {}  # the latest, by rung and size

    def add(self, arch: Arch, rung: int, value: float) -> None:
        """Add an observation in percent; -inf is the worst."""
        self._results[rung].append((-value, len(self._results[rung]), arch))

    def parts(self) -> tuple[CategoricalKde, CategoricalKde] | None:
        """Return (l, g) of the highest rung with at least N_min + 2 observations; None if no rung has as many."""
        sizes = [len(results) for results in self._results]
        rung = max((k for k, size in enumerate(sizes) if size >= self._min_points + 2), default=None)
        if rung is None:
            return None
        key = rung, sizes[rung]
        if key not in self._parts:
            self._parts = {key: self._split(rung)}
        return self._parts[key]

    def _split(self, rung: int) -> tuple[CategoricalKde, CategoricalKde]:
        """Return (l, g) of the observations at `rung` (equation 3)."""
        ranked = np.asarray([arch for _, _, arch in sorted(self._results[rung])])  # (n_archs, n_positions)
        n_good = max(self._min_points, int(self._top_fraction * len(ranked)))
        n_rest = max(self._min_points, len(ranked) - n_good)
        return self._fit(ranked[:n_good]), self._fit(ranked[-n_rest:])

    def _fit(self, archs: NDArray[np.int64]) -> CategoricalKde:
        return fit(archs, self._cardinalities, min_bandwidth=self._min_bandwidth, spread=self._spread)


BOHB_NB201: SearcherFactory = partial(
    Bohb,
    ladder="12@12",
    repeats=3,
    eta=3,
    rounding="down",
    n_samples=4,
    random_fraction=0.0,
    bandwidth_factor=1.0,  # the package widens continuous parameters only
    min_bandwidth=0.3,
    spread="index",
)
"""BOHB with the settings of the NAS-Bench-201 script; see the module docstring."""
