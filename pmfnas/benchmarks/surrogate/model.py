"""The shipped model: small networks evaluated with numpy, bases of the curves, and the scatter of real values.

The inputs are an arch's isomorphism-invariant features and the operations of its class's representative, so isomorphic
archs have the same means. The mean is that of an ensemble of multilayer perceptrons (three hidden layers, SiLU).
"""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmfnas.benchmarks.surrogate.layout import Outputs, scalar_names
from pmfnas.benchmarks.table import Key
from pmfnas.core.errors import DataError
from pmfnas.core.types import Arch, FloatArray
from pmfnas.spaces import CellSpace

N_LAYERS = 4
ENSEMBLES = ("finals", "rest")
"""One ensemble for final validation, by which a search is decided, and one for all other outputs."""
SHIPPED = "model.npz"


@dataclass(frozen=True)
class Model:
    """A model file as a dictionary of named arrays."""

    arrays: dict[str, NDArray[Any]]
    scalars: tuple[str, ...] = field(default_factory=scalar_names)
    """Names of the single-number outputs."""

    def outputs(self, inputs: FloatArray) -> Outputs:
        """Return the mean outputs of the ensembles for inputs of shape (n_archs, n_inputs)."""
        scaled = (inputs - self.arrays["input_mean"]) / self.arrays["input_std"]
        mean = np.hstack([self._ensemble(scaled, name) for name in ENSEMBLES])
        return Outputs(mean * self.arrays["output_std"] + self.arrays["output_mean"], self.scalars)

    def _ensemble(self, scaled: FloatArray, name: str) -> FloatArray:
        n_members = len(self.arrays[f"{name}/weight0"])
        return np.asarray(sum(self._member(scaled, name, member) for member in range(n_members)) / n_members)

    def _member(self, scaled: FloatArray, name: str, member: int) -> FloatArray:
        hidden = scaled
        for layer in range(N_LAYERS):
            weight, bias = self.arrays[f"{name}/weight{layer}"][member], self.arrays[f"{name}/bias{layer}"][member]
            hidden = hidden @ weight.T + bias
            hidden = hidden / (1 + np.exp(-hidden)) if layer < N_LAYERS - 1 else hidden
        return hidden

    def basis(self, key: Key) -> tuple[FloatArray, FloatArray]:
        """Return mean (n_knots,) and components (N_COMPONENTS, n_knots) of a curve, transformed."""
        return self.arrays[f"{key}/mean"], self.arrays[f"{key}/basis"]

    def roughness(self, key: Key) -> FloatArray:
        """Return the standard deviation of epoch-to-epoch noise at the knots, transformed, shape (n_knots,)."""
        return self.arrays[f"{key}/rough"]

    def trial_std(self, key: Key, mean: FloatArray) -> FloatArray:
        """Return the standard deviation between trials of a final value with mean `mean`, transformed."""
        return np.exp(np.polyval(self.arrays[f"{key}/trial_std"], mean))

    @property
    def scatter(self) -> FloatArray:
        """Factors of the joint deviation of outputs, final validation held fixed, (n_factors, n_outputs)."""
        return self.arrays["scatter"]

    @cached_property
    def notes(self) -> dict[str, Any]:
        """Quality of the fit, measured on isomorphism classes that were not used in it."""
        import json

        return dict(json.loads(str(self.arrays["notes"])))


def shipped_bytes() -> bytes:
    """Return the content of the shipped model file. Raises `DataError` if it is missing."""
    try:
        return (files("pmfnas.benchmarks.surrogate") / SHIPPED).read_bytes()
    except FileNotFoundError:
        raise DataError(f"the package lacks its surrogate ({SHIPPED}); install it again") from None


def read_model(content: bytes) -> Model:
    """Return the model in the content of a model file."""
    with np.load(BytesIO(content), allow_pickle=False) as data:
        return Model(
            {name: data[name].astype(np.float64) if data[name].dtype.kind == "f" else data[name] for name in data.files}
        )


def source_of(content: bytes) -> str:
    """Return the SHA-256 of a model file's content."""
    return hashlib.sha256(content).hexdigest()


def cell_space() -> CellSpace:
    """Return the space that the model's features come from: the one with ten classes, for all data sets."""
    return CellSpace(n_classes=10, image_size=32)


def all_archs(space: CellSpace) -> list[Arch]:
    """Return every arch in the order of its number."""
    return [tuple(int(i) for i in index) for index in np.ndindex(*space.cardinalities)]


def model_inputs(space: CellSpace, archs: list[Arch]) -> FloatArray:
    """Return the inputs of the networks for `archs` (all of the space), shape (n_archs, n_inputs)."""
    keys = [space.canonical(arch) for arch in archs]
    leader: dict[str, Arch] = {}
    for key, arch in zip(keys, archs, strict=True):
        if key not in leader or _n_operations(arch) > _n_operations(leader[key]):
            leader[key] = arch  # the member with the most operations represents its class
    one_hot = np.eye(max(space.cardinalities))[np.array([leader[key] for key in keys])].reshape(len(archs), -1)
    return np.hstack([space.features(archs), one_hot])


def _n_operations(arch: Arch) -> int:
    return sum(op != 0 for op in arch)


def cut_off(space: CellSpace, archs: list[Arch]) -> NDArray[np.bool_]:
    """Return True for archs without a path from input to output; they guess at chance level, shape (n_archs,)."""
    return np.asarray(space.features(archs)[:, space.feature_names.index("paths")] == 0)
