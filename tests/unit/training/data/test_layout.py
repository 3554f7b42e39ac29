"""Folders: which are classes, which are parts of a split, what is skipped, and what is refused by name."""

import zlib

import numpy as np
import pytest

from pmfnas.core.errors import DataError
from pmfnas.training.data import open_source
from pmfnas.training.data.layout import part_called

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed (extra train)")


def draw(folder, n=4, *, seed=None):
    """Write `n` pictures that occur nowhere else, or those of a seed."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed if seed is not None else zlib.crc32(str(folder).encode()))
    for i in range(n):
        Image.fromarray(rng.integers(0, 256, size=(8, 8, 3), dtype=np.uint8)).save(folder / f"{i}.png")


def tree(root, **numbers):
    """Write folders such as `train__cat=4`."""
    for path, n in numbers.items():
        draw(root.joinpath(*path.split("__")), n)
    return root


def read(root, **options):
    source = open_source("photos", root, **options)
    data = source.search()
    return source, data, source.test()


def pixels(folder):
    return {np.asarray(Image.open(file)).transpose(2, 0, 1).tobytes() for file in folder.rglob("*.png")}


def held(images):
    return {p.tobytes() for p in images.pixels}


# -------------------------------------------------------------------------------------------------------------- parts


@pytest.mark.parametrize(
    ("train", "valid", "test"),
    [
        ("train", "val", "test"),
        ("training", "validation", "testing"),
        ("Train", "Valid", "Test"),
        ("train_set", "dev_set", "test_set"),
        ("seg_train", "seg_val", "seg_test"),
        ("train2017", "val2017", "test2017"),
        ("train", "eval", "test"),
        ("train", "val", "eval"),
        ("trainset", "valset", "testset"),
    ],
)
def test_parts_in_any_usual_spelling_are_used_as_they_are(tmp_path, train, valid, test):
    root = tree(tmp_path / "d", **{f"{p}__{c}": 3 for p in (train, valid, test) for c in ("cat", "dog")})
    source, data, tested = read(root)
    assert source.class_names == ("cat", "dog")
    assert source.split == f"folders {train}, {valid}, {test}"
    assert [held(data.train), held(data.valid), held(tested)] == [pixels(root / p) for p in (train, valid, test)]
    assert source.summary(data)[0] == "2 classes, training + validation + test images: cat 3 + 3 + 3, dog 3 + 3 + 3"


def test_without_validation_a_tenth_of_the_training_images_is_held_out(tmp_path):
    root = tree(tmp_path / "d", train__cat=20, train__dog=20, test__cat=2, test__dog=2)
    source, data, tested = read(root, split_seed=3)
    assert held(tested) == pixels(root / "test")
    assert held(data.train) | held(data.valid) == pixels(root / "train")
    assert (len(data.train), len(data.valid)) == (36, 4)
    assert source.split == "folders train, test; training images give 10% by class for validation, seed 3"


def test_without_a_test_the_training_images_give_one(tmp_path):
    root = tree(tmp_path / "d", train__cat=20, train__dog=20, valid__cat=2, valid__dog=2)
    _, data, tested = read(root)
    assert held(data.valid) == pixels(root / "valid")
    assert held(data.train) | held(tested) == pixels(root / "train")
    assert (len(data.train), len(tested)) == (36, 4)


def test_parts_below_the_classes_are_used_too(tmp_path):
    root = tree(tmp_path / "d", cat__train=5, cat__test=2, dog__train=5, dog__test=2)
    source, _, tested = read(root)
    assert source.class_names == ("cat", "dog")
    assert held(tested) == pixels(root / "cat" / "test") | pixels(root / "dog" / "test")


@pytest.mark.parametrize("around", ["train", "train__train"])
def test_a_folder_around_the_classes_is_entered(tmp_path, around):
    source, data, _ = read(tree(tmp_path / "d", **{f"{around}__cat": 10, f"{around}__dog": 10}))
    assert (source.class_names, source.split) == (("cat", "dog"), "80/10/10 by class, seed 0")
    assert len(data.train) == 16


def test_classes_that_sound_like_parts_are_classes(tmp_path):
    assert read(tree(tmp_path / "d", train=4, bus=4))[0].class_names == ("bus", "train")
    assert read(tree(tmp_path / "e", valid=4, invalid=4))[0].class_names == ("invalid", "valid")
    assert [part_called(name) for name in ("T-shirt", "train_station", "cat", "images")] == [None] * 4


def test_a_class_that_another_part_lacks_is_said(tmp_path):
    root = tree(tmp_path / "d", train__cat=4, train__dog=4, val__cat=2, val__dog=2, test__cat=2)
    source, data, _ = read(root)
    assert "warning: no test image of dog" in source.summary(data)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        (
            {"train__cat": 4, "train__dog": 4, "test__cat": 2, "test__bird": 2},
            r"test.bird has no counterpart in .*train",
        ),
        ({"train__cat": 4, "train__dog": 0, "test__cat": 2, "test__dog": 2}, r"train.dog has no image"),
        ({"train__cat": 4, "test__cat": 2}, r"train has 1 class folders \(cat\)"),
        ({"train": 4, "test": 4}, r"train has 0 class folders and 0 images in them; .* sort the 4 pictures in it"),
        ({"train__cat": 4, "train__dog": 4, "test": 4}, "test has no class folders with pictures"),
        ({"val__cat": 4, "test__cat": 4}, "holds test, val, parts of a split, but no train"),
        ({"train__cat": 4, "test__cat": 4, "bird": 4}, "holds test, train, parts of a split, beside bird"),
        ({"train__cat": 4, "train2__cat": 4}, "holds train and train2, both training images"),
        ({"train__cat": 4, "val__cat": 4, "valid__cat": 4}, "holds val and valid, both validation images"),
        ({"cat__train": 4, "cat__test": 4, "dog": 4}, r"class folder .*dog has no train folder, but others have"),
        ({"cat": 4}, r"1 class folders \(cat\) .*if the classes lie within it, give that folder"),
        ({"cat": 4, "dog": 2}, "has 2 images of class dog, but a split needs 3"),
        ({"train__cat": 4, "train__dog": 1, "test__cat": 2}, "training part of .* has 1 images of class dog"),
    ],
)
def test_layouts_that_cannot_be_used_are_named(tmp_path, numbers, message):
    with pytest.raises(DataError, match=message):
        open_source("photos", tree(tmp_path / "d", **numbers))


# ------------------------------------------------------------------------------------------------------------- skipped


def test_what_systems_leave_behind_is_no_class_and_no_picture(tmp_path):
    names = {"cat": 5, "dog": 5, ".ipynb_checkpoints": 2, ".git": 2, "cat__.thumbs": 2}
    root = tree(tmp_path / "d", **names)
    draw(root / "__MACOSX", 2)
    for name in (".DS_Store", "cat/Thumbs.db", "cat/._0.png", "dog/notes.txt"):
        (root / name).write_bytes(b"x")
    draw(root / "astray")
    (root / "astray" / "0.png").rename(root / "0.png")
    for file in (root / "astray").iterdir():
        file.unlink()
    (root / "astray").rmdir()
    source, data, tested = read(root)
    assert source.class_names == ("cat", "dog")
    assert len(data.train) + len(data.valid) + len(tested) == 10
    lines = source.summary(data)
    assert "note: left out, hidden or linked: ._0.png, .git, .ipynb_checkpoints, .thumbs, Thumbs.db and 1 more" in lines
    assert "note: left out, not a picture suffix: 1 .txt" in lines
    assert f"note: left out, 1 pictures in {root} outside its folders" in lines


def test_links_to_folders_above_do_not_loop_and_make_no_class(tmp_path):
    root = tree(tmp_path / "d", cat=4, dog=4)
    (root / "all").symlink_to(root)
    (root / "cat" / "up").symlink_to(root)
    source, data, tested = read(root)
    assert source.class_names == ("cat", "dog")
    assert len(data.train) + len(data.valid) + len(tested) == 8


# -------------------------------------------------------------------------------------------------------------- copies


def copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())


def test_training_copies_of_test_pictures_are_dropped_and_counted(tmp_path):
    root = tree(tmp_path / "d", **{f"{p}__{c}": 5 for p in ("train", "val", "test") for c in ("cat", "dog")})
    copy(root / "test" / "cat" / "0.png", root / "train" / "cat" / "again.png")
    Image.open(root / "val" / "dog" / "1.png").save(root / "train" / "dog" / "again.bmp")  # other bytes, equal pixels
    copy(root / "test" / "cat" / "1.png", root / "val" / "cat" / "again.png")
    source, data, tested = read(root)
    assert (len(data.train), len(data.valid), len(tested)) == (10, 10, 10)
    assert not (held(data.train) | held(data.valid)) & held(tested)
    assert not held(data.train) & held(data.valid)
    assert "note: 2 training pictures are also validation or test pictures and were dropped" in source.notes
    assert "note: 1 validation pictures are also test pictures and were dropped" in source.notes


def test_a_drawn_split_holds_no_picture_twice(tmp_path):
    root = tree(tmp_path / "d", cat=30, dog=30)
    for i in range(30):
        copy(root / "cat" / f"{i}.png", root / "cat" / f"{i} - Copy.png")
    source, data, tested = read(root)
    assert not held(data.train) & (held(data.valid) | held(tested))
    assert not held(data.valid) & held(tested)
    assert any(
        "training pictures are also validation or test pictures and were dropped" in line for line in source.notes
    )


def test_a_class_of_one_picture_stays_with_a_warning(tmp_path):
    root = tree(tmp_path / "d", dog=6)
    draw(root / "cat", 1)
    for i in range(1, 6):
        copy(root / "cat" / "0.png", root / "cat" / f"{i}.png")
    source, data, _ = read(root)
    assert set(data.train.labels.tolist()) == {0, 1}
    assert any(line.startswith("warning: 4 training pictures") and "cat has no others" in line for line in source.notes)


def test_a_copied_class_is_refused_and_a_picture_in_two_classes_is_said(tmp_path):
    root = tree(tmp_path / "d", cat=6, dog=6)
    copy(root / "cat" / "0.png", root / "dog" / "odd.png")
    assert "warning: 1 pictures occur in more than one class" in open_source("photos", root).notes
    draw(root / "cat - Copy", 6)
    for i in range(6):
        copy(root / "cat" / f"{i}.png", root / "cat - Copy" / f"{i}.png")
    with pytest.raises(DataError, match="has a class cat whose pictures all occur in cat - Copy, too; remove one"):
        open_source("photos", root)


def test_equal_pictures_are_nothing_to_learn_from(tmp_path):
    for name in ("cat", "dog"):
        draw(tmp_path / "d" / name, 3, seed=7)
        for file in (tmp_path / "d" / name).iterdir():
            Image.new("RGB", (8, 8)).save(file)
    with pytest.raises(DataError, match="holds 6 pictures that are all equal, so nothing can be learnt"):
        open_source("photos", tmp_path / "d")
