import numpy as np
import pytest

from pmfnas.engine.pool import Pool
from pmfnas.engine.settings import Settings
from pmfnas.spaces import space_for
from pmfnas.testing.grid import GridSpace

CELLS = space_for("nb201", n_classes=10, image_size=32)


def test_a_small_space_is_held_whole_and_its_isomorphs_once() -> None:
    pool = Pool(CELLS, Settings(), rng=np.random.default_rng(0))
    assert pool.is_whole
    assert len(pool) <= 6_466
    assert len(np.unique(pool.x.round(9), axis=0)) == len(pool)


def test_an_isomorph_of_a_used_arch_is_refused() -> None:
    pool = Pool(CELLS, Settings(), rng=np.random.default_rng(0))
    arch, twin = (1, 0, 0, 3, 0, 0), (0, 1, 0, 3, 0, 0)
    assert CELLS.canonical(arch) == CELLS.canonical(twin)
    pool.archs[:2] = [arch, twin]
    assert pool.take(0)
    assert not pool.take(1)
    assert not pool.free[:2].any()


def test_a_large_space_is_sampled_and_grows_around_the_best() -> None:
    space = GridSpace((9, 9, 9, 9))
    pool = Pool(space, Settings(max_pool=50), rng=np.random.default_rng(0))
    before = len(pool)
    pool.add_neighbours((4, 4, 4, 4))
    assert not pool.is_whole
    assert before <= 50
    assert set(space.neighbours((4, 4, 4, 4))) <= set(pool.archs)
    assert len(pool.free) == len(pool.x) == len(pool)
    assert len(set(pool.archs)) == len(pool)


def test_spread_archs_keep_their_distance() -> None:
    rng = np.random.default_rng(0)
    pool = Pool(GridSpace((10, 10)), Settings(), rng=rng)
    chosen = np.empty((0, pool.x.shape[1]))
    for _ in range(8):
        place = pool.spread(64, chosen, 0.0, rng=rng)
        assert place is not None
        chosen = np.vstack([chosen, pool.x[place]])
    gaps = np.linalg.norm(chosen[:, None] - chosen[None], axis=2)[np.triu_indices(8, 1)]
    random = pool.x[rng.permutation(len(pool))[:8]]
    random_gaps = np.linalg.norm(random[:, None] - random[None], axis=2)[np.triu_indices(8, 1)]
    assert gaps.min() > 2 * random_gaps.min()


def test_capacity_is_centred_log_flops() -> None:
    pool = Pool(CELLS, Settings(), rng=np.random.default_rng(0))
    assert pool.capacity.mean() == pytest.approx(0.0, abs=1e-9)
    assert pool.capacity.std() == pytest.approx(1.0)
    grid = Pool(GridSpace((5, 5)), Settings(), rng=np.random.default_rng(0))
    sizes = np.log([GridSpace((5, 5)).flops_m(a) for a in grid.archs])
    assert np.corrcoef(grid.capacity, sizes)[0, 1] == pytest.approx(1.0)


def test_neighbours_that_join_bring_their_capacity() -> None:
    space = GridSpace((9, 9, 9, 9))
    pool = Pool(space, Settings(max_pool=50), rng=np.random.default_rng(0))
    pool.add_neighbours((8, 8, 8, 7))
    assert len(pool.capacity) == len(pool)
    assert pool.capacity[pool.place((8, 8, 8, 8))] == pool.capacity.max() > 1.0


def test_a_belief_spreads_among_the_large() -> None:
    def mean_capacity(belief: float) -> float:
        rng = np.random.default_rng(0)
        pool = Pool(GridSpace((10, 10, 10)), Settings(), rng=rng)
        nothing = np.empty((0, pool.x.shape[1]))
        places = [pool.spread(4, nothing, belief, rng=rng) for _ in range(50)]
        return float(np.mean([pool.capacity[p] for p in places if p is not None]))

    assert mean_capacity(0.9) > mean_capacity(0.0) + 1.0


def test_without_canonical_forms_isomorphs_are_archs_of_their_own() -> None:
    pool = Pool(CELLS, Settings(without=frozenset({"canonical"})), rng=np.random.default_rng(0))
    places = [pool.place(arch) for arch in ((1, 0, 0, 3, 0, 0), (0, 1, 0, 3, 0, 0))]
    assert len(pool) == 15_625
    assert all(pool.take(place) for place in places)


def test_without_architecture_nothing_tells_archs_apart() -> None:
    pool = Pool(CELLS, Settings(without=frozenset({"architecture"})), rng=np.random.default_rng(0))
    assert not pool.x.any()
    assert not pool.capacity.any()


def test_without_capacity_features_of_size_are_blind_and_the_others_are_not() -> None:
    pool = Pool(CELLS, Settings(without=frozenset({"capacity"})), rng=np.random.default_rng(0))
    sizes = [any(word in name for word in ("params", "flops")) for name in CELLS.feature_names]
    assert any(sizes)
    assert not pool.x[:, sizes].any()
    assert pool.x[:, [not size for size in sizes]].any()
    assert not pool.capacity.any()


def test_an_exhausted_pool_has_nothing_to_spread() -> None:
    rng = np.random.default_rng(0)
    pool = Pool(GridSpace((2,)), Settings(), rng=rng)
    pool.free[:] = False
    assert pool.spread(4, pool.x, 0.0, rng=rng) is None
