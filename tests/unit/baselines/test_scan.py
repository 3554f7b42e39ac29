from itertools import islice, product

import pytest

from baselines.most_conv3x3 import MostConv3x3
from baselines.most_params import MostParams
from baselines.scan import choices_by_size, descending
from pmfnas.core.errors import InputError
from pmfnas.core.ports import SearcherFactory
from pmfnas.core.rng import stream
from pmfnas.core.types import Arch, Stop
from pmfnas.spaces import space_for
from pmfnas.testing.grid import GridSpace
from tests.support.evaluating import asked, make, walk
from tests.support.fakes import cells

CARDINALITIES = (3, 4, 2)
ALL = list(product(*map(range, CARDINALITIES)))


def size(arch: Arch) -> float:
    """Position 0 prefers choice 1; position 2 does not matter."""
    return 10.0 * (2, 3, 1)[arch[0]] * (1 + arch[1])


def scanned(seed: int = 0) -> list[Arch]:
    return list(descending(CARDINALITIES, size, rng=stream(seed, "test")))


def test_choices_by_size_ties_by_index():
    assert choices_by_size(CARDINALITIES, size) == ((1, 0, 2), (3, 2, 1, 0), (0, 1))


def test_every_arch_once_from_the_largest_down():
    archs = scanned()
    assert sorted(archs) == ALL
    assert [size(arch) for arch in archs] == sorted(map(size, ALL), reverse=True)


def test_ties_are_broken_at_random():
    assert len({tuple(scanned(seed)) for seed in range(5)}) == 5
    first = [scanned(seed)[0] for seed in range(400)]
    assert set(first) == {(1, 3, 0), (1, 3, 1)}
    assert first.count((1, 3, 0)) == pytest.approx(200, abs=33)  # 99.9 %


def test_little_of_a_large_space_is_looked_at():
    looked_at: list[Arch] = []

    def total(arch: Arch) -> float:
        looked_at.append(arch)
        return float(sum(arch))

    archs = list(islice(descending((10,) * 12, total, rng=stream(0, "test")), 13))
    assert archs[0] == (9,) * 12
    assert {sum(arch) for arch in archs[1:]} == {107}
    assert len(looked_at) < 400


def test_a_size_without_an_order_of_choices_is_refused():
    with pytest.raises(InputError, match="is larger than one that it is a step below"):
        list(descending((2, 2), lambda arch: float(arch in [(0, 1), (1, 0)]), rng=stream(0, "test")))


def test_most_conv3x3_begins_with_the_cell_of_six_then_the_24_of_five():
    archs = walk(make(MostConv3x3, cells()), sum, 30)
    assert archs[0] == (3,) * 6
    assert {arch.count(3) for arch in archs[1:25]} == {5}
    assert len(set(archs[:25])) == 25
    assert {arch.count(3) for arch in archs[25:]} == {4}


def test_most_params_goes_by_the_spaces_count():
    space = cells()
    archs = walk(make(MostParams, space), sum, 60)
    expected = sorted((space.params_m(arch) for arch in product(range(5), repeat=6)), reverse=True)[:60]
    assert [space.params_m(arch) for arch in archs] == expected


def test_most_params_in_the_size_space():
    space = space_for("nats-sss", n_classes=10, image_size=32)
    archs = walk(make(MostParams, space), sum, 20)
    expected = sorted((space.params_m(arch) for arch in product(range(3, 8), repeat=5)), reverse=True)[:20]
    assert archs[0] == (7,) * 5
    assert [space.params_m(arch) for arch in archs] == expected


def test_most_conv3x3_refuses_a_space_without_convolutions():
    space = space_for("nats-sss", n_classes=10, image_size=32)
    with pytest.raises(InputError, match=r"space is nats-sss, but no arch of it has a nor_conv_3x3.*use most_params"):
        make(MostConv3x3, space)


@pytest.mark.parametrize(("factory", "space"), [(MostParams, GridSpace((2, 2))), (MostConv3x3, cells())])
def test_what_is_observed_changes_nothing(factory: SearcherFactory, space: GridSpace):
    one, other = make(factory, space), make(factory, space)
    assert walk(one, lambda arch: float(sum(arch)), 40) == walk(other, lambda arch: -float(sum(arch)), 40)
    assert one.recommend() != other.recommend()


def test_it_stops_when_all_is_trained():
    searcher = make(MostParams, GridSpace((2, 2)))
    archs = [asked(searcher) for _ in range(4)]
    assert archs[0] == (1, 1)
    assert len(set(archs)) == 4
    assert isinstance(searcher.ask([], 1.0), Stop)
