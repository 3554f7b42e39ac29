import numpy as np
import pytest


@pytest.fixture
def mine(tmp_path):
    from tests.support.training_runs import tiny_images  # needs torch

    images = tiny_images(90, 5)
    path = tmp_path / "mine.npz"
    np.savez(path, images=images.pixels, labels=images.labels)
    return path
