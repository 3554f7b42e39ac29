"""Random search against the closed form of the best of n without replacement.

With N archs worth 1 .. N, n of them drawn: P(best <= k) = C(k, n) / C(N, n), and E(best) = n (N + 1) / (n + 1).
"""

from math import comb

import numpy as np

from baselines.random_search import RandomSearch
from pmfnas.core.types import Arch
from pmfnas.testing.grid import GridSpace
from tests.support.evaluating import make, walk

SPACE = GridSpace((4, 5))
N, N_DRAWN, N_RUNS = 20, 4, 1000


def value(arch: Arch) -> float:
    return 1.0 + 5 * arch[0] + arch[1]


def best(seed: int) -> float:
    searcher = make(RandomSearch, SPACE, seed=seed)
    walk(searcher, value, N_DRAWN)
    return value(searcher.recommend()[0])


def test_best_of_n():
    found = np.array([best(seed) for seed in range(N_RUNS)])
    k = np.arange(N_DRAWN, N + 1)
    below = np.array([comb(int(i), N_DRAWN) / comb(N, N_DRAWN) for i in k])
    expected = np.diff(below, prepend=0.0)
    mean = (k * expected).sum()
    assert mean == N_DRAWN * (N + 1) / (N_DRAWN + 1)
    standard_error = np.sqrt(((k - mean) ** 2 * expected).sum() / N_RUNS)
    assert abs(found.mean() - mean) < 3.3 * standard_error
    largest_gap = np.abs(np.array([(found <= i).mean() for i in k]) - below).max()
    assert largest_gap < 1.95 / np.sqrt(N_RUNS)  # 99.9 % of Kolmogorov and Smirnov
