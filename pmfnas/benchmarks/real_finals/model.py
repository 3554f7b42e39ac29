"""The shipped model: what lies before the end, from an arch and its real final validation on three data sets.

Networks as in the surrogate (`pmfnas.benchmarks.surrogate`), with three inputs more: the final logits, means over the
trials. They answer with the validation after 12 of 12 epochs, final losses that have no curve, and the components of
all curves. How real values scatter about that is drawn once for each network: jointly over all outputs, with a size
and tails that depend on the final value. Archs with the same results in all trials are one network and get the same
draw.
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
"""Validation after 12 of 12 epochs: what a searcher decides by first, so it has outputs of its own."""
SCALARS = (*map(str, ENDS), *map(str, LOSSES))
SHIPPED = "model.npz"
LARGEST = 5.0
"""Most by which a network's deviations are stretched."""
DECIMALS = 3
"""By these results count as equal, far below an image's share."""


def final_logits(valid: FloatArray) -> FloatArray:
    """Return mean final logits over trials, shape (n_archs, 3), from percent of shape (n_archs, 3, n_trials)."""
    return np.asarray(np.nanmean(transform("-acc", valid), axis=2))


def inputs_of(valid: FloatArray) -> FloatArray:
    """Return what the networks see of every arch, by arch number, shape (n_archs, n_inputs)."""
    space = cell_space()
    return np.hstack([model_inputs(space, all_archs(space)), final_logits(valid)])


def networks(valid: FloatArray) -> NDArray[np.int64]:
    """Return the network of every arch, shape (n_archs,): those with equal results in all trials are one."""
    results = np.round(np.nan_to_num(valid, nan=-1.0), DECIMALS).reshape(len(valid), -1)
    return np.unique(results, axis=0, return_inverse=True)[1].ravel().astype(np.int64)


def place_of_outputs() -> NDArray[np.int64]:
    """Return the place of each output's data set, shape (n_outputs,)."""
    of_scalars = [SEARCHED.index(name.split("/")[0]) for name in SCALARS]
    of_curves = [SEARCHED.index(key.dataset) for key in curve_keys() for _ in range(N_COMPONENTS)]
    return np.array([*of_scalars, *of_curves])


@dataclass(frozen=True)
class EarlyModel:
    """A model file: `networks` are evaluated as in the surrogate, `spread` says how values scatter."""

    networks: Model

    @classmethod
    def read(cls, content: bytes) -> "EarlyModel":
        """Return the model in the bytes of a model file."""
        return cls(Model(read_model(content).arrays, SCALARS))

    @cached_property
    def notes(self) -> dict[str, Any]:
        """What was measured of the fit, on classes that were not used in it."""
        return self.networks.notes

    def means(self, valid: FloatArray) -> FloatArray:
        """Return the mean outputs of every arch, the same for archs of one network, shape (n_archs, n_outputs)."""
        return shared(self.networks.outputs(inputs_of(valid)).values, networks(valid))

    def _along(self, name: str, valid: FloatArray) -> FloatArray:
        """Return what `spread/NAME` says at these final values, (n_archs, 3)."""
        arrays, logits = self.networks.arrays, final_logits(valid)
        columns = [np.interp(logits[:, d], arrays["spread/at"][d], arrays[f"spread/{name}"][d]) for d in range(3)]
        return np.stack(columns, axis=1)

    def drawn(self, valid: FloatArray, means: FloatArray, *, draw: int = 0) -> Outputs:
        """Return the outputs of every arch: `means(valid)` and a draw of the scatter; the table has draw 0."""
        factors = self.networks.arrays["scatter"]  # (n_factors, n_outputs)
        network = networks(valid)
        draws = stream(draw, "real-finals/scatter").normal(size=(int(network.max()) + 1, len(factors)))[network]
        sizes = self._along("size", valid) * stretched(self._along("core", valid), network, draw)
        return Outputs(means + shared(sizes, network)[:, place_of_outputs()] * (draws @ factors), SCALARS)


def stretched(core: FloatArray, network: NDArray[np.int64], draw: int) -> FloatArray:
    """Return a factor for each arch and data set that turns normal deviations into such with heavier tails.

    They are then those of Student's t distribution with variance 1. Its degrees of freedom follow from `core`,
    (n_archs, 3): the spread of the middle half, as a normal distribution's, as a share of the standard deviation.
    """
    freedom = np.interp(core, *core_of_t())
    luck = stream(draw, "real-finals/tails").uniform(size=int(network.max()) + 1)[network]
    return np.minimum(np.sqrt((freedom - 2) / chi2.ppf(luck[:, None], freedom)), LARGEST)


def core_of_t() -> tuple[FloatArray, FloatArray]:
    """Return the core of t distributions with variance 1, rising, and their degrees of freedom, each (n,)."""
    freedom = np.geomspace(2.5, 200.0, 60)
    return np.asarray(t.ppf(0.75, freedom) * np.sqrt((freedom - 2) / freedom) / norm.ppf(0.75)), freedom


def shared(values: FloatArray, network: NDArray[np.int64]) -> FloatArray:
    """Return values, (n_archs, n), with those of each arch replaced by the mean over the archs of its network."""
    total = np.zeros((int(network.max()) + 1, values.shape[1]))
    np.add.at(total, network, values)
    return np.asarray((total / np.bincount(network)[:, None])[network])


def shipped_bytes() -> bytes:
    """Return the model file of this package."""
    try:
        return (files("pmfnas.benchmarks.real_finals") / SHIPPED).read_bytes()
    except FileNotFoundError:
        raise DataError(f"the package lacks its model of early epochs ({SHIPPED}); install it again") from None


def shipped_model() -> EarlyModel:
    """Return the model of this package."""
    return EarlyModel.read(shipped_bytes())


def source_of(content: bytes) -> str:
    """Return the name of a model file's content."""
    return hashlib.sha256(content).hexdigest()
