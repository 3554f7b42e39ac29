"""The state of one candidate's training: weights, momentum, running statistics, and number of trained epochs.

The rest of the training follows from (seed, epoch). Data order and augmentation of an epoch are drawn from a stream
with the epoch's name, and the learning rate is a function of the step. So the state at the end of an epoch is a
complete checkpoint.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch

from pmfnas.core.rng import stream
from pmfnas.training.blueprint import Blueprint, units


@dataclass(frozen=True, slots=True)
class TrainingState:
    """Named tensors on the CPU. The names are those of `pmfnas.training.blueprint`."""

    epoch: int
    weights: dict[str, torch.Tensor]
    momentum: dict[str, torch.Tensor]
    """One tensor per weight, of the same shape."""
    statistics: dict[str, torch.Tensor]
    """Running mean and variance of each batch norm."""


def initial_state(plan: Blueprint, seed: int, *, dtype: torch.dtype = torch.float32) -> TrainingState:
    """Return the state before the first epoch. It depends on the network's shapes and the seed only.

    Weights and biases are uniform within 1 / sqrt(inputs of a unit), torch's default for convolutions and linear
    layers. Batch norm starts as the identity.
    """
    rng = stream(seed, "training/weights")
    weights: dict[str, torch.Tensor] = {}
    statistics: dict[str, torch.Tensor] = {}
    for unit in units(plan):
        bound = 1.0 / math.sqrt(unit.c_in * max(1, unit.kernel) ** 2)
        for name, shape in unit.shapes().items():
            weights[name] = torch.from_numpy(_initial(name, shape, bound, rng)).to(dtype)
        if unit.normed:
            statistics[f"{unit.name}.mean"] = torch.zeros(unit.c_out, dtype=dtype)
            statistics[f"{unit.name}.variance"] = torch.ones(unit.c_out, dtype=dtype)
    momentum = {name: torch.zeros_like(tensor) for name, tensor in weights.items()}
    return TrainingState(0, weights, momentum, statistics)


def _initial(name: str, shape: tuple[int, ...], bound: float, rng: np.random.Generator) -> np.ndarray:
    if name.endswith(".scale"):
        return np.ones(shape)
    return np.zeros(shape) if name.endswith(".shift") else rng.uniform(-bound, bound, shape)
