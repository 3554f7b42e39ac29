"""JPEG files within one `.npz`: the split, and what is refused."""

import io

import numpy as np
import pytest

from pmfnas.core.errors import DataError
from pmfnas.training.data import open_source

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed (extra train)")

N = 24


def jpeg(shade):
    sink = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), shade, dtype=np.uint8)).save(sink, "JPEG", quality=95)
    return sink.getvalue()


def write(path, **changes):
    """Write 24 images of 3 classes, every fourth for the test; image i is of the shade 10 i."""
    files = [jpeg(10 * i) for i in range(N)]
    fields = {
        "data": np.frombuffer(b"".join(files), dtype=np.uint8),
        "offsets": np.cumsum([0, *map(len, files)]),
        "labels": (np.arange(N) % 3).astype(np.uint8),
        "is_train": np.arange(N) % 4 > 0,
        "classes": np.array(["cat", "dog", "ship"]),
    }
    np.savez(path, **{**fields, **changes})
    return path


def shades(images):
    return sorted(np.rint(images.pixels.mean(axis=(1, 2, 3)) / 10).astype(int).tolist())


def test_training_images_are_halved_by_class_and_the_test_is_the_files_own(tmp_path):
    source = open_source("cifar10-jpeg", write(tmp_path / "j.npz"), split_seed=1)
    data, test = source.search(), source.test()
    assert shades(test) == [0, 4, 8, 12, 16, 20]
    assert sorted(shades(data.train) + shades(data.valid)) == [i for i in range(N) if i % 4]
    assert np.bincount(data.train.labels).tolist() == np.bincount(data.valid.labels).tolist() == [3, 3, 3]
    assert (source.n_classes, data.image_size, data.flip) == (3, 8, True)
    assert open_source("cifar10-jpeg", tmp_path / "j.npz", split_seed=2).search().fingerprint != data.fingerprint


def test_offsets_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"24 labels and int64 offsets of shape \(3,\), but must hold 25"):
        open_source("cifar10-jpeg", write(tmp_path / "j.npz", offsets=np.array([0, 1, 2])))


def test_an_image_that_is_none_is_named(tmp_path):
    data = np.load(write(tmp_path / "j.npz"))["data"].copy()
    data[:3] = 0
    with pytest.raises(DataError, match=r"image 0 of .*k\.npz is no picture of a known format"):
        open_source("cifar10-jpeg", write(tmp_path / "k.npz", data=data))


def test_the_copies_of_cifar_are_halved_as_the_published_set_is(anchors):
    path = anchors.parent / "cifar10_jpeg" / "cifar10_jpeg_blobs.npz"
    if not path.exists():
        pytest.skip("the JPEG copies of CIFAR-10 are not here")
    source = open_source("cifar10-jpeg", path)
    test = source.test()
    assert (source.n_classes, len(test), test.pixels.shape[1:]) == (10, 10_000, (3, 32, 32))
    assert 115 < test.pixels.mean() < 125
