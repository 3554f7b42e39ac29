"""Parameters, operations and memory of a network, counted by torch while two images pass through it.

Where the user's code allows, the network is built without memory (torch's device `meta`).
"""

from functools import lru_cache
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from pmfnas.core.errors import UnavailableError
from pmfnas.training.own.building import naming, network_of, seeded
from pmfnas.training.own.plan import FamilyPlan

_FLOAT = 4
_STATES = 4
"""Copies of the weights that a step keeps: weights, gradients, momentum, and one at work."""
_WORKING = 1.5
"""Memory of a step, as a multiple of what it keeps for the backward pass."""


@lru_cache(maxsize=4096)
def counted(plan: FamilyPlan) -> tuple[int, int]:
    """Return the parameters, and the multiply-adds for one image: half of what torch's counter counts."""
    network, device = _made(plan)
    with naming(plan, "the network"), torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(2, *plan.image_shape, device=device))
    return sum(tensor.numel() for tensor in network.parameters()), counter.get_total_flops() // 4


@lru_cache(maxsize=4096)
def step_memory(plan: FamilyPlan, batch_size: int) -> int:
    """Return about the bytes that a training step takes: from what two images keep for the backward pass."""
    network, device = _made(plan)
    kept: dict[tuple[int, int], int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[id(tensor.untyped_storage()) if tensor.is_meta else tensor.data_ptr(), tensor.numel()] = tensor.nbytes
        return tensor

    with naming(plan, "a training step"), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network.train()
        outputs: Any = network(torch.zeros(2, *plan.image_shape, device=device))
    params = sum(tensor.numel() for tensor in network.parameters())
    per_image = max(0, sum(kept.values()) - _FLOAT * params) / 2
    del outputs
    return int(_STATES * _FLOAT * params + _WORKING * batch_size * per_image)


def _made(plan: FamilyPlan) -> tuple[torch.nn.Module, str]:
    """Return the network in evaluation mode and its device: `meta`, or `cpu` where its code cannot do without."""
    try:
        with seeded(0, "training/counting"), torch.device("meta"):
            return network_of(plan), "meta"
    except UnavailableError:
        with seeded(0, "training/counting"):
            return network_of(plan), "cpu"
