import numpy as np
import pytest

from pmfnas.engine.pool import Pool, View
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


def test_what_was_passed_over_may_be_taken_once_the_pool_is_reopened() -> None:
    pool = Pool(CELLS, Settings(), rng=np.random.default_rng(0))
    pool.pass_over(3)
    assert not pool.free[3]
    pool.reopen()
    assert pool.free.all()
    assert pool.take(3)
    pool.reopen()
    assert not pool.free[3]  # what was taken stays taken


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


def test_without_canonical_forms_isomorphs_are_archs_of_their_own() -> None:
    pool = Pool(CELLS, Settings(), View(isomorphs=False), rng=np.random.default_rng(0))
    places = [pool.place(arch) for arch in ((1, 0, 0, 3, 0, 0), (0, 1, 0, 3, 0, 0))]
    assert len(pool) == 15_625
    assert all(pool.take(place) for place in places)


def test_without_architecture_nothing_tells_archs_apart() -> None:
    pool = Pool(CELLS, Settings(), View(structure=False), rng=np.random.default_rng(0))
    assert not pool.x.any()
    assert not pool.capacity.any()


def test_without_capacity_features_of_size_are_blind_and_the_others_are_not() -> None:
    pool = Pool(CELLS, Settings(), View(sizes=False), rng=np.random.default_rng(0))
    sizes = [any(word in name for word in ("params", "flops")) for name in CELLS.feature_names]
    assert any(sizes)
    assert not pool.x[:, sizes].any()
    assert pool.x[:, [not size for size in sizes]].any()
    assert not pool.capacity.any()
