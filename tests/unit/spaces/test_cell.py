"""The topology space: cases that can be worked out by hand, and errors."""

import numpy as np
import pytest

from pmfnas.core.errors import InputError
from pmfnas.spaces.cell import OPS, CellSpace

NONE, SKIP, C1, C3, POOL = range(5)
RESIDUAL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"


@pytest.fixture(scope="module")
def space() -> CellSpace:
    return CellSpace(n_classes=10, image_size=32)


def named(space, arch) -> dict[str, float]:
    return dict(zip(space.feature_names, space.features([arch])[0], strict=True))


def test_the_string_reads_node_by_node(space):
    assert space.parse(RESIDUAL) == (C3, C3, C3, SKIP, C3, C3)
    assert space.format((C3, C3, C3, SKIP, C3, C3)) == RESIDUAL
    assert space.parse("|none~0|+|skip_connect~0|nor_conv_1x1~1|+|nor_conv_3x3~0|avg_pool_3x3~1|none~2|") == (
        (NONE, SKIP, C1, C3, POOL, NONE)
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        RESIDUAL[1:],
        RESIDUAL[:-1],
        RESIDUAL + " ",
        RESIDUAL.replace("~2", "~1"),
        RESIDUAL.replace("skip_connect", "identity"),
        RESIDUAL.replace("|+|", "+"),
        RESIDUAL + "+|none~0|",
        "|".join(RESIDUAL.split("|")[:4]),
        "|~0|+|~0|~1|+|~0|~1|~2|",
    ],
)
def test_a_wrong_string_is_refused_with_a_valid_one(space, text):
    with pytest.raises(InputError, match="must look like") as error:
        space.parse(text)
    shown = str(error.value).split("must look like ")[1].split(" with the operations")[0]
    assert space.format(space.parse(shown)) == shown
    assert all(op in str(error.value) for op in OPS)


@pytest.mark.parametrize("arch", [(), (0,) * 5, (0,) * 7, (0, 0, 0, 0, 0, 5), (-1, 0, 0, 0, 0, 0)])
@pytest.mark.parametrize("method", ["canonical", "neighbours", "params_m", "flops_m", "format"])
def test_a_wrong_arch_is_refused(space, arch, method):
    with pytest.raises(InputError, match="must hold 6 indices"):
        getattr(space, method)(arch)
    with pytest.raises(InputError, match="must hold 6 indices"):
        space.features([(0,) * 6, arch])


@pytest.mark.parametrize(("n_classes", "image_size"), [(0, 32), (10, 0), (10, 30), (10, -4)])
def test_impossible_networks_are_refused(n_classes, image_size):
    with pytest.raises(InputError, match=r"n_classes|image_size"):
        CellSpace(n_classes=n_classes, image_size=image_size)


def test_neighbours_come_by_edge_then_by_operation(space):
    near = space.neighbours((0, 1, 2, 3, 4, 0))
    assert len(near) == 24
    assert near[:5] == (
        (1, 1, 2, 3, 4, 0),
        (2, 1, 2, 3, 4, 0),
        (3, 1, 2, 3, 4, 0),
        (4, 1, 2, 3, 4, 0),
        (0, 0, 2, 3, 4, 0),
    )


@pytest.mark.parametrize(
    ("one", "other", "isomorphic"),
    [
        ((SKIP, C1, C3, C3, NONE, POOL), (SKIP, C3, C1, C3, NONE, POOL), True),  # node 1 is the input again
        ((C3, NONE, SKIP, NONE, NONE, SKIP), (C3, NONE, NONE, NONE, SKIP, NONE), False),  # zero stays in the sum
        ((C3, C1, NONE, C3, NONE, NONE), (NONE, C1, NONE, C3, NONE, NONE), True),  # nodes 1 and 2 lead nowhere
        ((C3, C1, NONE, NONE, NONE, SKIP), (POOL, C1, NONE, NONE, NONE, SKIP), True),  # node 1 leads nowhere
        ((C3, NONE, NONE, SKIP, NONE, NONE), (C1, NONE, NONE, SKIP, NONE, NONE), True),  # node 1 leads nowhere
        ((C3, C1, C1, C3, C3, C3), (C3, C1, C1, C3, C3, C1), False),
    ],
)
def test_isomorphs_share_their_key(space, one, other, isomorphic):
    assert (space.canonical(one) == space.canonical(other)) is isomorphic


