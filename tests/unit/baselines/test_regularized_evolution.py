import numpy as np
import pytest

from baselines.regularized_evolution import PATIENCE, RegularizedEvolution
from pmfnas.core.errors import InputError
from pmfnas.core.ports import Searcher
from pmfnas.core.types import Arch, Failed, Outcome
from pmfnas.testing.grid import GridSpace
from tests.support.evaluating import DIVERGED, asked, make, ok, ticket, walk

SPACE = GridSpace((6, 6, 6, 6))
FAR_APART: tuple[Arch, ...] = tuple((i, i, i, i) for i in range(6))
"""Archs that no child can belong to two of."""


def evolved(population: int, sample: int, outcomes: list[Outcome], seed: int = 0) -> Searcher:
    """A searcher that was told `outcomes` of the first archs of `FAR_APART`, oldest first."""
    searcher = make(RegularizedEvolution, SPACE, seed=seed, population=population, sample=sample)
    for _ in range(population):
        asked(searcher)
    for number, outcome in enumerate(outcomes):
        searcher.tell(ticket(FAR_APART[number], number), outcome)
    return searcher


def parent_of(child: Arch) -> int:
    (parent,) = [i for i, arch in enumerate(FAR_APART) if sum(a != b for a, b in zip(arch, child, strict=True)) == 1]
    return parent


def test_the_oldest_dies_however_good_it_is():
    searcher = evolved(2, 2, [ok(99.0), ok(10.0), ok(20.0)])
    assert {parent_of(asked(searcher)) for _ in range(50)} == {1, 2}


def test_the_best_of_a_sample_with_replacement_is_the_parent():
    n, size, sample = 3000, 4, 3
    outcomes: list[Outcome] = [ok(30.0), ok(10.0), ok(40.0), ok(20.0)]
    searchers = [evolved(size, sample, outcomes, seed) for seed in range(n // 30)]
    counts = np.bincount([parent_of(asked(s)) for s in searchers for _ in range(30)], minlength=size)
    rank = np.array([1, 3, 0, 2])  # 0 is the best
    expected = n * (((size - rank) / size) ** sample - ((size - rank - 1) / size) ** sample)
    assert ((counts - expected) ** 2 / expected).sum() < 16.3  # 99.9 % of chi-square with 3 degrees of freedom


def test_one_that_diverged_joins_as_the_worst_and_a_failed_one_not_at_all():
    searchers = [evolved(3, 3, [ok(30.0), DIVERGED, Failed("crash")], seed) for seed in range(20)]
    parents = [parent_of(asked(searcher)) for searcher in searchers for _ in range(20)]
    assert set(parents) == {0, 1}
    assert parents.count(0) / 400 == pytest.approx(1 - (1 / 2) ** 3, abs=0.07)


def test_what_failed_or_is_in_flight_is_not_asked_for_again():
    searcher = evolved(1, 1, [ok(30.0)])
    children = SPACE.neighbours(FAR_APART[0])
    for number, arch in enumerate(children[:10]):
        searcher.tell(ticket(arch, number), Failed("crash"))
    seen = {asked(searcher, running=children[10:-1]) for _ in range(20)}
    assert seen == {children[-1]}


def test_known_children_join_again_until_patience_ends():
    searcher = make(RegularizedEvolution, GridSpace((2, 2, 2)), population=1, sample=1)
    archs = walk(searcher, sum, PATIENCE + 100)
    assert set(archs[:60]) == {(i, j, k) for i in range(2) for j in range(2) for k in range(2)}
    assert len(archs) < PATIENCE + 60  # nothing is left to draw at random, so it stops


def test_first_archs_are_random_and_never_alike():
    searcher = make(RegularizedEvolution, GridSpace((4, 4)), population=16)
    assert len({asked(searcher) for _ in range(16)}) == 16


def test_nothing_is_learnt_before_the_population_is_full():
    def archs(sign: float) -> list[Arch]:
        searcher = make(RegularizedEvolution, SPACE, population=30, sample=30)
        return walk(searcher, lambda arch: sign * sum(arch), 40)

    assert archs(1.0)[:30] == archs(-1.0)[:30]
    assert archs(1.0)[30:] != archs(-1.0)[30:]


def test_it_climbs():
    searcher = make(RegularizedEvolution, SPACE)
    walk(searcher, sum, 300)
    assert searcher.recommend()[0] == (5, 5, 5, 5)


def test_settings_are_checked():
    with pytest.raises(InputError, match="population is 0, but must be at least 1"):
        make(RegularizedEvolution, SPACE, population=0)
    for sample in (0, 11):
        with pytest.raises(InputError, match=f"sample is {sample}, but must be in 1..population=10"):
            make(RegularizedEvolution, SPACE, sample=sample)
