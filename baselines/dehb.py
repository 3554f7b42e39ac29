"""DEHB: Hyperband whose archs come from differential evolution, one population per rung.

An arch is a vector in the unit cube; position d holds choice floor(k_d x_d). The population of a rung is as large as
the largest bracket at that rung. When a bracket needs an arch at a rung, the next member of the population is
challenged by a trial vector: rand/1 mutation of three parents, crossed with the member. The better of member and trial
stays in the population. At the rung where a bracket enters, the parents come from that rung's population. At higher
rungs they are the best members of the population one rung below, so cheap results guide expensive training. An empty
place is filled by a random arch or by the arch that successive halving promotes.

Source: Awad, Mallik and Hutter 2021, "DEHB: Evolutionary Hyperband for Scalable, Robust and Efficient Hyperparameter
Optimization", arXiv 2105.09821, section 4; package: automl/DEHB.

Deviations from the paper:
    - The resource of a rung is its number of epochs, as in `baselines.hyperband`.
    - A random or promoted arch gets the centre of its cell of the unit cube as its vector. So the difference of two
      vectors depends on the archs only.
    - A trial whose arch is in flight, or known at its rung, is mutated anew, up to `n_tries` times. After that a
      random arch replaces it. The paper evaluates a known arch again.
    - Promotions fill empty places only; the paper promotes throughout the first round of brackets.
    - If a trial has fewer than three parents, members of all populations and then random vectors are added.
    - An arch that diverged or failed counts as worst. Checkpoints are kept while the arch is in a population.
    - A worker that meets a barrier works on the next bracket, as in the package.

Settings tried (seeds 0 to 59, CIFAR-10 and CIFAR-100, 30,600 s): 24. Mutation factors .2 to .8 and crossover rates .2
to .8, populations of single, double and triple size, both roundings, five ladders, parents at the entry from the
population or its best only, random vectors or centres. The paper's factors are kept: alternatives are within noise
(.05 and .15 points). Centres gain .05 and .25 points. A ladder with 200@200 as last rung loses .2 and .4 points; it is
not the default.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from baselines.parts.brackets import Bracket, Enter, Promote, Rounding, hyperband_shapes, resources
from baselines.parts.checks import check_at_least
from baselines.parts.climbing import Climber, ladder_of
from baselines.parts.incumbents import Observed
from baselines.parts.racing import Race
from baselines.parts.sampling import unseen
from pmfnas.core.errors import InputError
from pmfnas.core.ports import Space
from pmfnas.core.types import Arch, Decision, Fidelities, FloatArray, Outcome, Ticket

N_PARENTS = 3
"""Parents of a mutant in rand/1."""


@dataclass(frozen=True, slots=True)
class Member:
    """An arch of a population, with its vector and its result."""

    vector: FloatArray  # (n_positions,) in [0, 1)
    arch: Arch
    value: float
    """Percent; -inf if training diverged, failed or was cancelled."""


class Population:
    """The members of one rung. They are challenged in turn, place by place."""

    def __init__(self, size: int) -> None:
        self._places: list[Member | None] = [None] * size
        self._n_places = Counter[Arch]()  # by the arch that holds them
        self._turn = 0

    @property
    def members(self) -> list[Member]:
        """The members in order of their places; empty places are left out."""
        return [member for member in self._places if member is not None]

    def holds(self, arch: Arch) -> bool:
        """Return whether a member has this arch."""
        return self._n_places[arch] > 0

    def best(self, n: int) -> list[Member]:
        """Return the `n` best members, best first."""
        return sorted(self.members, key=lambda member: -member.value)[:n]

    def take_turn(self) -> tuple[int, Member | None]:
        """Return the next place and its member, or None if the place is empty."""
        place = self._turn
        self._turn = (place + 1) % len(self._places)
        return place, self._places[place]

    def select(self, place: int, trial: Member) -> Member | None:
        """Put `trial` in the place unless the member there is better. Return the loser; None if there was no member."""
        member = self._places[place]
        if member is not None and member.value > trial.value:
            return trial
        self._places[place] = trial
        self._n_places[trial.arch] += 1
        if member is not None:
            self._n_places[member.arch] -= 1
        return member


def mutant(parents: Sequence[FloatArray], factor: float, *, rng: np.random.Generator) -> FloatArray:
    """Return v = x_1 + F (x_2 - x_3) (rand/1), shape (n_positions,). Entries outside [0, 1) are drawn anew."""
    first, second, third = parents
    vector = first + factor * (second - third)
    outside = (vector < 0.0) | (vector >= 1.0)
    return np.where(outside, rng.random(len(vector)), vector)


def crossed(target: FloatArray, mutated: FloatArray, rate: float, *, rng: np.random.Generator) -> FloatArray:
    """Return the binomial crossover: each position from the mutant with probability `rate`, at least one of them."""
    from_mutant = rng.random(len(target)) < rate
    from_mutant[rng.integers(len(target))] = True
    return np.where(from_mutant, mutated, target)


def decode(vector: FloatArray, cardinalities: Sequence[int]) -> Arch:
    """Return the arch whose cell of the unit cube contains `vector`."""
    return tuple(int(x * n) for x, n in zip(vector.tolist(), cardinalities, strict=True))


def centre(arch: Arch, cardinalities: Sequence[int]) -> FloatArray:
    """Return the centre of the arch's cell of the unit cube, shape (n_positions,)."""
    return np.asarray((np.asarray(arch) + 0.5) / np.asarray(cardinalities))


