import hashlib
import io
import pickle
import tarfile

import numpy as np
import pytest

from pmfnas.core.errors import DataError
from pmfnas.training.data.official import CHECKSUMS, PUBLISHED, official_half, published_source

ORDINARY = {"cifar10": 10, "cifar100": 200, "ImageNet16-120": 240}
"""Images per generated file."""


def batch_of(layout, n, rng):
    labels = [int(i % layout.n_classes) + layout.first_label for i in range(n)]
    if layout.first_label:
        labels[-1] = 1000  # a class beyond those that are used
    pixels = rng.integers(0, 256, size=(n, 3 * layout.side**2), dtype=np.uint8)
    return {b"data": pixels, layout.label_key.encode(): labels, b"batch_label": b"of a test"}


def as_numpy_1_wrote_it(data):
    return data.replace(b"numpy._core.multiarray", b"numpy.core.multiarray") if data[1] < 4 else data


def write(folder, name, *, protocol=2):
    layout, rng = PUBLISHED[name], np.random.default_rng(0)
    batches = {}
    for file in (*layout.train_files, *layout.test_files):
        batches[file] = batch_of(layout, ORDINARY[name], rng)
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(as_numpy_1_wrote_it(pickle.dumps(batches[file], protocol=protocol)))
    return batches


def even(name, n_images):
    return np.arange(n_images) % 2 == 0


def source_of(folder, name, **changes):
    return published_source(name, folder, **{"checksums": {}, "first_half": even, **changes})


def test_cifar10_is_divided_within_its_training_files(tmp_path):
    batches = write(tmp_path, "cifar10")
    whole = np.concatenate([batches[f"cifar-10-batches-py/data_batch_{i}"][b"data"] for i in range(1, 6)])
    data = source_of(tmp_path, "cifar10").search()
    np.testing.assert_array_equal(data.train.pixels.reshape(25, -1), whole[::2])
    np.testing.assert_array_equal(data.valid.pixels.reshape(25, -1), whole[1::2])
    assert data.train.labels.tolist() == [0, 2, 4, 6, 8] * 5
    assert data.train.pixels.shape == (25, 3, 32, 32)
    assert (data.padding, data.flip, data.image_size) == (4, True, 32)
    assert data.mean == pytest.approx((125.3 / 255, 123.0 / 255, 113.9 / 255))
    test = source_of(tmp_path, "cifar10").test()
    np.testing.assert_array_equal(test.pixels.reshape(10, -1), batches["cifar-10-batches-py/test_batch"][b"data"])


def test_a_test_file_that_is_missing_or_damaged_is_seen_before_the_search(tmp_path):
    write(tmp_path, "cifar10")
    batch = tmp_path / "cifar-10-batches-py" / "test_batch"
    batch.write_bytes(batch.read_bytes()[:-50])
    with pytest.raises(DataError, match="test_batch is truncated"):
        source_of(tmp_path, "cifar10").search()
    batch.unlink()
    with pytest.raises(DataError, match="has no cifar-10-batches-py/test_batch"):
        source_of(tmp_path, "cifar10").search()


def test_cifar100_is_divided_within_its_test_file(tmp_path):
    batches = write(tmp_path, "cifar100")
    source = source_of(tmp_path, "cifar100")
    data, test = source.search(), source.test()
    assert len(data.train) == 200
    np.testing.assert_array_equal(data.valid.pixels.reshape(100, -1), batches["cifar-100-python/test"][b"data"][::2])
    np.testing.assert_array_equal(test.pixels.reshape(100, -1), batches["cifar-100-python/test"][b"data"][1::2])


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_imagenet16_keeps_the_first_120_classes_and_counts_them_from_0(tmp_path, protocol):
    write(tmp_path, "ImageNet16-120", protocol=protocol)
    source = source_of(tmp_path, "ImageNet16-120")
    data, test = source.search(), source.test()
    assert len(data.train) == 10 * 239
    assert (data.train.labels.min(), data.train.labels.max()) == (0, 119)
    assert data.train.pixels.shape[1:] == (3, 16, 16)
    assert (len(data.valid), len(test), data.padding) == (120, 119, 2)


def test_an_archive_is_read_as_its_folder_is(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "archive").mkdir()
    write(tmp_path / "folder", "cifar100")
    with tarfile.open(tmp_path / "archive" / "cifar-100-python.tar.gz", "w:gz") as container:
        container.add(tmp_path / "folder" / "cifar-100-python", "cifar-100-python")
    places = ("folder", "archive", "archive/cifar-100-python.tar.gz")
    found = {source_of(tmp_path / place, "cifar100").search().fingerprint for place in places}
    assert len(found) == 1


@pytest.mark.parametrize("name", ["cifar.tgz", "cifar.tar"])
def test_an_archive_may_be_given_itself_and_in_another_packing(tmp_path, name):
    write(tmp_path / "folder", "cifar100")
    path = tmp_path / name
    with tarfile.open(path, "w:gz" if name.endswith("z") else "w") as container:
        container.add(tmp_path / "folder" / "cifar-100-python", "cifar-100-python")
    expected = source_of(tmp_path / "folder", "cifar100").search().fingerprint
    assert source_of(path, "cifar100").search().fingerprint == expected
    assert source_of(tmp_path, "cifar100").search().fingerprint == expected


