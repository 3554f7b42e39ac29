"""What holds for every arch of every space."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmfnas.core.errors import InputError
from pmfnas.spaces import CellSpace, SizeSpace
from pmfnas.spaces.own.choices import Choices
from pmfnas.spaces.own.options import LogGrid
from pmfnas.testing.grid import GridSpace

CELLS = CellSpace(n_classes=10, image_size=32)
OWN = Choices(depth=[2, 3, 4, 6], activation=["relu", "gelu", "tanh"], bias=[True, False], lr=LogGrid(1e-4, 1e-1, 7))
SPACES = [CELLS, SizeSpace(n_classes=100, image_size=32), GridSpace((2, 3, 4)), OWN]
each_space = pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
bounded = settings(max_examples=60, deadline=None, derandomize=True)


def archs(space):
    return st.tuples(*(st.integers(0, n - 1) for n in space.cardinalities))


@each_space
@bounded
@given(data=st.data())
def test_what_is_printed_is_read_back(space, data):
    arch = data.draw(archs(space))
    assert space.parse(space.format(arch)) == arch


@each_space
@bounded
@given(data=st.data())
def test_a_string_with_one_character_changed_is_refused_or_another_arch(space, data):
    text = space.format(data.draw(archs(space)))
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + data.draw(st.characters(codec="ascii")) + text[place + 1 :]
    try:
        arch = space.parse(changed)
    except InputError:
        return
    assert space.format(arch) == changed


@each_space
@bounded
@given(data=st.data())
def test_neighbours_are_all_archs_at_distance_one_and_the_relation_is_symmetric(space, data):
    arch = data.draw(archs(space))
    near = space.neighbours(arch)
    assert len(set(near)) == len(near) == sum(n - 1 for n in space.cardinalities)
    assert all(sum(a != b for a, b in zip(arch, other, strict=True)) == 1 for other in near)
    assert arch in space.neighbours(data.draw(st.sampled_from(near)))


@each_space
@bounded
@given(data=st.data())
def test_features_do_not_depend_on_what_else_is_asked_for(space, data):
    several = data.draw(st.lists(archs(space), min_size=1, max_size=5))
    together = space.features(several)
    assert together.dtype == np.float64
    assert np.isfinite(together).all()
    np.testing.assert_array_equal(together, np.concatenate([space.features([arch]) for arch in several]))


@each_space
def test_sampling_repeats_under_a_seed(space):
    draws = [[space.sample(rng=np.random.default_rng(seed)) for _ in range(3)] for seed in (0, 0, 1)]
    assert draws[0] == draws[1]
    assert draws[0] != draws[2]
    assert all(0 <= i < n for arch in draws[0] for i, n in zip(arch, space.cardinalities, strict=True))


def swapped(arch):
    """Return the arch with nodes 1 and 2 exchanged, which is possible where no edge joins them."""
    e10, e20, e21, e30, e31, e32 = arch
    assert e21 == 0
    return (e20, e10, 0, e30, e32, e31)


@bounded
@given(archs(CELLS))
def test_an_arch_whose_first_node_is_the_input_does_not_care_which_of_both_it_uses(arch):
    arch = (1, *arch[1:])
    other = (1, arch[2], arch[1], arch[4], arch[3], arch[5])  # edges from 0 and from 1 exchanged
    assert CELLS.canonical(arch) == CELLS.canonical(other)
    np.testing.assert_array_equal(CELLS.features([arch]), CELLS.features([other]))


@bounded
@given(archs(CELLS))
def test_the_class_is_blind_to_what_feeds_nothing(arch):
    arch = (arch[0], arch[1], 0, arch[3], 0, arch[5])  # node 1 leads nowhere
    others = [(op, *arch[1:]) for op in range(5)]
    assert len({CELLS.canonical(other) for other in others}) == 1
    assert len(np.unique(CELLS.features(others), axis=0)) == 1


@bounded
@given(archs(CELLS))
def test_paths_do_not_care_which_node_they_pass(arch):
    """Exchanging two unconnected nodes keeps every sequence, though the class may differ: a zero stays in its sum."""
    arch = (arch[0], arch[1], 0, *arch[3:])
    paths = [i for i, name in enumerate(CELLS.feature_names) if name.startswith("path")]
    np.testing.assert_array_equal(CELLS.features([arch])[:, paths], CELLS.features([swapped(arch)])[:, paths])


@bounded
@given(archs(CELLS), st.integers(0, 5))
def test_a_larger_operation_never_makes_the_network_smaller(arch, edge):
    params = [CELLS.params_m((*arch[:edge], op, *arch[edge + 1 :])) for op in (0, 1, 4, 2, 3)]
    flops = [CELLS.flops_m((*arch[:edge], op, *arch[edge + 1 :])) for op in (0, 1, 4, 2, 3)]
    assert params == sorted(params)
    assert flops == sorted(flops)
