import numpy as np

from pmfnas.engine.catalogue import catalogue_of, is_whole, whole
from pmfnas.spaces import space_for
from pmfnas.testing.grid import GridSpace

CELLS = space_for("nb201", n_classes=10, image_size=32)


def test_isomorphs_share_a_group_and_others_do_not() -> None:
    archs = ((1, 0, 0, 3, 0, 0), (3, 3, 3, 3, 3, 3), (0, 1, 0, 3, 0, 0))
    assert CELLS.canonical(archs[0]) == CELLS.canonical(archs[2])
    listed = catalogue_of(CELLS, archs)
    assert listed.group[0] == listed.group[2] != listed.group[1]
    assert len(listed.raw) == len(listed.log_flops) == 2


def test_a_group_has_the_features_and_the_size_of_its_members() -> None:
    space = GridSpace((3, 4))
    listed = whole(space)
    assert len(listed.archs) == len(set(listed.archs)) == 12
    assert np.array_equal(listed.raw[listed.group], space.features(listed.archs))
    sizes = [space.flops_m(arch) for arch in listed.archs]
    assert np.allclose(np.exp(listed.log_flops[listed.group]), sizes)


def test_a_space_is_listed_once() -> None:
    space = GridSpace((2, 2))
    assert whole(space) is whole(space)


def test_a_space_is_whole_up_to_the_size_of_a_pool() -> None:
    assert is_whole(GridSpace((5, 4)), 20)
    assert not is_whole(GridSpace((5, 4)), 19)
