"""The shipped model of the size space: its arrays and their evaluation.

The size space is smooth. A polynomial of degree 4 in the logarithms of the five widths gives the mean final test
accuracy of every arch, as a logit. On held-out archs its residual is as large as the noise between trials and hardly
correlated between data sets. The rest is linear: mean final validation in mean final test, a curve in mean final
validation, seconds in FLOPs. The transforms are those of the topology space's surrogate.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from io import BytesIO
from itertools import combinations_with_replacement
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmfnas.benchmarks.seconds import N_TRAIN, N_VALID
from pmfnas.benchmarks.table import Key
from pmfnas.benchmarks.tabular import DATASETS, Dataset
from pmfnas.core.errors import DataError
from pmfnas.core.types import FloatArray
from pmfnas.spaces import SizeSpace

SCHEDULES = MappingProxyType({"01": 1, "12": 12, "90": 90})
LAST = "90"
N_TRIALS = MappingProxyType({"01": 1, "12": 3, "90": 1})
"""Number of trials per schedule, as in the official files."""
METRICS = MappingProxyType({"train-acc": 1, "train-loss": -1, "x-valid-acc": 1, "x-valid-loss": -1})
"""The metrics with curves. The sign is that of a better network's deviation."""
IMAGES = MappingProxyType(
    {data.search: (n / 1000, m / 1000) for data, n, m in zip(DATASETS.values(), N_TRAIN, N_VALID, strict=True)}
)
"""Thousands of images for training and for validation."""
DEGREE = 4
CENTRE, SCALE = 4.9, 1.0
"""Centre and scale of the binary logarithms of widths, near their mean and spread; fixed to keep powers small."""
SHIPPED = "model.npz"


@dataclass(frozen=True)
class SizeModel:
    """A model file as a dictionary of named arrays."""

    arrays: dict[str, NDArray[Any]]

    def final_test(self, dataset: Dataset) -> FloatArray:
        """Return the mean logit of final test accuracy of every arch, shape (n_archs,)."""
        return np.asarray(polynomial_terms(DEGREE) @ self.arrays["test/weights"][:, _place(dataset)])

    def final_valid(self, dataset: Dataset) -> FloatArray:
        """Return the mean logit of final validation accuracy of every arch, shape (n_archs,)."""
        constant, slope = self.arrays["valid/line"][_place(dataset)]
        return np.asarray(constant + slope * self.final_test(dataset))

    def final_std(self, dataset: Dataset) -> float:
        """Return the standard deviation of a trial's final logit about the mean."""
        return float(self.arrays["test/std"][_place(dataset)])

    def curve(self, key: Key, valid: FloatArray) -> FloatArray:
        """Return mean curves, transformed, (n_archs, n_epochs), for given mean final validation logits, (n_archs,)."""
        return np.asarray(line_terms(SCHEDULES[key.schedule], valid) @ self.arrays[f"{key}/line"])

    def noise(self, key: Key) -> tuple[float, float, float]:
        """Return standard deviations about the mean curve: by arch, by trial, and by epoch (at the start; it fades)."""
        arch, trial, epoch = self.arrays[f"{key}/noise"]
        return float(arch), float(trial), float(epoch)

    def seconds(self, dataset: Dataset) -> tuple[FloatArray, FloatArray]:
        """Return the seconds of a training epoch and of a validation pass for every arch, each (n_archs,)."""
        flops_m = flops(dataset)
        of_place = zip(self.arrays["seconds/constant"][_place(dataset)], self.arrays["seconds/slope"], strict=True)
        epoch_s, pass_s = (
            images * (constant + slope * flops_m)
            for images, (constant, slope) in zip(IMAGES[dataset.search], of_place, strict=True)
        )
        return epoch_s, pass_s

    @cached_property
    def notes(self) -> dict[str, Any]:
        """Quality of the fit, measured on archs that were not used in it."""
        import json

        return dict(json.loads(str(self.arrays["notes"])))


def all_archs() -> NDArray[np.uint8]:
    """Return every arch in the order of its number, shape (n_archs, 5)."""
    return np.indices((8,) * 5, dtype=np.uint8).reshape(5, -1).T


def polynomial_terms(degree: int) -> FloatArray:
    """Return all products of at most `degree` centred log widths of every arch, shape (n_archs, n_terms)."""
    logs = (np.log2(8 * (1.0 + all_archs())) - CENTRE) / SCALE  # (n_archs, 5)
    chosen = [places for d in range(1, degree + 1) for places in combinations_with_replacement(range(5), d)]
    return np.stack([np.ones(len(logs)), *(logs[:, list(places)].prod(axis=1) for places in chosen)], axis=1)


def line_terms(n_epochs: int, valid: FloatArray) -> FloatArray:
    """Return the regressors of a curve, (n_archs, n_epochs, 8): four terms of progress, alone and times `valid`."""
    u = np.arange(1, n_epochs + 1) / n_epochs
    terms = np.stack([np.ones_like(u), np.log(u), u, u * u], axis=1)  # (n_epochs, 4)
    return np.concatenate([np.broadcast_to(terms, (len(valid), *terms.shape)), valid[:, None, None] * terms], axis=2)


def flops(dataset: Dataset) -> FloatArray:
    """Return the FLOPs of every arch on the images of a data set, in millions, shape (n_archs,)."""
    space = SizeSpace(n_classes=dataset.n_classes, image_size=dataset.image_size)
    features = space.features([tuple(arch) for arch in all_archs().tolist()])
    return np.asarray(10 ** features[:, space.feature_names.index("log10_flops")] / 1e6)


def _place(dataset: Dataset) -> int:
    return list(DATASETS).index(dataset.name)


def shipped_bytes() -> bytes:
    """Return the content of the shipped model file. Raises `DataError` if it is missing."""
    try:
        return (files("pmfnas.benchmarks.size_surrogate") / SHIPPED).read_bytes()
    except FileNotFoundError:
        raise DataError(f"the package lacks its surrogate of the size space ({SHIPPED}); install it again") from None


def read_model(content: bytes) -> SizeModel:
    """Return the model in the content of a model file."""
    with np.load(BytesIO(content), allow_pickle=False) as data:
        return SizeModel({name: data[name] for name in data.files})


def source_of(content: bytes) -> str:
    """Return the SHA-256 of a model file's content."""
    return hashlib.sha256(content).hexdigest()
