"""Every field of an `.npz`: its dtype, shape, range and meaning."""

import io
import zipfile

import numpy as np
import pytest

from pmfnas.core.errors import DataError
from pmfnas.training.data import open_source

N = 60
RNG = np.random.default_rng(3)
IMAGES = RNG.integers(0, 256, size=(N, 8, 8, 3), dtype=np.uint8)
LABELS = np.arange(N) % 3


def opened(path, **arrays):
    np.savez(path / "mine.npz", **{"images": IMAGES, "labels": LABELS, **arrays})
    return open_source("mine", path / "mine.npz")


def whole(source):
    """Return all images of a source, by their pixels, with the name of their class."""
    data = source.search()
    parts = (data.train, data.valid, source.test())
    return {
        p.tobytes(): source.class_names[label]
        for part in parts
        for p, label in zip(part.pixels, part.labels, strict=True)
    }


def expected(images, names):
    return {p.tobytes(): name for p, name in zip(images, names, strict=True)}


COLOURS_FIRST = IMAGES.transpose(0, 3, 1, 2)


# -------------------------------------------------------------------------------------------------------------- labels


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (LABELS.astype(np.uint8), ("0", "1", "2")),
        (LABELS * 5 + 2, ("2", "7", "12")),
        (LABELS * 10**17, ("0", str(10**17), str(2 * 10**17))),
        (np.where(LABELS == 2, np.uint64(2**64 - 1), LABELS.astype(np.uint64)), ("0", "1", str(2**64 - 1))),
        (LABELS.astype(np.float32), ("0", "1", "2")),
        (LABELS[:, None], ("0", "1", "2")),
        (LABELS > 0, ("False", "True")),
        (np.array(["dog", "cat", "emu"])[LABELS], ("cat", "dog", "emu")),
        (np.array([b"dog", b"cat", b"emu"])[LABELS], ("cat", "dog", "emu")),
    ],
)
def test_labels_go_by_their_values(tmp_path, labels, names):
    source = opened(tmp_path, labels=labels)
    assert source.class_names == names
    kind = str if labels.dtype.kind != "f" else lambda value: str(int(value))
    written = [v.decode() if isinstance(v, bytes) else kind(v) for v in labels.ravel().tolist()]
    assert whole(source) == expected(COLOURS_FIRST, written)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.where(LABELS == 1, 1.5, LABELS), "has 1.5, but must have one whole number"),
        (np.where(LABELS == 1, np.nan, LABELS), "has nan, but must have one whole number"),
        (np.where(LABELS == 1, np.inf, LABELS), "has inf"),
        (LABELS - 1, "has -1, but labels are 0 or more; leave out images without a class"),
        (LABELS.astype(complex), "is of complex128"),
        (LABELS.astype("datetime64[s]"), "is of datetime64"),
        (np.eye(3)[LABELS], r"of shape \(60, 3\).*labels.argmax"),
        (LABELS[:-1], "holds 60 images and 59 labels"),
        (np.zeros(N, dtype=int), "has 1 class, 0; at least two are needed"),
        (np.zeros(0, dtype=int), "has 0 classes"),
        (np.array(5), r"of shape \(\)"),
        (np.arange(N), "has 1 images of class 0, but a split needs 3"),
        (np.array([None, "cat"] * 30), "holds Python objects, but must hold numbers or text"),
    ],
)
def test_other_labels_are_refused(tmp_path, labels, message):
    with pytest.raises(DataError, match=rf"mine\.npz.*{message}"):
        opened(tmp_path, labels=labels)


@pytest.mark.parametrize("labels", [LABELS, np.array(["cat", "dog", "emu"])[LABELS]])
def test_classes_name_the_labels_and_those_without_images_are_left_out(tmp_path, labels):
    source = opened(tmp_path, labels=labels, classes=np.array(["cat", "dog", "emu", "yak"]))
    assert source.class_names == ("cat", "dog", "emu")
    assert whole(source) == expected(COLOURS_FIRST, np.array(["cat", "dog", "emu"])[LABELS].tolist())


def test_numbers_are_places_in_the_list_even_where_it_holds_numerals(tmp_path):
    source = opened(tmp_path, classes=np.array(["2", "1", "0"]))
    assert whole(source) == expected(COLOURS_FIRST, [str(2 - label) for label in LABELS])


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (np.array(["cat", "dog"]), r"has 2, but its `classes` are 0\.\.1"),
        (np.array(["cat", "dog", "cat"]), "has 'cat' twice"),
        (np.array([0.5, 1.5, 2.5]), "must be a list of names"),
    ],
)
def test_classes_that_do_not_fit_are_refused(tmp_path, classes, message):
    with pytest.raises(DataError, match=message):
        opened(tmp_path, classes=classes)


# ---------------------------------------------------------------------------------------------------------------- mask


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float64])
def test_a_mask_divides_whatever_its_dtype(tmp_path, dtype):
    source = opened(tmp_path, is_train=(np.arange(N) < 40).astype(dtype))
    data, test = source.search(), source.test()
    assert {p.tobytes() for p in test.pixels} == {p.tobytes() for p in COLOURS_FIRST[40:]}
    assert len(data.train) + len(data.valid) == 40
    assert source.split == "is_train; training images give 10% by class for validation, seed 0"


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.arange(N), "is int64 with 2, but must hold True or False, or 1 or 0"),
        (np.full(N, 0.5), "with 0.5"),
        (np.full(N, np.nan), "with nan"),
        (np.ones(N, dtype=bool), "is True for every image"),
        (np.zeros(N, dtype=int), "is False for every image"),
        (np.array(["train", "test"] * 30), "is <U5, but must hold"),
        (np.ones(N - 1, dtype=bool), r"of shape \(59,\), but must be \(60,\)"),
        (np.arange(N) % 3 > 0, "has no training image of class 0"),
    ],
)
def test_other_masks_are_refused(tmp_path, mask, message):
    with pytest.raises(DataError, match=message):
        opened(tmp_path, is_train=mask)


