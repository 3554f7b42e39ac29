from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmfnas.core.errors import DataError, InputError
from pmfnas.training.data import Fitting, open_source
from pmfnas.training.data.fitting import side_for
from pmfnas.training.data.pictures import size_of
from pmfnas.training.data.splits import SHARES, stratified


def write_npz(path, *, n=60, n_classes=3, shape=(8, 8), **changes):
    rng = np.random.default_rng(1)
    arrays = {
        "images": rng.integers(0, 256, size=(n, *shape), dtype=np.uint8),
        "labels": np.arange(n) % n_classes,
        **changes,
    }
    np.savez(path, **arrays)
    return arrays


def write_folder(root, *, n_classes=3, n=10, size=8):
    image_of = pytest.importorskip("PIL.Image", reason="Pillow is not installed (extra train)")
    rng = np.random.default_rng(2)
    for label in range(n_classes):
        (root / f"class{label}").mkdir(parents=True)
        for i in range(n):
            pixels = rng.integers(0, 256, size=(size, size, 3), dtype=np.uint8)
            image_of.fromarray(pixels).save(root / f"class{label}" / f"{i}.png")


# --------------------------------------------------------------------------------------------------------------- split


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=80).map(lambda some: sorted(some) + list(range(5)) * 3),
    st.integers(0, 3),
)
def test_a_split_takes_every_image_once_and_every_class_in_every_part(labels, seed):
    labels = np.array(labels)
    parts = stratified(labels, SHARES, seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(labels)))
    for part in parts:
        assert set(labels[part]) == set(range(5))
        assert (np.diff(part) > 0).all()
    for label in range(5):
        n = int((labels == label).sum())
        valid, test = (int((labels[part] == label).sum()) for part in parts[1:])
        assert valid == test == max(1, round(n / 10))


def test_a_split_depends_on_its_seed_alone():
    labels = np.arange(300) % 3
    first, again, other = (stratified(labels, SHARES, seed)[0] for seed in (0, 0, 1))
    assert first.tolist() == again.tolist() != other.tolist()


def test_a_class_with_too_few_images_is_named():
    with pytest.raises(DataError, match="the data has 2 images of class dog, but a split needs 3"):
        stratified(np.array([0, 0, 0, 1, 1]), SHARES, 0, names=("cat", "dog"))


# ---------------------------------------------------------------------------------------------------------------- npz


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 3), (3, 8, 8)])
def test_an_npz_is_read_in_each_of_its_forms(tmp_path, shape):
    arrays = write_npz(tmp_path / "mine.npz", shape=shape)
    source = open_source("mine", tmp_path / "mine.npz", split_seed=4)
    data, test = source.search(), source.test()
    assert (len(data.train), len(data.valid), len(test)) == (48, 6, 6)
    assert (source.n_classes, source.split, data.padding, data.flip) == (3, "80/10/10 by class, seed 4", 1, True)
    place = stratified(arrays["labels"], SHARES, 4)[0][7]
    expected = arrays["images"][place]
    expected = expected if shape != (8, 8, 3) else expected.transpose(2, 0, 1)
    np.testing.assert_array_equal(data.train.pixels[7], np.broadcast_to(expected, (3, 8, 8)))
    pixels = data.train.pixels / 255
    assert data.mean == pytest.approx(pixels.mean(axis=(0, 2, 3)))
    assert data.std == pytest.approx(pixels.std(axis=(0, 2, 3)))


def test_the_same_file_and_seed_give_the_same_fingerprint(tmp_path):
    write_npz(tmp_path / "mine.npz")
    prints = [open_source("mine", tmp_path / "mine.npz", split_seed=seed).search().fingerprint for seed in (0, 0, 1)]
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": np.zeros((60, 8, 8))}, r"images of float64 from 0 to 0, .*images \* 255"),
        ({"images": np.zeros((60, 8, 4), dtype=np.uint8)}, "must hold square RGB images"),
        ({"images": np.zeros((59, 8, 8), dtype=np.uint8)}, "59 images and 60 labels"),
        ({"labels": np.arange(60) % 3 - 1}, "has -1, but labels are 0 or more"),
        ({"labels": np.arange(60) % 3 + 0.5}, "has 0.5, but must have one whole number per image"),
        ({"labels": np.where(np.arange(60) == 4, 2, np.arange(60) % 2)}, "has 1 images of class 2"),
    ],
)
def test_an_npz_that_does_not_fit_is_refused(tmp_path, changes, message):
    write_npz(tmp_path / "mine.npz", **changes)
    with pytest.raises(DataError, match=message):
        open_source("mine", tmp_path / "mine.npz")


@pytest.mark.parametrize("kept", [0, 10, 500, -30])
def test_a_truncated_npz_is_refused(tmp_path, kept):
    write_npz(tmp_path / "mine.npz")
    (tmp_path / "mine.npz").write_bytes((tmp_path / "mine.npz").read_bytes()[:kept])
    with pytest.raises(DataError, match=r"mine\.npz"):
        open_source("mine", tmp_path / "mine.npz")


def test_an_npz_with_other_arrays_is_refused(tmp_path):
    np.savez(tmp_path / "mine.npz", x=np.zeros(3))
    with pytest.raises(DataError, match="has x, but must have the arrays `images` and `labels`"):
        open_source("mine", tmp_path / "mine.npz")


# -------------------------------------------------------------------------------------------------------------- folder


def parts_of(source):
    return source.search().train, source.search().valid, source.test()


