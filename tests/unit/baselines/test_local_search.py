import pytest

from baselines.local_search import LocalSearch
from pmfnas.core.errors import InputError
from pmfnas.core.types import Arch, Failed, Stop, Wait
from pmfnas.testing.grid import GridSpace
from tests.support.evaluating import DIVERGED, asked, make, ok, ticket, walk

SPACE = GridSpace((4, 4, 4))
N_NEIGHBOURS = 9


def value(arch: Arch) -> float:
    """One peak, at (3, 3, 3); no two neighbours of an arch are worth the same."""
    return arch[0] + 4.1 * arch[1] + 16.3 * arch[2]


def test_best_improvement_trains_all_neighbours_and_moves_to_the_best():
    archs = walk(make(LocalSearch, SPACE, n_initial=1, step="best"), value, 40)
    here, trained = archs[0], {archs[0]}
    rest = archs[1:]
    while here != (3, 3, 3):
        new = [arch for arch in SPACE.neighbours(here) if arch not in trained]
        assert set(rest[: len(new)]) == set(new)
        trained.update(new)
        rest = rest[len(new) :]
        here = max(SPACE.neighbours(here), key=value)


def test_first_improvement_moves_as_soon_as_one_is_better():
    archs = walk(make(LocalSearch, SPACE, n_initial=1, step="first"), value, 12)
    here = archs[0]
    n_moves = 0
    for arch in archs[1:]:
        assert arch in SPACE.neighbours(here)
        if value(arch) > value(here):
            here, n_moves = arch, n_moves + 1
        if here == (3, 3, 3):
            break
    assert n_moves > 1


def test_a_climb_starts_from_the_best_of_the_first_archs():
    searcher = make(LocalSearch, SPACE, n_initial=5, step="first")
    first = walk(searcher, value, 5)
    assert asked(searcher) in SPACE.neighbours(max(first, key=value))


@pytest.mark.parametrize("step", ["best", "first"])
def test_no_arch_is_trained_twice_and_restarts_go_on_until_the_space_is_exhausted(step: str):
    archs = walk(make(LocalSearch, SPACE, n_initial=3, step=step), lambda arch: float(sum(arch) % 3), 1000)
    assert len(archs) == len(set(archs)) == 64


@pytest.mark.parametrize("step", ["best", "first"])
def test_the_end_of_a_neighbourhood_is_a_barrier(step: str):
    searcher = make(LocalSearch, SPACE, n_initial=1, step=step)
    start = asked(searcher)
    assert searcher.ask([ticket(start)], 1.0) == Wait()
    searcher.tell(ticket(start), ok(value(start)))
    running: list[Arch] = []
    for _ in range(N_NEIGHBOURS):
        running.append(asked(searcher, running))
    assert set(running) == set(SPACE.neighbours(start))
    assert searcher.ask([ticket(arch) for arch in running], 1.0) == Wait()


def test_first_improvement_goes_on_to_a_known_better_neighbour_without_training():
    searcher = make(LocalSearch, SPACE, n_initial=1, step="first")
    start = asked(searcher)
    better = SPACE.neighbours(start)[0]
    searcher.tell(ticket(better), ok(50.0))
    searcher.tell(ticket(start), ok(10.0))
    running: list[Arch] = []
    for _ in range(N_NEIGHBOURS - 1):
        running.append(asked(searcher, running))
    assert set(running) == set(SPACE.neighbours(better)) - {start}


def test_archs_that_failed_or_diverged_are_never_better():
    searcher = make(LocalSearch, GridSpace((2, 2)), n_initial=2)
    for outcome in (DIVERGED, Failed("crash"), DIVERGED, Failed("crash")):
        searcher.tell(ticket(asked(searcher)), outcome)
    assert isinstance(searcher.ask([], 1.0), Stop)
    assert searcher.recommend() == ()


def test_settings_are_checked():
    with pytest.raises(InputError, match="n_initial is 0, but must be at least 1"):
        make(LocalSearch, SPACE, n_initial=0)
    with pytest.raises(InputError, match="step is 'steepest', but must be best or first"):
        make(LocalSearch, SPACE, step="steepest")