def test_parameters_and_operations_by_hand(space):
    base = (432 + 32) + (4608 + 64 + 9216 + 64 + 512) + (18432 + 128 + 36864 + 128 + 2048) + 128 + 650
    assert space.params_m((NONE,) * 6) == base / 1e6
    assert space.params_m((SKIP, POOL, NONE, SKIP, POOL, NONE)) == base / 1e6
    conv_1x1 = 5 * (16 * 16 + 32 + 32 * 32 + 64 + 64 * 64 + 128)
    assert space.params_m((C1, NONE, NONE, NONE, NONE, NONE)) == (base + conv_1x1) / 1e6
    conv_3x3 = 5 * 9 * (16 * 16 * 32**2 + 32 * 32 * 16**2 + 64 * 64 * 8**2)
    assert space.flops_m((C3,) * 6) - space.flops_m((NONE,) * 6) == pytest.approx(6 * conv_3x3 / 1e6, rel=1e-12)


def test_features_of_a_residual_cell_by_hand(space):
    found = named(space, (C3, NONE, NONE, SKIP, C1, NONE))
    assert found["paths"] == 2
    assert found["path:identity"] == 1
    assert found["path:3x3-1x1"] == 1
    assert found["live:nor_conv_3x3"] == 1
    assert found["live:nor_conv_1x1"] == 1
    assert found["live:skip_connect"] == 1
    assert (found["convs:min"], found["convs:mean"], found["convs:max"]) == (0, 1, 2)
    assert found["window:max"] == 1
    assert found["paths:pooled"] == 0
    assert sum(value for name, value in found.items() if name.startswith("path:")) == 2
    assert found["log10_params"] == pytest.approx(np.log10(73_306 + 28_000 + 243_040))


def test_dead_operations_do_not_count(space):
    dead = named(space, (C3, C1, C3, NONE, NONE, NONE))
    assert dead["log10_params"] == pytest.approx(np.log10(73_306))
    assert {name for name, value in dead.items() if value} == {"log10_params", "log10_flops"}


def test_a_convolution_used_twice_has_the_features_of_two_equal_ones(space):
    shared, two = (C3, NONE, POOL, NONE, SKIP, SKIP), (C3, C3, POOL, NONE, NONE, SKIP)
    assert space.canonical(shared) == space.canonical(two)
    assert space.params_m(shared) < space.params_m(two)
    assert named(space, shared) == named(space, two)
    assert named(space, shared)["live:nor_conv_3x3"] == 2


def test_features_of_the_longest_path_by_hand(space):
    found = named(space, (POOL, NONE, C3, NONE, NONE, C1))
    assert found["path:pool-3x3-1x1"] == 1
    assert (found["paths"], found["paths:pooled"], found["window:max"], found["convs:max"]) == (1, 1, 2, 2)


def test_features_of_no_archs_have_their_columns(space):
    assert space.features([]).shape == (0, len(space.feature_names))


def test_feature_names_are_distinct_and_as_many_as_columns(space):
    assert len(set(space.feature_names)) == space.features([(0,) * 6]).shape[1]


def test_sample_reaches_every_operation_on_every_edge(space):
    drawn = np.array([space.sample(rng=np.random.default_rng(seed)) for seed in range(200)])
    assert all(set(column) == set(range(5)) for column in drawn.T.tolist())
    assert type(space.sample(rng=np.random.default_rng(0))[0]) is int