@pytest.mark.parametrize("at", [0, 20, 400_000])
def test_a_damaged_archive_is_one_line_that_names_it(tmp_path, at):
    write(tmp_path / "folder", "cifar100")
    path = tmp_path / "cifar.tar.gz"
    with tarfile.open(path, "w:gz") as container:
        container.add(tmp_path / "folder" / "cifar-100-python", "cifar-100-python")
    content = bytearray(path.read_bytes())
    at %= len(content)
    content[at : at + 15] = bytes(b ^ 0xFF for b in content[at : at + 15])
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"cifar\.tar\.gz") as caught:
        source_of(tmp_path, "cifar100").search()
    assert "\n" not in str(caught.value)


def test_the_official_halves_are_those_of_the_benchmark(anchors):
    with np.load(anchors / "official_splits.npz") as splits:
        for name, first, second, n in (
            ("cifar10", "cifar10_train50k__train", "cifar10_train50k__valid", 50_000),
            ("cifar100", "cifar100_test10k__xvalid", "cifar100_test10k__xtest", 10_000),
            ("ImageNet16-120", "imagenet16_120_test6k__xvalid", "imagenet16_120_test6k__xtest", 6_000),
        ):
            mask = official_half(name, n)
            assert np.flatnonzero(mask).tolist() == splits[first].tolist()
            assert np.flatnonzero(~mask).tolist() == splits[second].tolist()


def test_other_numbers_of_images_have_no_official_split():
    assert official_half("cifar10", 50_000).sum() == 25_000
    with pytest.raises(DataError, match="has 49999 images to divide, but the official split is of 50000"):
        official_half("cifar10", 49_999)


# ------------------------------------------------------------------------------------------------------- damaged files


def test_a_missing_file_is_named(tmp_path):
    write(tmp_path, "cifar100")
    (tmp_path / "cifar-100-python" / "test").unlink()
    with pytest.raises(DataError, match=r"has no cifar-100-python/test, neither as a file nor in a \.tar\.gz"):
        source_of(tmp_path, "cifar100").search()


def test_a_file_of_another_checksum_is_refused(tmp_path):
    write(tmp_path, "cifar100")
    with pytest.raises(DataError, match=r"has MD5 .*, but the published file has 16019d7e3df5f24257cddd939b257f8d"):
        source_of(tmp_path, "cifar100", checksums=CHECKSUMS).search()
    content = (tmp_path / "cifar-100-python" / "train").read_bytes()
    right = {"cifar-100-python/train": hashlib.md5(content).hexdigest()}
    assert len(source_of(tmp_path, "cifar100", checksums=right).search().train) == 200


@pytest.mark.parametrize("kept", [0, 1, 100, -1])
def test_a_truncated_file_is_refused(tmp_path, kept):
    write(tmp_path, "cifar100")
    path = tmp_path / "cifar-100-python" / "train"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match="train is truncated, altered or not an official file"):
        source_of(tmp_path, "cifar100").search()


def test_a_truncated_archive_is_refused(tmp_path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as container:
        container.addfile(tarfile.TarInfo("cifar-100-python/train"), io.BytesIO())
    (tmp_path / "cifar.tar.gz").write_bytes(buffer.getvalue()[:20])
    with pytest.raises(DataError, match=r"cifar\.tar\.gz"):
        source_of(tmp_path, "cifar100").search()


class Runs:
    def __reduce__(self):
        import os

        return os.system, ("touch escaped",)


@pytest.mark.parametrize("value", [Runs(), np.array([object()]), np.zeros(3, dtype=complex), np.dtype("O")])
def test_a_pickle_that_asks_for_more_is_refused(tmp_path, value, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "cifar100")
    path = tmp_path / "cifar-100-python" / "train"
    path.write_bytes(pickle.dumps({b"data": value}, protocol=2))
    with pytest.raises(DataError, match="before any of it was run"):
        source_of(tmp_path, "cifar100").search()
    assert not (tmp_path / "escaped").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({b"data": np.zeros((200, 5), dtype=np.uint8)}, "holds no array `data` of 32x32"),
        ({b"data": np.zeros((200, 3072))}, "holds no array `data` of 32x32"),
        ({b"data": np.zeros((3072, 200), dtype=np.uint8)}, "holds no array `data` of 32x32"),
        ({b"fine_labels": ["cat"] * 200}, "holds no list `fine_labels`"),
        ({b"fine_labels": [True] * 200}, "holds no list `fine_labels`"),
        ({b"fine_labels": 5}, "holds no list `fine_labels`"),
        ({b"fine_labels": [0] * 199}, "200 images and 199 labels"),
        ({b"fine_labels": [100] * 200}, "labels 100..100, but they must lie in 0..99"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused(tmp_path, change, message):
    batches = write(tmp_path, "cifar100")
    changed = {**batches["cifar-100-python/train"], **change}
    (tmp_path / "cifar-100-python" / "train").write_bytes(pickle.dumps(changed, protocol=2))
    with pytest.raises(DataError, match=message):
        source_of(tmp_path, "cifar100").search()


@pytest.mark.parametrize(
    ("name", "n", "some"), [("cifar10", 10, {3: "cat"}), ("cifar100", 100, {0: "apple", 99: "worm"})]
)
def test_published_classes_have_their_published_names(tmp_path, name, n, some):
    names = source_of(tmp_path, name).class_names
    assert len(set(names)) == n
    assert {label: names[label] for label in some} == some
