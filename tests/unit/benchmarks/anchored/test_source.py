from pathlib import Path

import numpy as np
import pytest

from pmfnas.benchmarks.anchored import ANCHOR_FILE, anchored_header, build_anchored
from pmfnas.benchmarks.anchored.source import Source, read_source
from pmfnas.core.errors import DataError
from tests.support.releases.small_anchors import N_ACCS, N_ARCHS, N_LOSSES, write_anchors

OPS = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]


def test_what_is_read_is_what_the_files_hold(source: Source, folder: Path):
    raw = np.load(folder / "nb201_anchors.npz")
    assert source.ops.shape == (N_ARCHS, 6)
    assert source.train_loss.shape == (N_LOSSES, 3, 200)
    assert source.valid_acc.shape == (N_ACCS, 200)
    np.testing.assert_array_equal(source.valid_12, raw["valid_acc_12"])
    np.testing.assert_array_equal(source.present.sum(axis=1), raw["n_seeds"])
    assert source.archs[3] == tuple(raw["arch_ops"][3].tolist())
    assert source.sha256 == anchored_header(folder).source


@pytest.mark.parametrize("missing", [ANCHOR_FILE, "nb201_curves.npz"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str):
    write_anchors(tmp_path)
    (tmp_path / missing).unlink()
    for use in (read_source, anchored_header, lambda path: build_anchored(path, tmp_path / "out")):
        with pytest.raises(DataError, match=missing):
            use(tmp_path)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"n_seeds": None}, r"lacks the fields n_seeds"),
        ({"train_loss": None, "valid_acc": None}, r"lacks the fields train_loss, valid_acc"),
        ({"valid_acc_12": np.zeros((N_ARCHS, 2))}, r"valid_acc_12 has shape \(300, 2\), but must have \(300, 3\)"),
        ({"train_loss": np.ones((N_LOSSES, 3, 90))}, r"train_loss has shape .* but must have \(120, 3, 200\)"),
        ({"train_acc": np.ones((N_ACCS + 1, 200))}, r"train_acc has shape"),
        ({"op_names": np.array(OPS[::-1])}, r"op_names is \['avg_pool_3x3'"),
        ({"datasets": np.array(["cifar100", "cifar10", "ImageNet16-120"])}, r"datasets is"),
        ({"arch_ops": np.zeros((N_ARCHS, 6), dtype=np.uint8)}, r"arch_ops must hold distinct rows"),
        ({"arch_ops": np.full((N_ARCHS, 6), 7)}, r"arch_ops must hold distinct rows of indices 0..4"),
        ({"loss_arch_index": np.full(N_LOSSES, N_ARCHS)}, r"loss_arch_index must hold distinct rows 0..299"),
        ({"valid_acc_12": np.full((N_ARCHS, 3), np.nan)}, r"valid_acc_12 has missing or infinite values"),
        ({"valid_acc_12": np.full((N_ARCHS, 3), 101.0)}, r"valid_acc_12 spans 101.0..101.0"),
        ({"test_acc_12": np.full((N_ARCHS, 3), -1.0)}, r"accuracies are percent"),
        ({"n_seeds": np.full(N_ARCHS, 3)}, r"must hold the first n_seeds trials"),
        ({"train_loss": np.zeros((N_LOSSES, 3, 200))}, r"train_loss must be positive"),
        ({"train_seconds_per_epoch": np.zeros((N_ARCHS, 3))}, r"train_seconds_per_epoch must be positive"),
    ],
)
def test_a_field_that_does_not_fit_is_named(tmp_path: Path, changes: dict[str, np.ndarray | None], says: str):
    with pytest.raises(DataError, match=says):
        read_source(write_anchors(tmp_path, **changes))


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 broken"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes):
    write_anchors(tmp_path)
    (tmp_path / "nb201_curves.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"nb201_curves\.npz"):
        read_source(tmp_path)


def test_a_truncated_file_is_named(tmp_path: Path):
    file = write_anchors(tmp_path) / ANCHOR_FILE
    file.write_bytes(file.read_bytes()[:-2000])
    with pytest.raises(DataError, match=r"nb201_anchors\.npz"):
        read_source(tmp_path)


def test_pickled_objects_are_refused(tmp_path: Path):
    write_anchors(tmp_path, n_seeds=np.array([{}] * N_ARCHS, dtype=object))
    with pytest.raises(DataError, match=r"nb201_anchors\.npz"):
        read_source(tmp_path)


def test_the_header_changes_with_any_file(tmp_path: Path, folder: Path):
    other = write_anchors(tmp_path, valid_acc=np.full((N_ACCS, 200), 50.0))
    assert anchored_header(other).fingerprint != anchored_header(folder).fingerprint