class Dehb:
    """DEHB, section 4 of the paper.

    Args:
        space: the space that archs are drawn from; its positions are categories.
        fidelities: the benchmark's schedules and validation epochs.
        budget_s: not used.
        n_workers: not used; the searcher waits only once the space is exhausted.
        rng: draws archs, parents and crossover positions.
        ladder: the rungs; see `baselines.parts.climbing.ladder_of`.
        eta: each rung promotes 1 / eta of its archs; None derives the share from the epochs of the rungs.
        rounding: how bracket sizes are rounded; see `baselines.parts.brackets.hyperband_shapes`.
        mutation_factor: scale of the difference of two parents (F).
        crossover_rate: probability that a position comes from the mutant (p).
        n_tries: mutations that a trial may take to reach a new arch; after that a random arch replaces it.
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
        eta: int | None = None,
        rounding: Rounding = "up",
        mutation_factor: float = 0.5,
        crossover_rate: float = 0.5,
        n_tries: int = 10,
    ) -> None:
        del budget_s, n_workers
        if not mutation_factor > 0:
            raise InputError(f"mutation_factor is {mutation_factor}, but must be positive")
        if not 0 <= crossover_rate <= 1:
            raise InputError(f"crossover_rate is {crossover_rate}, but must be in [0, 1]")
        check_at_least("n_tries", n_tries, 1)
        self._space = space
        self._rng = rng
        self._mutation_factor = mutation_factor
        self._crossover_rate = crossover_rate
        self._n_tries = n_tries
        rungs = ladder_of(ladder, fidelities)
        shapes = hyperband_shapes(resources(rungs, eta), rounding)
        largest = [max(s.sizes[k - s.first] for s in shapes if s.first <= k) for k in range(len(rungs))]
        self._populations = [Population(size) for size in largest]
        self._known: list[set[Arch]] = [set() for _ in rungs]
        self._trials: dict[Arch, tuple[int, FloatArray]] = {}  # archs in flight: place and vector
        self._climber = Climber(rungs)
        self._race = Race(self._climber, shapes, self._choose, overlap=True)
        self._observed = Observed(fidelities)

    def _choose(self, action: Enter | Promote, bracket: Bracket) -> Arch | None:
        """Return the arch that challenges the rung's next member or fills the rung's next empty place."""
        place, member = self._populations[action.rung].take_turn()
        vector = None
        if member is not None:
            vector = self._trial(member, action.rung, bracket)
        elif isinstance(action, Promote) and self._is_new(action.arch, action.rung):
            vector = centre(action.arch, self._space.cardinalities)
        if vector is None:
            arch = unseen(self._space, self._known[action.rung] | self._trials.keys(), rng=self._rng)
            if arch is None:
                return None
            vector = centre(arch, self._space.cardinalities)
        arch = decode(vector, self._space.cardinalities)
        self._trials[arch] = (place, vector)
        return arch

    def _trial(self, target: Member, rung: int, bracket: Bracket) -> FloatArray | None:
        """Return a trial vector against `target` whose arch is new at the rung; None after `n_tries` failures."""
        pool = self._pool(target, rung, bracket)
        for _ in range(self._n_tries):
            drawn = self._rng.permutation(len(pool))[:N_PARENTS]
            parents = [pool[i].vector for i in drawn]
            parents += [self._rng.random(len(target.vector)) for _ in range(N_PARENTS - len(parents))]
            mutated = mutant(parents, self._mutation_factor, rng=self._rng)
            vector = crossed(target.vector, mutated, self._crossover_rate, rng=self._rng)
            if self._is_new(decode(vector, self._space.cardinalities), rung):
                return vector
        return None

    def _pool(self, target: Member, rung: int, bracket: Bracket) -> list[Member]:
        """Return the candidate parents: of this rung where the bracket enters, else the best of the rung below."""
        if bracket.level == 0:
            pool = [member for member in self._populations[rung].members if member is not target]
        else:
            pool = self._populations[rung - 1].best(bracket.shape.sizes[bracket.level])
        if len(pool) < N_PARENTS:
            others = [m for population in self._populations for m in population.members if m is not target]
            others = [member for member in others if not any(member is parent for parent in pool)]
            drawn = self._rng.permutation(len(others))[: N_PARENTS - len(pool)]
            pool = pool + [others[i] for i in drawn]
        return pool

    def _is_new(self, arch: Arch, rung: int) -> bool:
        return arch not in self._known[rung] and arch not in self._trials

    def ask(self, running: Sequence[Ticket], remaining_s: float) -> Decision:
        """Return the next segment of the oldest bracket that has work to do."""
        del remaining_s
        return self._race.ask(running)

    def tell(self, ticket: Ticket, outcome: Outcome) -> None:
        """Record a result. Of the trial and the member it challenged, the worse leaves the population."""
        self._observed.add(ticket, outcome)
        result = self._race.tell(ticket, outcome)
        self._known[result.rung].add(result.arch)
        place, vector = self._trials.pop(result.arch)
        left_out = self._populations[result.rung].select(place, Member(vector, result.arch, result.value))
        if left_out is not None and not self._is_used(left_out.arch):
            self._climber.drop([left_out.arch])

    def _is_used(self, arch: Arch) -> bool:
        return arch in self._trials or any(population.holds(arch) for population in self._populations)

    def recommend(self) -> Sequence[Arch]:
        """Return the best archs by the plain rule of `baselines.parts.incumbents`, best first."""
        return self._observed.ranking()
