"""The size space: cases that can be worked out by hand, and errors."""

import numpy as np
import pytest

from pmfnas.core.errors import InputError
from pmfnas.spaces.size import WIDTHS, SizeSpace


@pytest.fixture(scope="module")
def space() -> SizeSpace:
    return SizeSpace(n_classes=10, image_size=32)


def test_the_string_is_the_widths(space):
    assert space.parse("8:16:64:8:32") == (0, 1, 7, 0, 3)
    assert space.format((0, 1, 7, 0, 3)) == "8:16:64:8:32"
    assert space.canonical((0, 1, 7, 0, 3)) == "8:16:64:8:32"


@pytest.mark.parametrize("text", ["", "8:8:8:8", "8:8:8:8:8:8", "8:8:8:8:9", "8:8:8:8:08", "8:8:8:8: 8", "8,8,8,8,8"])
def test_a_wrong_string_is_refused_with_a_valid_one(space, text):
    with pytest.raises(InputError, match="must look like 64:64:64:64:64"):
        space.parse(text)


@pytest.mark.parametrize("arch", [(), (0,) * 4, (0, 0, 0, 0, 8), (-1, 0, 0, 0, 0)])
@pytest.mark.parametrize("method", ["canonical", "neighbours", "params_m", "flops_m", "format"])
def test_a_wrong_arch_is_refused(space, arch, method):
    with pytest.raises(InputError, match="must hold 5 indices"):
        getattr(space, method)(arch)


def test_parameters_of_the_narrowest_network_by_hand(space):
    conv = 8 * 8 * 9 + 16
    stem, cell, reduction, head = 3 * 8 * 9 + 16, 5 * conv, 2 * conv + 64, 16 + 90
    assert space.params_m((0,) * 5) == (stem + 3 * cell + 2 * reduction + head) / 1e6


def test_a_change_of_width_inside_a_cell_needs_a_convolution_on_the_identity_edge(space):
    one, two = space.params_m((0, 0, 0, 0, 0)), space.params_m((0, 0, 0, 0, 1))
    cell_8, cell_16 = 5 * (8 * 8 * 9 + 16), 2 * (8 * 16 * 9 + 32) + 3 * (16 * 16 * 9 + 32) + 8 * 16 + 32
    head_8, head_16 = 16 + 90, 32 + 170
    assert two - one == pytest.approx((cell_16 + head_16 - cell_8 - head_8) / 1e6, rel=1e-12)


def test_features_by_hand(space):
    found = dict(zip(space.feature_names, space.features([(0, 1, 7, 0, 3)])[0], strict=True))
    assert [found[f"log2_c{i}"] for i in range(5)] == [3, 4, 6, 3, 5]
    assert (found["log2_narrowest"], found["log2_widest"]) == (3, 6)
    assert found["log10_params"] == pytest.approx(np.log10(space.params_m((0, 1, 7, 0, 3)) * 1e6))
    assert found["log10_flops"] == pytest.approx(np.log10(space.flops_m((0, 1, 7, 0, 3)) * 1e6))
    assert space.features([]).shape == (0, len(space.feature_names))


def test_neighbours_and_widths(space):
    assert len(space.neighbours((0,) * 5)) == 35
    assert list(WIDTHS) == [8, 16, 24, 32, 40, 48, 56, 64]
