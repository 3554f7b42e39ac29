"""Reads and checks the folder of real values that the anchored table is built from.

    SOURCE/
        nb201_anchors.npz    values of every arch: accuracies at the end of both schedules, cost
        nb201_curves.npz     curves of some archs, and ends of curves of others

Axes are (arch, data set[, trial | epoch | schedule]) with data sets in the order of `DATASETS`. The folder may hold a
part of the space's archs (tests use a few hundred).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pmfnas.core.errors import DataError
from pmfnas.core.types import FloatArray, arch_numbers
from pmfnas.files import reading

DATASETS = ("cifar10", "cifar100", "ImageNet16-120")
SEARCHED = ("cifar10-valid", "cifar100", "ImageNet16-120")
"""Official names of the data sets that a search trains on, in the order of `DATASETS`."""
N_CLASSES = (10, 100, 120)
SHORT, LONG = 12, 200
"""Epochs of the two schedules."""
ANCHORS, CURVES = "nb201_anchors.npz", "nb201_curves.npz"

_OPS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
_EDGES = ("1<-0", "2<-0", "2<-1", "3<-0", "3<-1", "3<-2")
CARDINALITIES = (len(_OPS),) * len(_EDGES)
_TRIALS = 3

IntArray: TypeAlias = NDArray[np.int64]
Float32Array: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Source:
    """Real values. Accuracies are percent, times seconds. Missing trials are NaN. Curves begin with epoch 1."""

    ops: NDArray[np.uint8]  # (n_archs, 6)
    valid_12: FloatArray  # (n_archs, 3); cifar10: mean of two trials; others: the only trial
    valid_200: FloatArray  # (n_archs, 3, 3)
    test_200: FloatArray  # (n_archs, 3) mean over trials
    test_200_trials: FloatArray  # (n_archs, 3, 3) NaN on cifar10
    test_200_seed777: FloatArray  # (n_archs, 3) of the trial with the recorded loss curves
    test_12: FloatArray  # (n_archs, 3); cifar10: of 50,000 training images
    epoch_s: FloatArray  # (n_archs, 3)
    eval_s_per_10k: FloatArray  # (n_archs,) NaN where not measured
    loss_archs: IntArray  # (n_losses,)
    train_loss: FloatArray  # (n_losses, 3, 200)
    eval_loss: FloatArray  # (n_losses, 3, 200); clean validation on cifar10 only
    acc_archs: IntArray  # (n_accs,)
    train_acc: FloatArray  # (n_accs, 200) cifar10-valid, mean over trials
    valid_acc: FloatArray  # (n_accs, 200) the same
    end_archs: IntArray  # (n_ends,)
    end_loss: FloatArray  # (n_ends, 3, 2) training loss at the end of 12 and of 200; cifar10: 50,000 images
    end_acc: FloatArray  # (n_ends, 3, 2) training accuracy, the same
    sha256: str
    """SHA-256 of the content of both files."""

    @property
    def archs(self) -> list[tuple[int, ...]]:
        """The archs, in the order of rows."""
        return [tuple(row) for row in self.ops.tolist()]

    @property
    def numbers(self) -> IntArray:
        """Mixed-radix number of each arch, shape (n_archs,)."""
        return arch_numbers(self.ops, CARDINALITIES)

    @property
    def present(self) -> NDArray[np.bool_]:
        """True for existing trials of schedule 200, shape (n_archs, 3)."""
        return ~np.isnan(self.valid_200[:, 0])


_SHAPES: dict[str, dict[str, tuple[str | int, ...]]] = {
    ANCHORS: {
        "arch_ops": ("archs", 6),
        "op_names": (5,),
        "edge_names": (6,),
        "datasets": (3,),
        "n_seeds": ("archs",),
        "valid_acc_12": ("archs", 3),
        "test_acc_12": ("archs", 3),
        "valid_acc_200_seeds": ("archs", 3, _TRIALS),
        "test_acc_200_mean": ("archs", 3),
        "test_acc_200_seeds_derived": ("archs", 3, _TRIALS),
        "test_acc_200_seed777": ("archs", 3),
        "train_seconds_per_epoch": ("archs", 3),
        "eval_seconds_per_10k": ("archs",),
    },
    CURVES: {
        "loss_arch_index": ("losses",),
        "train_loss": ("losses", 3, LONG),
        "eval_loss": ("losses", 3, LONG),
        "acc_arch_index": ("accs",),
        "train_acc": ("accs", LONG),
        "valid_acc": ("accs", LONG),
        "endpoint_arch_index": ("ends",),
        "endpoint_train_loss": ("ends", 3, 2),
        "endpoint_train_acc": ("ends", 3, 2),
    },
}
_COMPLETE = (
    "valid_acc_12",
    "test_acc_12",
    "test_acc_200_mean",
    "train_seconds_per_epoch",
    "train_loss",
    "eval_loss",
    "train_acc",
    "valid_acc",
    "endpoint_train_loss",
    "endpoint_train_acc",
)


def read_source(folder: Path) -> Source:
    """Return the real values in `folder`. Raises `DataError` for a file or field that is missing or does not fit."""
    raw = {**_read(folder / ANCHORS), **_read(folder / CURVES)}
    _check_shapes(folder, raw)
    _check_archs(folder, raw)
    _check_values(folder, raw)
    return _source(raw, digest(folder))


def _read(file: Path) -> dict[str, NDArray[np.generic]]:
    """Return the fields that `_SHAPES` lists for the file. Raises `DataError` if one is missing."""
    names = _SHAPES[file.name]
    if not file.exists():
        raise DataError(f"{file} does not exist; SOURCE must hold {ANCHORS} and {CURVES}")
    with (
        reading(file, "get another copy"),
        file.open("rb") as stream,
        np.load(stream, allow_pickle=False) as opened,
    ):
        found = {name: opened[name] for name in names if name in opened.files}
    missing = [name for name in names if name not in found]
    if missing:
        raise DataError(f"{file} lacks the fields {', '.join(missing)}; get a complete copy of the folder")
    return found


def _check_shapes(folder: Path, raw: Mapping[str, NDArray[np.generic]]) -> None:
    sizes: dict[str, int] = {}
    for file, shapes in _SHAPES.items():
        for name, expected in shapes.items():
            found = raw[name].shape
            fits = len(found) == len(expected) and all(
                n == (sizes.setdefault(axis, n) if isinstance(axis, str) else axis)
                for axis, n in zip(expected, found, strict=True)
            )
            if not fits:
                wanted = tuple(sizes.get(axis, axis) if isinstance(axis, str) else axis for axis in expected)
                raise DataError(f"{folder / file}: {name} has shape {found}, but must have {wanted}")


def _check_archs(folder: Path, raw: Mapping[str, NDArray[np.generic]]) -> None:
    for name, expected in (("op_names", _OPS), ("edge_names", _EDGES), ("datasets", DATASETS)):
        if tuple(raw[name].tolist()) != expected:
            raise DataError(f"{folder / ANCHORS}: {name} is {raw[name].tolist()}, but must be {list(expected)}")
    ops = raw["arch_ops"].astype(np.int64)
    if ops.size == 0 or ops.min() < 0 or ops.max() >= len(_OPS) or len(np.unique(ops, axis=0)) != len(ops):
        raise DataError(f"{folder / ANCHORS}: arch_ops must hold distinct rows of indices 0..{len(_OPS) - 1}")
    for name in ("loss_arch_index", "acc_arch_index", "endpoint_arch_index"):
        index = raw[name].astype(np.int64)
        if index.size == 0 or index.min() < 0 or index.max() >= len(ops) or len(np.unique(index)) != len(index):
            raise DataError(f"{folder / CURVES}: {name} must hold distinct rows 0..{len(ops) - 1}, at least one")


def _check_values(folder: Path, raw: Mapping[str, NDArray[np.generic]]) -> None:
    for name in _COMPLETE:
        if not np.isfinite(raw[name].astype(np.float64)).all():
            raise DataError(f"{folder}: {name} has missing or infinite values, but must be complete")
    for name in ("train_loss", "eval_loss", "endpoint_train_loss", "train_seconds_per_epoch"):
        if raw[name].astype(np.float64).min() <= 0:
            raise DataError(f"{folder}: {name} must be positive, but its smallest value is {raw[name].min()}")
    for name in (n for n in (*_SHAPES[ANCHORS], *_SHAPES[CURVES]) if "_acc" in n and "index" not in n):
        values = raw[name].astype(np.float64)
        if np.nanmin(values) < -1e-3 or np.nanmax(values) > 100.0:
            raise DataError(
                f"{folder}: {name} spans {np.nanmin(values)}..{np.nanmax(values)}, but accuracies are percent in 0..100"
            )
    trials = np.isfinite(raw["valid_acc_200_seeds"].astype(np.float64))  # (n_archs, 3, 3)
    expected = np.arange(_TRIALS) < raw["n_seeds"].astype(np.int64)[:, None]
    if not (trials == expected[:, None]).all():
        raise DataError(f"{folder / ANCHORS}: valid_acc_200_seeds must hold the first n_seeds trials of each data set")


def digest(folder: Path) -> str:
    """Return the SHA-256 of both files, one after the other. Raises `DataError` if one is missing."""
    state = hashlib.sha256()
    for name in (ANCHORS, CURVES):
        with reading(folder / name, f"SOURCE must hold {ANCHORS} and {CURVES}"):
            state.update((folder / name).read_bytes())
    return state.hexdigest()


def _source(raw: Mapping[str, NDArray[np.generic]], sha256: str) -> Source:
    def floats(name: str) -> FloatArray:
        return raw[name].astype(np.float64)

    def rows(name: str) -> IntArray:
        return raw[name].astype(np.int64)

    return Source(
        ops=raw["arch_ops"].astype(np.uint8),
        valid_12=floats("valid_acc_12"),
        valid_200=floats("valid_acc_200_seeds"),
        test_200=floats("test_acc_200_mean"),
        test_200_trials=floats("test_acc_200_seeds_derived"),
        test_200_seed777=floats("test_acc_200_seed777"),
        test_12=floats("test_acc_12"),
        epoch_s=floats("train_seconds_per_epoch"),
        eval_s_per_10k=floats("eval_seconds_per_10k"),
        loss_archs=rows("loss_arch_index"),
        train_loss=floats("train_loss"),
        eval_loss=floats("eval_loss"),
        acc_archs=rows("acc_arch_index"),
        train_acc=floats("train_acc"),
        valid_acc=floats("valid_acc"),
        end_archs=rows("endpoint_arch_index"),
        end_loss=floats("endpoint_train_loss"),
        end_acc=floats("endpoint_train_acc"),
        sha256=sha256,
    )
