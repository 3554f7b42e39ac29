import numpy as np

from pmfnas.benchmarks.seconds import N_TRAIN, N_VALID, PER_EPOCH, PER_PASS, estimated_pass_s
from pmfnas.benchmarks.size_surrogate.model import IMAGES


def test_an_epoch_and_a_pass_are_as_long_as_they_have_images():
    assert PER_EPOCH == (1.0, 2.0, 6.068)  # the benchmark's pseudo-times
    assert PER_PASS == (2.5, 0.5, 0.3)
    for epoch, passes, n, m in zip(PER_EPOCH, PER_PASS, N_TRAIN, N_VALID, strict=True):
        assert epoch * N_TRAIN[0] == n
        assert passes * 10_000 == m


def test_the_size_space_has_the_same_images_in_thousands():
    assert IMAGES == {"cifar10-valid": (25, 25), "cifar100": (50, 5), "ImageNet16-120": (151.7, 3)}


def test_a_pass_without_a_measurement_lies_on_a_line():
    np.testing.assert_allclose(estimated_pass_s(np.array([0.0, 100.0])), [0.496, 4.726])