def test_a_folder_of_class_folders_is_read_in_alphabetical_order(tmp_path):
    write_folder(tmp_path / "photos")
    source = open_source("photos", tmp_path / "photos")
    assert (source.n_classes, len(source.search().train), len(source.test())) == (3, 24, 3)
    assert source.class_names == ("class0", "class1", "class2")
    assert np.bincount(np.concatenate([part.labels for part in parts_of(source)])).tolist() == [10, 10, 10]


def test_the_jpegs_of_cifar_are_read_as_a_folder(tmp_path, anchors):
    pytest.importorskip("PIL.Image", reason="Pillow is not installed (extra train)")
    blobs = anchors.parent / "cifar10_jpeg" / "cifar10_jpeg_blobs.npz"
    if not blobs.exists():
        pytest.skip("the JPEG copies of CIFAR-10 are not here")
    with np.load(blobs) as file:
        data, offsets, labels = file["data"], file["offsets"], file["labels"]
    for label in range(10):
        (tmp_path / str(label)).mkdir()
        for i in np.flatnonzero(labels == label)[:3]:
            (tmp_path / str(label) / f"{i}.jpg").write_bytes(data[offsets[i] : offsets[i + 1]].tobytes())
    pixels = np.concatenate([part.pixels for part in parts_of(open_source("photos", tmp_path))])
    assert pixels.shape == (30, 3, 32, 32)
    assert 90 < pixels.mean() < 150


def test_images_of_mixed_sizes_are_scaled_and_that_is_said(tmp_path):
    write_folder(tmp_path / "photos")
    write_folder(tmp_path / "other", size=12)
    (tmp_path / "other" / "class0" / "0.png").rename(tmp_path / "photos" / "class2" / "z.png")
    source = open_source("photos", tmp_path / "photos")
    assert source.scaled
    assert source.search().image_size == 8
    line = "note: pictures of 2 sizes, 8x8 to 12x12 pixels were cropped to a centred square and scaled to 8x8"
    assert line in source.notes
    assert open_source("photos", tmp_path / "photos", fitting=Fitting(20)).search().image_size == 20


def test_a_photo_is_turned_upright_cropped_to_its_middle_and_scaled(tmp_path):
    image_of = pytest.importorskip("PIL.Image", reason="Pillow is not installed (extra train)")
    write_folder(tmp_path / "photos", size=16)
    pixels = np.zeros((16, 48, 3), dtype=np.uint8)
    pixels[:, 16:32, 0] = np.linspace(0, 250, 16).astype(np.uint8)  # the middle, red growing to the right
    exif = image_of.Exif()
    exif[0x0112] = 6  # to be turned right by 90 degrees: what is on the left comes to the top
    image_of.fromarray(pixels).save(tmp_path / "photos" / "class1" / "z.png", exif=exif)
    assert size_of(tmp_path / "photos" / "class1" / "z.png") == (16, 48)
    source = open_source("photos", tmp_path / "photos")
    whole = [*source.search().train.pixels, *source.search().valid.pixels, *source.test().pixels]
    (found,) = [each for each in whole if each[1:].max() == 0]
    assert found[0, :, 3].tolist() == pixels[0, 16:32, 0].tolist()


@pytest.mark.parametrize(
    ("sizes", "fitting", "side"),
    [
        ([(32, 32)] * 3, Fitting(), None),
        ([(30, 30)] * 3, Fitting(), 28),
        ([(30, 30)] * 3, Fitting(multiple=1), None),
        ([(640, 480), (480, 640)], Fitting(), 64),
        ([(40, 50), (45, 45)], Fitting(), 40),
        ([(32, 32)], Fitting(32), None),
        ([(32, 32)], Fitting(48), 48),
        ([(1, 3)], Fitting(), 4),
    ],
)
def test_the_side_of_images(sizes, fitting, side):
    assert side_for(sizes, fitting) == side


def test_a_side_that_the_networks_cannot_take_and_one_for_published_images_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"--image-size is 30, but must be a positive multiple of 4; 32 is one"):
        Fitting(30)
    with pytest.raises(InputError, match=r"--image-size is 16, but cifar10 is a published data set"):
        open_source("cifar10", tmp_path, fitting=Fitting(16))


def test_a_damaged_image_is_named(tmp_path):
    write_folder(tmp_path / "photos")
    victim = tmp_path / "photos" / "class1" / "3.png"
    victim.write_bytes(victim.read_bytes()[:50])
    with pytest.raises(DataError, match=r"class1.3\.png is truncated"):
        open_source("photos", tmp_path / "photos")


def test_a_class_folder_without_images_is_refused(tmp_path):
    write_folder(tmp_path / "photos")
    (tmp_path / "photos" / "class00").mkdir()
    with pytest.raises(DataError, match=r"class folder .*class00 has no image"):
        open_source("photos", tmp_path / "photos")


def test_a_wrong_data_set_is_refused(tmp_path):
    with pytest.raises(InputError, match="needs --data-dir"):
        open_source("cifar10", None)
    with pytest.raises(InputError, match="no such path exists"):
        open_source("cifar10", Path("/no/such/folder"))
    with pytest.raises(DataError, match="0 class folders and 0 images"):
        open_source("photos", tmp_path)
    (tmp_path / "text.txt").write_text("x")
    with pytest.raises(DataError, match=r"must be a folder of class folders or an \.npz file"):
        open_source("photos", tmp_path / "text.txt")


def test_the_digits_come_along():
    pytest.importorskip("sklearn", reason="scikit-learn is not installed (extra train)")
    source = open_source("digits", None)
    data = source.search()
    assert data.train.pixels.shape == (1439, 3, 8, 8)
    assert (len(data.valid), len(source.test()), data.flip, data.padding) == (179, 179, False, 1)
    assert data.train.pixels.max() == 255
