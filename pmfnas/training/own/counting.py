"""Parameters, operations and memory of a network, counted by torch while two images pass through it.

Where the user's code allows, the network is built without memory (torch's device `meta`).
"""

from functools import lru_cache
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from pmfnas.core.errors import UnavailableError
from pmfnas.training.own.building import built, check_outputs, naming, network_of, seeded
from pmfnas.training.own.plan import FamilyPlan

_FLOAT = 4
_STATES = 4
"""Copies of the weights that a step keeps: weights, gradients, momentum, and one at work."""
_AT_ONCE = 4
"""Tensors of the largest size that are alive at once while images pass through a network."""
_WORKING = 1.5
"""Memory of a step, as a multiple of what it keeps for the backward pass."""


@lru_cache(maxsize=4096)
def counted(plan: FamilyPlan) -> tuple[int, int]:
    """Return the parameters, and the multiply-adds for one image: half of what torch's counter counts."""
    try:
        return _counted(plan, "meta")
    except UnavailableError:
        return _counted(plan, "cpu")


def _counted(plan: FamilyPlan, device: str) -> tuple[int, int]:
    with seeded(0, "training/counting"), torch.device(device):
        network = built(plan).eval()
        with naming(plan, "the network"), torch.no_grad(), FlopCounterMode(display=False) as counter:
            logits = network(torch.zeros(2, *plan.image_shape))
    check_outputs(logits, plan)
    return sum(tensor.numel() for tensor in network.parameters()), counter.get_total_flops() // 4


def step_memory(plan: FamilyPlan, batch_size: int) -> int:
    """Return about the bytes that a training step takes: from what two images keep for the backward pass."""
    params, kept, _ = _memory(plan)
    return int(_STATES * _FLOAT * params + _WORKING * batch_size * kept)


def pass_memory(plan: FamilyPlan, n_images: int) -> int:
    """Return about the bytes that a validation pass of `n_images` images at once takes."""
    params, _, largest = _memory(plan)
    return int(_FLOAT * params + _AT_ONCE * n_images * largest)


@lru_cache(maxsize=4096)
def _memory(plan: FamilyPlan) -> tuple[int, float, float]:
    """Return the parameters, and for one image the bytes that a step keeps, and those of the largest tensor in it."""
    network, device = _made(plan)
    kept: dict[tuple[int, int], int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[id(tensor.untyped_storage()) if tensor.is_meta else tensor.data_ptr(), tensor.numel()] = tensor.nbytes
        return tensor

    params = sum(tensor.numel() for tensor in network.parameters())
    with naming(plan, "a training step"), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network.train()
        outputs: Any = network(torch.zeros(2, *plan.image_shape, device=device))
    del outputs
    return params, max(0, sum(kept.values()) - _FLOAT * params) / 2, max(kept.values(), default=0) / 2


def _made(plan: FamilyPlan) -> tuple[torch.nn.Module, str]:
    """Return the network in evaluation mode and its device: `meta`, or `cpu` where its code cannot do without."""
    try:
        with seeded(0, "training/counting"), torch.device("meta"):
            return network_of(plan), "meta"
    except UnavailableError:
        with seeded(0, "training/counting"):
            return network_of(plan), "cpu"
