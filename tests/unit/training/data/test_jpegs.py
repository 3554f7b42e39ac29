"""JPEG files within one `.npz`: the split, and what is refused."""

import io
import itertools

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


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
def test_a_mask_of_0_and_1_divides_as_one_of_true_and_false(tmp_path, dtype):
    mask = (np.arange(N) % 4 > 0).astype(dtype)
    plain, source = (
        open_source("mine", write(tmp_path / f"{name}.npz", **fields))
        for name, fields in (("bool", {}), ("other", {"is_train": mask}))
    )
    assert shades(source.test()) == shades(plain.test()) == [0, 4, 8, 12, 16, 20]
    assert source.search().fingerprint == plain.search().fingerprint


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"is_train": np.arange(N)}, "`is_train` of .* with 2, but must hold True or False, or 1 or 0"),
        ({"is_train": np.ones(N, dtype=int)}, "is True for every image"),
        ({"labels": np.arange(N) % 3 + 0.4}, "`labels` of .* has 0.4, but must have one whole number"),
        ({"labels": np.arange(N) % 4}, r"has 3, but its `classes` are 0\.\.2"),
        ({"labels": np.zeros(N, dtype=int)}, "has 1 class, 0"),
        ({"labels": np.arange(N - 1) % 3}, "23 labels and int64 offsets of shape"),
        ({"labels": np.where(np.arange(N) % 4, np.arange(N) % 2, 2)}, "no training image of class ship"),
        ({"offsets": np.arange(N + 1) / 2}, "float64 offsets"),
        ({"data": np.zeros(5, dtype=np.int64)}, "`data` of .* is int64"),
        ({"data": np.zeros((5, 5), dtype=np.uint8)}, r"`data` of .* is uint8 \(5, 5\)"),
        ({"classes": np.array([["cat", "dog", "ship"]])}, "`classes` of .* must be a list of names"),
    ],
)
def test_a_field_of_another_meaning_is_refused(tmp_path, changes, message):
    with pytest.raises(DataError, match=message):
        open_source("mine", write(tmp_path / "j.npz", **changes))


@pytest.mark.parametrize("change", ["falling", "beyond", "negative", "short"])
def test_offsets_must_rise_to_the_end_of_the_data(tmp_path, change):
    offsets = np.load(write(tmp_path / "j.npz"))["offsets"].copy()
    if change == "falling":
        offsets[[3, 4]] = offsets[[4, 3]]
    elif change == "negative":
        offsets[0] = -1
    else:
        offsets[-1] += 10 if change == "beyond" else -10
    with pytest.raises(DataError, match=r"array `offsets` of .* must rise to the .* bytes of `data`"):
        open_source("mine", write(tmp_path / "k.npz", offsets=offsets))


def test_a_damaged_test_image_is_seen_before_the_search(tmp_path):
    files = [jpeg(10 * i) for i in range(N)]
    files[4] = files[4][:100]
    changes = {"data": np.frombuffer(b"".join(files), dtype=np.uint8), "offsets": np.cumsum([0, *map(len, files)])}
    with pytest.raises(DataError, match=r"image 4 of .*j\.npz is truncated"):
        open_source("mine", write(tmp_path / "j.npz", **changes))


def test_an_image_that_is_none_is_named(tmp_path):
    data = np.load(write(tmp_path / "j.npz"))["data"].copy()
    data[:3] = 0
    with pytest.raises(DataError, match=r"image 0 of .*k\.npz is no picture of a known format"):
        open_source("cifar10-jpeg", write(tmp_path / "k.npz", data=data))


def test_the_copies_of_cifar_are_read_as_the_published_set_is(anchors, tmp_path):
    path = anchors.parent / "cifar10_jpeg" / "cifar10_jpeg_blobs.npz"
    if not path.exists():
        pytest.skip("the JPEG copies of CIFAR-10 are not here")
    with np.load(path) as file:
        arrays = dict(file)
    assert np.bincount(arrays["is_train"]).tolist() == [10_000, 50_000]
    every = slice(None, None, 12)  # decoding all takes seconds
    blobs = [arrays["data"][a:b] for a, b in list(itertools.pairwise(arrays["offsets"]))[every]]
    fields = {"data": np.concatenate(blobs), "offsets": np.cumsum([0, *map(len, blobs)])}
    fields |= {"classes": arrays["classes"], **{name: arrays[name][every] for name in ("labels", "is_train")}}
    source = open_source("cifar10-jpeg", write(tmp_path / "some.npz", **fields))
    test = source.test()
    assert (source.n_classes, len(test), test.pixels.shape[1:]) == (10, (~fields["is_train"]).sum(), (3, 32, 32))
    assert 115 < test.pixels.mean() < 125
