"""The shipped model of early epochs, from an arch and its real final validation on three data sets.

The networks are those of the surrogate (`pmfnas.benchmarks.surrogate`) with three more inputs: the final logits, means
over the trials. Their outputs are the validation after 12 of 12 epochs, the final losses without a curve, and the
components of all curves. The scatter of real values about the mean outputs is drawn once per network, jointly over all
outputs. Its size and tails depend on the final value. Archs with the same results in all trials are one network and
share a draw.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, norm, t

from pmfnas.benchmarks.surrogate.layout import (
    LOSSES,
    N_COMPONENTS,
    SEARCHED,
    Outputs,
    curve_keys,
    transform,
)
from pmfnas.benchmarks.surrogate.model import Model, all_archs, cell_space, model_inputs, read_model
from pmfnas.benchmarks.table import Key
from pmfnas.core.errors import DataError
from pmfnas.core.rng import stream
from pmfnas.core.types import FloatArray

ENDS = tuple(Key(name, "12", "x-valid-acc") for name in SEARCHED)
"""Validation after 12 of 12 epochs. A searcher decides by it first, so it has outputs of its own."""
SCALARS = (*map(str, ENDS), *map(str, LOSSES))
SHIPPED = "model.npz"
LARGEST = 5.0
"""Largest factor that stretches a network's deviations."""
DECIMALS = 3
"""Decimals to which results are compared, far finer than one image."""


def final_logits(valid: FloatArray) -> FloatArray:
    """Return mean final logits over trials, (n_archs, 3), from accuracies in percent, (n_archs, 3, n_trials)."""
    return np.asarray(np.nanmean(transform("-acc", valid), axis=2))


def inputs_of(valid: FloatArray) -> FloatArray:
    """Return the inputs of the networks for every arch, by arch number, shape (n_archs, n_inputs)."""
    space = cell_space()
    return np.hstack([model_inputs(space, all_archs(space)), final_logits(valid)])


def networks(valid: FloatArray) -> NDArray[np.int64]:
    """Return the network of every arch, shape (n_archs,). Archs with equal results in all trials share a network."""
    results = np.round(np.nan_to_num(valid, nan=-1.0), DECIMALS).reshape(len(valid), -1)
    return np.unique(results, axis=0, return_inverse=True)[1].ravel().astype(np.int64)


def place_of_outputs() -> NDArray[np.int64]:
    """Return the index of each output's data set, shape (n_outputs,)."""
    of_scalars = [SEARCHED.index(name.split("/")[0]) for name in SCALARS]
    of_curves = [SEARCHED.index(key.dataset) for key in curve_keys() for _ in range(N_COMPONENTS)]
    return np.array([*of_scalars, *of_curves])


@dataclass(frozen=True)
class EarlyModel:
    """A model file: the networks for the means, and the arrays `spread/...` for the scatter about them."""

    networks: Model

    @classmethod
    def read(cls, content: bytes) -> "EarlyModel":
        """Return the model in the content of a model file."""
        return cls(Model(read_model(content).arrays, SCALARS))

    @cached_property
    def notes(self) -> dict[str, Any]:
        """Quality of the fit, measured on isomorphism classes that were not used in it."""
        return self.networks.notes

    def means(self, valid: FloatArray) -> FloatArray:
        """Return the mean outputs of every arch, shape (n_archs, n_outputs); equal for archs of one network."""
        return shared(self.networks.outputs(inputs_of(valid)).values, networks(valid))

    def _along(self, name: str, valid: FloatArray) -> FloatArray:
        """Return the array `spread/NAME`, interpolated at these final values, (n_archs, 3)."""
        arrays, logits = self.networks.arrays, final_logits(valid)
        columns = [np.interp(logits[:, d], arrays["spread/at"][d], arrays[f"spread/{name}"][d]) for d in range(3)]
        return np.stack(columns, axis=1)

    def drawn(self, valid: FloatArray, means: FloatArray, *, draw: int = 0) -> Outputs:
        """Return the outputs of every arch: `means(valid)` plus the scatter of draw `draw`. The table uses draw 0."""
        factors = self.networks.arrays["scatter"]  # (n_factors, n_outputs)
        network = networks(valid)
        draws = stream(draw, "real-finals/scatter").normal(size=(int(network.max()) + 1, len(factors)))[network]
        sizes = self._along("size", valid) * stretched(self._along("core", valid), network, draw)
        return Outputs(means + shared(sizes, network)[:, place_of_outputs()] * (draws @ factors), SCALARS)


def stretched(core: FloatArray, network: NDArray[np.int64], draw: int) -> FloatArray:
    """Return a factor for each arch and data set, (n_archs, 3), that gives normal deviations heavier tails.

    The stretched deviations follow Student's t distribution with variance 1. Its degrees of freedom follow from `core`,
    (n_archs, 3): the interquartile range over that of a normal distribution with the same standard deviation.
    """
    freedom = np.interp(core, *core_of_t())
    luck = stream(draw, "real-finals/tails").uniform(size=int(network.max()) + 1)[network]
    return np.minimum(np.sqrt((freedom - 2) / chi2.ppf(luck[:, None], freedom)), LARGEST)


def core_of_t() -> tuple[FloatArray, FloatArray]:
    """Return the `core` of t distributions with variance 1, rising, and their degrees of freedom, each (n,)."""
    freedom = np.geomspace(2.5, 200.0, 60)
    return np.asarray(t.ppf(0.75, freedom) * np.sqrt((freedom - 2) / freedom) / norm.ppf(0.75)), freedom


def shared(values: FloatArray, network: NDArray[np.int64]) -> FloatArray:
    """Return values, (n_archs, n), averaged over the archs of each network."""
    total = np.zeros((int(network.max()) + 1, values.shape[1]))
    np.add.at(total, network, values)
    return np.asarray((total / np.bincount(network)[:, None])[network])


def shipped_bytes() -> bytes:
    """Return the content of the shipped model file. Raises `DataError` if it is missing."""
    try:
        return (files("pmfnas.benchmarks.real_finals") / SHIPPED).read_bytes()
    except FileNotFoundError:
        raise DataError(f"the package lacks its model of early epochs ({SHIPPED}); install it again") from None


def shipped_model() -> EarlyModel:
    """Return the shipped model."""
    return EarlyModel.read(shipped_bytes())


def source_of(content: bytes) -> str:
    """Return the SHA-256 of a model file's content."""
    return hashlib.sha256(content).hexdigest()
