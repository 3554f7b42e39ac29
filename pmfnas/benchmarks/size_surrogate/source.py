"""Reads the real final accuracies of the size space: `nats_sss.npz` and `nats_sss_valid.npz` of a folder."""

import hashlib
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pmfnas.benchmarks.official.layout import WIDTHS
from pmfnas.benchmarks.size_surrogate.model import all_archs
from pmfnas.benchmarks.tabular import DATASETS
from pmfnas.core.errors import DataError
from pmfnas.core.types import FloatArray, arch_numbers
from pmfnas.files import reading

VALUES_FILE, VALID_FILE = "nats_sss.npz", "nats_sss_valid.npz"


def read_values(source: Path) -> tuple[FloatArray, str]:
    """Return real final test accuracies, percent, in order of arch numbers, (n_archs, 3), and their file's SHA-256."""
    values, numbers, digest = _read_finals(source / VALUES_FILE, "test_acc_90")
    ordered = np.empty(values.shape)
    ordered[numbers] = values
    return ordered, digest


def read_valid(source: Path) -> tuple[FloatArray, str]:
    """Return real final validation, percent, in order of arch numbers, (n_archs, 3), and a hash of both files.

    `nats_sss_valid.npz` does not name its archs: its rows are those of `nats_sss.npz`.
    """
    _, numbers, digest = _read_finals(source / VALUES_FILE, "test_acc_90")
    values, _, of_valid = _read_finals(source / VALID_FILE, "valid_acc_90", channels=False)
    ordered = np.empty(values.shape)
    ordered[numbers] = values
    return ordered, hashlib.sha256(f"{digest} {of_valid}".encode()).hexdigest()


def _read_finals(path: Path, field: str, *, channels: bool = True) -> tuple[FloatArray, NDArray[np.int64], str]:
    """Return the accuracies of a file, (n_archs, 3), the arch number of each row, and the SHA-256 of the file."""
    with reading(path, f"name the folder that holds {path.name}"):
        content = path.read_bytes()
        with np.load(BytesIO(content), allow_pickle=False) as data:
            accuracy = data[field].astype(np.float64)
            names = tuple(str(name) for name in data["datasets"])
            widths = data["channels"] if channels else 8 * (1 + all_archs())
    if names != tuple(DATASETS) or widths.shape != (len(all_archs()), 5):
        raise DataError(
            f"{path} holds {names} and {widths.shape} channels, not {tuple(DATASETS)} and all archs; use another"
        )
    if accuracy.shape != (len(all_archs()), len(DATASETS)) or not ((accuracy >= 0) & (accuracy <= 100)).all():
        raise DataError(f"{path}: {field} must hold percent of every arch and data set; use another")
    if not np.isin(widths, WIDTHS).all() or len(np.unique(widths, axis=0)) < len(widths):
        raise DataError(f"{path}: channels must hold every arch once, as widths {WIDTHS}; use another")
    return (
        accuracy,
        arch_numbers(np.asarray(widths // 8 - 1, dtype=np.uint8), (8,) * 5),
        hashlib.sha256(content).hexdigest(),
    )
