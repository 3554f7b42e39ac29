import numpy as np

from baselines.parts.sampling import mutated, unseen
from pmfnas.core.rng import stream
from pmfnas.testing.grid import GridSpace


def test_unseen_is_uniform_over_the_rest():
    space, rng = GridSpace((2, 3)), stream(0, "test")
    seen = {(0, 0), (1, 2)}
    rest = [(0, 1), (0, 2), (1, 0), (1, 1)]
    drawn = [unseen(space, seen, rng=rng) for _ in range(2000)]
    counts = np.array([drawn.count(arch) for arch in rest])
    assert counts.sum() == 2000
    assert ((counts - 500) ** 2 / 500).sum() < 16.3  # 99.9 % of chi-square with 3 degrees of freedom


def test_unseen_finds_the_last_arch_and_then_none():
    space, rng = GridSpace((10, 10, 10, 10)), stream(0, "test")
    seen = {(i, j, k, m) for i in range(10) for j in range(10) for k in range(10) for m in range(10)}
    seen.remove((3, 1, 4, 1))
    assert unseen(space, seen, rng=rng) == (3, 1, 4, 1)
    seen.add((3, 1, 4, 1))
    assert unseen(space, seen, rng=rng) is None


def test_a_mutation_is_uniform_over_positions_and_then_over_other_choices():
    rng = stream(0, "test")
    drawn = [mutated((1, 0, 2), (2, 1, 4), rng=rng) for _ in range(3000)]
    expected = {(0, 0, 2): 1500, (1, 0, 0): 500, (1, 0, 1): 500, (1, 0, 3): 500}
    assert set(drawn) == set(expected)
    chi_square = sum((drawn.count(arch) - n) ** 2 / n for arch, n in expected.items())
    assert chi_square < 16.3  # 99.9 % with 3 degrees of freedom


def test_where_nothing_can_change_the_arch_comes_back():
    assert mutated((0, 0), (1, 1), rng=stream(0, "test")) == (0, 0)
