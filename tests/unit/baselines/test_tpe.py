from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest

from baselines.tpe import Parzen, Split, Tpe
from pmfnas.core.errors import InputError
from pmfnas.core.rng import stream
from pmfnas.core.types import Arch, Failed
from pmfnas.testing.grid import GridSpace
from tests.support.evaluating import DIVERGED, asked, make, ok, ticket, walk


class Dealt(GridSpace):
    """A grid whose first samples are dealt."""

    def __init__(self, cardinalities: Sequence[int], archs: Sequence[Arch]) -> None:
        super().__init__(cardinalities)
        self._archs = list(reversed(archs))

    def sample(self, *, rng: np.random.Generator) -> Arch:
        return self._archs.pop() if self._archs else super().sample(rng=rng)


COUNTS = np.array([[2, 0, 1], [1, 2, 0]])
"""Of the archs (0, 1), (0, 0), (2, 1)."""


def test_counts_are_those_of_the_best_share_and_of_the_rest_after_every_arch():
    rng, told, split = stream(0, "split"), [], Split((3, 2), gamma=0.3)
    for n in range(1, 60):
        arch, worth = (int(rng.integers(3)), int(rng.integers(2))), float(rng.integers(6))
        split.add(arch, worth if n % 7 else -np.inf)
        told.append((-(worth if n % 7 else -np.inf), n, arch))
        best_first = np.array([arch for _, _, arch in sorted(told)])
        n_good = min(-(-3 * n // 10), n - 1)
        for counts, archs in ((split.good, best_first[:n_good]), (split.rest, best_first[n_good:])):
            assert counts.tolist() == [np.bincount(archs[:, p].astype(int), minlength=3).tolist() for p in (0, 1)]


def test_frequencies_with_a_uniform_prior():
    parzen = Parzen(COUNTS, 3, (3, 2), prior=6.0)
    np.testing.assert_allclose(parzen.probabilities, [[4 / 9, 2 / 9, 3 / 9], [4 / 9, 5 / 9, 0.0]])
    np.testing.assert_allclose(parzen.log_density(np.array([[2, 1], [1, 0]])), np.log([15 / 81, 8 / 81]))


def test_archs_are_drawn_with_these_frequencies():
    parzen, n = Parzen(COUNTS, 3, (3, 2), prior=6.0), 5000
    drawn = parzen.draw(n, rng=stream(0, "test"))
    assert drawn.shape == (n, 2)
    for place in range(2):
        share = np.bincount(drawn[:, place], minlength=3) / n
        np.testing.assert_allclose(share, parzen.probabilities[place], atol=3.5 * np.sqrt(0.25 / n))
    assert drawn[:, 1].max() == 1


@pytest.mark.parametrize(("gamma", "n_good", "expected"), [(0.3, 2, (0, 2, 0)), (0.5, 3, (2, 2, 0))])
def test_with_many_candidates_the_new_arch_of_highest_ratio_is_asked_for(gamma: float, n_good: int, expected: Arch):
    prior, cardinalities = 2.0, (3, 3, 2)
    told: list[Arch] = [(1, 2, 0), (0, 2, 1), (2, 2, 1), (1, 0, 1), (0, 0, 1), (1, 1, 1)]  # best first

    def frequency(archs: list[Arch], place: int, choice: int) -> float:
        n_choices = cardinalities[place]
        return (sum(arch[place] == choice for arch in archs) + prior / n_choices) / (len(archs) + prior)

    def ratio(arch: Arch) -> float:
        good, rest = told[:n_good], told[n_good:]
        return float(np.prod([frequency(good, p, c) / frequency(rest, p, c) for p, c in enumerate(arch)]))

    new = [arch for arch in product(range(3), range(3), range(2)) if arch not in told]
    assert max(new, key=ratio) == expected
    assert sum(ratio(arch) > 0.99 * ratio(expected) for arch in new) == 1
    space = Dealt(cardinalities, told)
    searcher = make(Tpe, space, n_startup=6, gamma=gamma, prior=prior, n_candidates=5000)
    assert walk(searcher, lambda arch: 50.0 - told.index(arch), 6) == told
    assert asked(searcher) == expected


def test_no_arch_is_asked_for_twice_and_all_are_at_last():
    archs = walk(make(Tpe, GridSpace((3, 3, 3))), sum, 100)
    assert len(archs) == len(set(archs)) == 27


def test_it_prefers_what_was_good():
    archs = walk(make(Tpe, GridSpace((5, 5, 5, 5))), lambda arch: 20.0 * (arch[0] == 3) + arch[1], 60)
    first, later = archs[:10], archs[30:]
    assert np.mean([arch[0] == 3 for arch in later]) > 0.6
    assert np.mean([arch[1] for arch in later]) > np.mean([arch[1] for arch in first])


def test_the_first_archs_are_drawn_without_the_model():
    def firsts(worth: float) -> list[Arch]:
        return walk(make(Tpe, GridSpace(), n_startup=8), lambda arch: worth * arch[0], 8)

    assert firsts(1.0) == firsts(-1.0)


def test_diverged_belongs_to_the_rest_and_failed_is_left_out():
    def proposals(*outcomes: object) -> list[float]:
        shares = []
        for outcome in outcomes:
            searcher = make(Tpe, GridSpace((2, 200)), n_startup=1, prior=50.0, n_candidates=20)
            asked(searcher)
            for number in range(8):
                searcher.tell(ticket((0, number), number), ok(50.0 + number))
                searcher.tell(ticket((1, number), number), outcome)
            shares.append(float(np.mean([asked(searcher)[0] for _ in range(20)])))
        return shares

    assert proposals(DIVERGED, ok(90.0)) == [0.0, 1.0]
    searcher = make(Tpe, GridSpace((2, 2)), n_startup=1)
    searcher.tell(ticket(asked(searcher)), Failed("crash"))
    assert len(walk(searcher, sum, 10)) == 3


def test_settings_are_checked():
    for name, wrong in (("n_startup", 0), ("gamma", 1.0), ("n_candidates", 0), ("prior", 0.0)):
        with pytest.raises(InputError, match=f"{name} is {wrong}, but must"):
            make(Tpe, GridSpace(), **{name: wrong})
