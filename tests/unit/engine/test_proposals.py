import numpy as np
import pytest

from pmfnas.core.types import Arch, Curve
from pmfnas.engine.ablations import Sure, anywhere, greedy
from pmfnas.engine.ladder import Level
from pmfnas.engine.pool import Pool, View
from pmfnas.engine.predictor import Predictor
from pmfnas.engine.proposals import Propose, Regions, at_random, spread, thompson
from pmfnas.engine.settings import Settings
from pmfnas.testing.grid import GridSpace

GRID = GridSpace((5, 5, 5))
SMALL = Settings(region_min=5, region_max=20, capacity_belief=0.0)


def value(arch: Arch) -> float:
    return 40.0 + 3.0 * sum(arch)


class Taught:
    """A predictor that was told 40 medium scores, and the regions as they were marked after the last refit."""

    def __init__(self, settings: Settings = SMALL, n: int = 40, view: View | None = None) -> None:
        self.rng = np.random.default_rng(0)
        self.pool = Pool(GRID, settings, view or View(), rng=self.rng)
        self.predictor = Predictor(self.pool, settings, rng=self.rng)
        self.regions = Regions(self.pool, settings)
        for number, place in enumerate(np.random.default_rng(0).permutation(len(self.pool))[:n]):
            self.pool.take(int(place))
            valid = value(self.pool.archs[place])
            train = np.linspace(10.0 + 0.01 * number, valid, 12)
            curve = Curve(0, -np.log(train / 100.0), train, (12,), np.array([1.0]), np.array([valid]))
            news = self.predictor.tell(self.pool.archs[place], Level.MEDIUM, curve)
            if news.leaders:
                self.regions.mark(self.predictor, news.leaders)

    def proposed(self, propose: Propose, n: int = 6) -> list[int]:
        return propose(self.regions, self.predictor, n, rng=self.rng)

    def mean_value(self, places: list[int]) -> float:
        return float(np.mean([value(self.pool.archs[place]) for place in places]))


EVERYWHERE = float(np.mean([value((a, b, c)) for a in range(5) for b in range(5) for c in range(5)]))


def test_regions_are_archs_that_could_still_win() -> None:
    taught = Taught()
    assert taught.regions.marked
    assert 5 <= len(taught.regions.places) <= 20
    assert taught.mean_value(taught.regions.places.tolist()) > EVERYWHERE + 5.0


def test_before_the_first_scores_the_region_is_the_whole_pool_and_proposals_are_random() -> None:
    taught = Taught(n=2)
    assert not taught.regions.marked
    assert sorted(taught.regions.places) == list(range(125))
    assert len({tuple(taught.proposed(thompson)) for _ in range(5)}) == 5


@pytest.mark.parametrize("propose", [thompson, greedy, at_random, anywhere])
def test_proposals_are_free_and_distinct_and_no_more_than_there_are(propose: Propose) -> None:
    taught = Taught()
    places = taught.proposed(propose)
    assert len(set(places)) == 6
    assert taught.pool.free[places].all()
    taught.pool.free[:] = False
    taught.pool.free[taught.regions.places[:2]] = True
    assert set(taught.proposed(propose)) == set(taught.regions.places[:2])


def test_draws_propose_good_archs_and_differ() -> None:
    taught = Taught()
    drawn = [taught.proposed(thompson) for _ in range(20)]
    assert taught.mean_value(drawn[0]) > EVERYWHERE + 5.0
    assert len({tuple(places) for places in drawn}) > 10


def test_greedy_proposes_the_best_means_every_time() -> None:
    taught = Taught()
    free = taught.regions.places[taught.regions.is_free].tolist()
    best = np.sort(taught.predictor.posterior(free).mean)[-4:]
    assert np.sort(taught.predictor.posterior(taught.proposed(greedy, 4)).mean) == pytest.approx(best)
    assert {taught.proposed(greedy, 1)[0] for _ in range(10)} == {taught.proposed(greedy, 1)[0]}


def test_random_proposals_stay_within_the_regions_until_these_are_used_up_and_anywhere_does_not() -> None:
    taught = Taught(Settings(region_min=5, region_max=10))
    region = set(taught.regions.places.tolist())
    assert {place for _ in range(100) for place in taught.proposed(at_random)} == region
    free = set(np.flatnonzero(taught.pool.free).tolist())
    assert {place for _ in range(300) for place in taught.proposed(anywhere)} == free
    taught.pool.free[list(region)] = False
    assert set(taught.proposed(at_random)) <= free - region


def test_a_sure_predictor_marks_the_best_means() -> None:
    taught = Taught(Settings(region_min=8, region_max=8, capacity_belief=0.0))
    taught.regions.mark(Sure(taught.predictor), ())
    free = np.flatnonzero(taught.pool.free)
    mean = taught.predictor.screen(free, len(free))
    assert set(taught.regions.places) == set(mean.places[:8])


def test_the_neighbours_of_the_leaders_join_a_pool_that_was_sampled() -> None:
    space, settings = GridSpace((9, 9, 9, 9)), Settings(max_pool=50)
    rng = np.random.default_rng(0)
    pool = Pool(space, settings, rng=rng)
    predictor, regions = Predictor(pool, settings, rng=rng), Regions(pool, settings)
    regions.mark(predictor, ((4, 4, 4, 4),))
    assert set(space.neighbours((4, 4, 4, 4))) <= set(pool.archs)
    assert set(regions.places.tolist()) == set(range(len(pool)))  # all could still win: nothing is known


def test_spread_archs_keep_their_distance() -> None:
    rng = np.random.default_rng(0)
    pool = Pool(GridSpace((10, 10)), Settings(), rng=rng)
    for _ in range(8):
        place = spread(pool, 64, 0.0, rng=rng)
        assert place is not None
        pool.started.append(place)
    chosen = pool.x[pool.started]
    gaps = np.linalg.norm(chosen[:, None] - chosen[None], axis=2)[np.triu_indices(8, 1)]
    random = pool.x[rng.permutation(len(pool))[:8]]
    random_gaps = np.linalg.norm(random[:, None] - random[None], axis=2)[np.triu_indices(8, 1)]
    assert gaps.min() > 2 * random_gaps.min()


def test_a_belief_spreads_among_the_large() -> None:
    def mean_capacity(belief: float) -> float:
        rng = np.random.default_rng(0)
        pool = Pool(GRID, Settings(), rng=rng)
        places = [spread(pool, 4, belief, rng=rng) for _ in range(50)]
        return float(np.mean([pool.capacity[p] for p in places if p is not None]))

    assert mean_capacity(0.9) > mean_capacity(0.0) + 1.0


def test_an_exhausted_pool_has_nothing_to_spread() -> None:
    rng = np.random.default_rng(0)
    pool = Pool(GridSpace((2,)), Settings(), rng=rng)
    pool.free[:] = False
    assert spread(pool, 4, 0.0, rng=rng) is None