# -------------------------------------------------------------------------------------------------------------- images


@pytest.mark.parametrize(
    "images",
    [IMAGES, COLOURS_FIRST, IMAGES.astype(np.int64), IMAGES.astype(np.uint16), np.asfortranarray(IMAGES)],
)
def test_images_of_whole_numbers_are_taken_in_either_order(tmp_path, images):
    assert whole(opened(tmp_path, images=images)) == expected(COLOURS_FIRST, map(str, LABELS))


@pytest.mark.parametrize("images", [IMAGES[..., 0], IMAGES[..., :1], COLOURS_FIRST[:, :1]])
def test_grey_images_are_taken_with_and_without_a_channel(tmp_path, images):
    grey = np.repeat(IMAGES[..., 0][:, None], 3, axis=1)
    assert whole(opened(tmp_path, images=images)) == expected(grey, map(str, LABELS))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES / 255, r"float64 from 0 to 1, .*: \(images \* 255\)\.round\(\)"),
        (IMAGES.astype(np.float32), r"float32 from 0 to 255, .*: images\.round\(\)"),
        (IMAGES / 127.5 - 1, "float64 from -1 to 1, .*scale and round them"),
        (np.where(IMAGES > 250, np.nan, IMAGES), "float64 with NaN or infinity"),
        (IMAGES.astype(np.uint16) * 257, r"uint16 from 0 to 65535, .*images // 257"),
        (IMAGES.astype(np.int16) - 128, "int16 from -128 to 127"),
        (IMAGES > 90, r"images of bool, .*astype\('uint8'\) \* 255"),
        (IMAGES.astype(complex), "images of complex128"),
        (IMAGES[..., :2], "but must hold square RGB images"),
        (np.concatenate([IMAGES, IMAGES[..., :1]], axis=3), r"of shape \(60, 8, 8, 4\)"),
        (IMAGES.reshape(N, -1), r"of shape \(60, 192\)"),
        (IMAGES.transpose(1, 2, 3, 0), r"of shape \(8, 8, 3, 60\)"),
        (IMAGES[:, :4], r"of shape \(60, 4, 8, 3\)"),
        (IMAGES[:0], "holds no image"),
        (IMAGES[:, :0, :0], "holds no image"),
        (np.zeros_like(IMAGES), "60 pictures that are all equal"),
    ],
)
def test_other_images_are_refused_with_the_remedy(tmp_path, images, message):
    with pytest.raises(DataError, match=message):
        opened(tmp_path, images=images)


def test_pixels_of_0_and_1_and_arrays_that_are_not_used_are_said(tmp_path):
    source = opened(tmp_path, images=(IMAGES > 90).astype(np.uint8), fold=LABELS)
    assert source.notes[0].startswith("warning: all pixels are 0 or 1")
    assert source.notes[1] == "note: left out, unknown arrays: fold"


# ------------------------------------------------------------------------------------------------------------ the file


def with_header(path, shape):
    """Write an archive whose images declare a shape that they do not have."""
    sink = io.BytesIO()
    np.lib.format.write_array_header_1_0(sink, {"descr": "|u1", "fortran_order": False, "shape": shape})
    labels = io.BytesIO()
    np.save(labels, LABELS)
    with zipfile.ZipFile(path, "w") as container:
        container.writestr("images.npy", sink.getvalue() + b"\0" * 100)
        container.writestr("labels.npy", labels.getvalue())


@pytest.mark.parametrize("shape", [(10**9, 224, 224, 3), (60, 8, 8, 3)])
def test_a_shape_beyond_the_file_is_refused_before_memory_is_taken(tmp_path, shape):
    with_header(tmp_path / "mine.npz", shape)
    with pytest.raises(DataError, match=r"`images` of .*mine\.npz declares shape .* but has 100; write it again"):
        open_source("mine", tmp_path / "mine.npz")


def damage(content, at):
    return content[:at] + bytes(b ^ 0xFF for b in content[at : at + 30]) + content[at + 30 :]


@pytest.mark.parametrize("at", [0, 30, 40, 120, 5000, -60])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_damage_anywhere_is_one_line_that_names_the_file(tmp_path, at, save):
    path = tmp_path / "mine.npz"
    save(path, images=IMAGES, labels=LABELS)
    content = path.read_bytes()
    path.write_bytes(damage(content, at % len(content)))
    with pytest.raises(DataError, match=r"mine\.npz") as caught:
        open_source("mine", path)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_an_archive_is_named(tmp_path):
    np.save(tmp_path / "one.npy", IMAGES)
    (tmp_path / "one.npy").rename(tmp_path / "one.npz")
    (tmp_path / "link.npz").symlink_to("link.npz")
    (tmp_path / "empty.npz").write_bytes(b"")
    for name in ("one.npz", "empty.npz"):
        with pytest.raises(DataError, match=rf"{name} is damaged or no \.npz file .*numpy\.savez"):
            open_source("mine", tmp_path / name)
