import numpy as np

from pmfnas.engine.pool import Pool
from pmfnas.spaces import space_for
from pmfnas.testing.grid import GridSpace

CELLS = space_for("nb201", n_classes=10, image_size=32)


def test_a_small_space_is_held_whole_and_its_isomorphs_once() -> None:
    pool = Pool(CELLS, 20_000, rng=np.random.default_rng(0))
    assert pool.is_whole
    assert len(pool) <= 6_466
    assert len(np.unique(pool.x.round(9), axis=0)) == len(pool)


def test_an_isomorph_of_a_used_arch_is_refused() -> None:
    pool = Pool(CELLS, 20_000, rng=np.random.default_rng(0))
    arch, twin = (1, 0, 0, 3, 0, 0), (0, 1, 0, 3, 0, 0)
    assert CELLS.canonical(arch) == CELLS.canonical(twin)
    pool.archs[:2] = [arch, twin]
    assert pool.take(0)
    assert not pool.take(1)
    assert not pool.free[:2].any()


def test_a_large_space_is_sampled_and_grows_around_the_best() -> None:
    space = GridSpace((9, 9, 9, 9))
    pool = Pool(space, 50, rng=np.random.default_rng(0))
    before = len(pool)
    pool.add_neighbours((4, 4, 4, 4))
    assert not pool.is_whole
    assert before <= 50
    assert set(space.neighbours((4, 4, 4, 4))) <= set(pool.archs)
    assert len(pool.free) == len(pool.x) == len(pool)
    assert len(set(pool.archs)) == len(pool)


def test_spread_archs_keep_their_distance() -> None:
    rng = np.random.default_rng(0)
    pool = Pool(GridSpace((10, 10)), 1000, rng=rng)
    chosen = np.empty((0, pool.x.shape[1]))
    for _ in range(8):
        place = pool.spread(64, chosen, rng=rng)
        assert place is not None
        chosen = np.vstack([chosen, pool.x[place]])
    gaps = np.linalg.norm(chosen[:, None] - chosen[None], axis=2)[np.triu_indices(8, 1)]
    random = pool.x[rng.permutation(len(pool))[:8]]
    random_gaps = np.linalg.norm(random[:, None] - random[None], axis=2)[np.triu_indices(8, 1)]
    assert gaps.min() > 2 * random_gaps.min()


def test_capacity_is_centred_log_flops() -> None:
    pool = Pool(CELLS, 20_000, rng=np.random.default_rng(0))
    sizes = [pool.capacity(a) for a in pool.archs[:2000]]
    assert abs(np.mean(sizes)) < 0.2
    assert 0.8 < np.std(sizes) < 1.2
    assert pool.capacity((3,) * 6) > pool.capacity((1,) * 6)


def test_an_exhausted_pool_has_nothing_to_spread() -> None:
    rng = np.random.default_rng(0)
    pool = Pool(GridSpace((2,)), 10, rng=rng)
    pool.free[:] = False
    assert pool.spread(4, pool.x, rng=rng) is None
