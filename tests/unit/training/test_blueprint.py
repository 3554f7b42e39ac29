import itertools

import numpy as np
import pytest

from pmfnas.core.errors import InputError
from pmfnas.spaces import space_for
from pmfnas.training.blueprint import blueprint, footprint, units
from pmfnas.training.recipe import NB201, Recipe

DATASETS = [("cifar10", 10, 32), ("cifar100", 100, 32), ("ImageNet16-120", 120, 16)]


@pytest.mark.parametrize(("name", "n_classes", "image_size"), DATASETS)
def test_every_cell_has_the_published_parameters_and_operations(anchors, name, n_classes, image_size):
    with np.load(anchors / "nb201_anchors.npz", allow_pickle=False) as file:
        archs = list(map(tuple, file["arch_ops"].tolist()))
        column = file["datasets"].tolist().index(name)
        params, flops = file["params_M"][:, column], file["flops_M"][:, column]
    counted = np.array([footprint(blueprint("nb201", arch, NB201, n_classes=n_classes), image_size) for arch in archs])
    assert len(counted) == 15_625
    np.testing.assert_array_equal(counted[:, 0] / 1e6, params)
    np.testing.assert_array_equal(np.float32(counted[:, 1] / 1e6), flops)


@pytest.mark.parametrize(("name", "n_classes", "image_size"), DATASETS)
def test_sizes_have_the_published_parameters(anchors, name, n_classes, image_size):
    space = space_for("nats-sss", n_classes=n_classes, image_size=image_size)
    with np.load(anchors.parent / "nats_sss" / "nats_sss.npz", allow_pickle=False) as file:
        column = file["datasets"].tolist().index(name)
        rows = range(0, 32_768, 97)
        archs = [space.parse(":".join(map(str, file["channels"][i]))) for i in rows]
        params = file["params"][list(rows), column]
    counted = [footprint(blueprint("nats-sss", arch, NB201, n_classes=n_classes), image_size) for arch in archs]
    assert [c[0] for c in counted] == params.tolist()
    assert [c[1] / 1e6 for c in counted] == [space.flops_m(arch) for arch in archs]


def test_the_footprint_is_the_sum_over_units_and_the_spaces_own():
    space = space_for("nb201", n_classes=10, image_size=32)
    for arch in itertools.islice(itertools.product(range(5), repeat=6), 0, None, 977):
        plan = blueprint("nb201", arch, NB201, n_classes=10)
        params, flops = footprint(plan, 32)
        assert params == sum(unit.params() for unit in units(plan))
        assert params == sum(int(np.prod(shape)) for unit in units(plan) for shape in unit.shapes().values())
        assert (params / 1e6, flops / 1e6) == (space.params_m(arch), space.flops_m(arch))


def test_unit_names_are_unique_and_reductions_stand_between_stages():
    plan = blueprint("nb201", (3,) * 6, NB201, n_classes=10)
    names = [unit.name for unit in units(plan)]
    assert len(set(names)) == len(names) == 1 + 15 * 6 + 2 * 3 + 2
    assert [place for place, block in enumerate(plan.blocks) if block.kind == "reduction"] == [5, 11]


def test_only_sizes_with_equal_widths_share_a_frame():
    small = [blueprint("nats-sss", arch, NB201, n_classes=10).frame for arch in ((0, 1, 2, 3, 4), (0, 1, 2, 3, 5))]
    cells = [blueprint("nb201", arch, NB201, n_classes=10).frame for arch in ((0,) * 6, (3,) * 6)]
    assert small[0] != small[1]
    assert cells[0] == cells[1]


@pytest.mark.parametrize(
    ("space", "arch", "message"),
    [("darts", (0,) * 6, "space is 'darts'"), ("nb201", (5,) * 6, "arch is"), ("nats-sss", (0,) * 6, "arch is")],
)
def test_a_wrong_arch_is_refused(space, arch, message):
    with pytest.raises(InputError, match=message):
        blueprint(space, arch, NB201, n_classes=10)


def test_a_recipe_that_cannot_be_is_refused():
    for wrong in ({"channels": (16, 32)}, {"cells_per_stage": 0}, {"batch_size": 1}):
        with pytest.raises(InputError):
            Recipe(**wrong)
