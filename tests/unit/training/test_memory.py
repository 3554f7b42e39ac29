"""What passes and steps take: the counts against measured bytes, and that image size does not matter to a pass."""

import pytest

from pmfnas.training.blueprint import blueprint
from pmfnas.training.memory import pass_bytes, pass_images, step_bytes
from pmfnas.training.recipe import NB201

LARGEST = blueprint("nb201", (3,) * 6, NB201, n_classes=2)
WIDEST = blueprint("nats-sss", (7,) * 5, NB201, n_classes=2)


@pytest.mark.parametrize(("side", "n"), [(4, 1000), (32, 1000), (64, 250), (224, 20), (2048, 1)])
def test_larger_images_come_fewer_at_a_time(side, n):
    assert pass_images(side) == n


def test_the_size_of_images_does_not_matter_to_what_a_pass_takes():
    at_32 = pass_bytes(LARGEST, 32)
    assert 0.5 < pass_bytes(LARGEST, 224) / at_32 <= 1
    assert pass_bytes(LARGEST, 32, n_networks=3) == 3 * at_32
    assert step_bytes(LARGEST, 64, 256) == 4 * step_bytes(LARGEST, 32, 256)


@pytest.mark.parametrize(
    ("counted", "measured_mb"),  # growth of the process on the CPU, for the same numbers of images
    [
        (pass_bytes(LARGEST, 32) / 2, 569),  # 500 images
        (pass_bytes(LARGEST, 64) / 250 * 200, 806),
        (pass_bytes(WIDEST, 32) / 5, 582),
        (step_bytes(LARGEST, 32, 64), 563),
        (step_bytes(LARGEST, 64, 32), 1085),
        (step_bytes(WIDEST, 32, 64), 493),
    ],
)
def test_counts_are_above_what_was_measured_and_not_far_from_it(counted, measured_mb):
    assert measured_mb < counted / 1e6 < 1.8 * measured_mb
