"""What training takes, measured before a search starts: seconds, within a limit that is said, and memory.

Batches grow from two images to those of the recipe, so that large images or a slow machine are noticed on a few of
them. Where the next size would pass the limit, the speed of the last one counts: it is a little too low, never too
high. Memory is counted on the two images and multiplied.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch.nn.modules.module import register_module_forward_hook

from pmfnas.training.blueprint import Blueprint
from pmfnas.training.recipe import Recipe
from pmfnas.training.stream import DeviceImages
from pmfnas.training.throughput import images_per_second

_SIZES = (2, 16)
"""Images per step before the batch of the recipe."""
_STEPS = 2
_TAKEN = 2 + _STEPS
"""Steps that measuring takes, those before the clock starts included."""
_BACKWARD = 1.25
"""Memory of a training step, in what it keeps for the gradients (measured on the CPU: 1.2)."""
_FORWARD = 4.0
"""Memory of a pass without gradients, in what its largest layer takes and gives (measured on the CPU: 3.1)."""


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a network trains, and what memory it takes."""

    images_per_s: float
    step_bytes: int
    """Of a training step with a whole batch."""
    image_bytes: int
    """Of one image in a validation pass."""
    is_whole: bool
    """Whether whole batches were timed; else smaller ones, within the limit."""


def limit_s(budget_s: float) -> float:
    """Return how long measuring may take before a search with this budget: a twentieth, 5 to 60 seconds."""
    return min(60.0, max(5.0, budget_s / 20))


def measured_speed(
    plan: Blueprint,
    images: DeviceImages,
    recipe: Recipe,
    *,
    limit_s: float,
    clock: Callable[[], float] = time.perf_counter,
) -> Speed:
    """Return how fast `plan` trains; after `limit_s`, and one step of two images at least, nothing more is timed.

    Args:
        plan: the network.
        images: on the device.
        recipe: of the training.
        limit_s: seconds of the wall clock.
        clock: times the whole batches, in seconds.

    Raises:
        torch.OutOfMemoryError: it does not fit on the device.
    """
    begin_s, whole = time.perf_counter(), min(recipe.batch_size, images.n_train)
    few = replace(recipe, batch_size=_SIZES[0])
    with _counted() as memory:
        speed = images_per_second([plan], images, few, n_steps=1, n_warm_up=0)
    step_bytes = round(memory.saved_bytes / _SIZES[0] * whole * _BACKWARD)
    image_bytes = round(memory.layer_bytes / _SIZES[0] * _FORWARD)

    def fits(size: int) -> bool:
        return time.perf_counter() - begin_s + _TAKEN * size / speed <= limit_s

    for size in (size for size in _SIZES[1:] if size < whole and fits(size)):
        speed = images_per_second([plan], images, replace(recipe, batch_size=size), n_steps=1)
    if not fits(whole):
        return Speed(speed, step_bytes, image_bytes, is_whole=False)
    speed = images_per_second([plan], images, recipe, n_steps=_STEPS, clock=clock)
    return Speed(speed, step_bytes, image_bytes, is_whole=True)


@dataclass
class _Memory:
    """What one training step was seen to hold."""

    saved: dict[int, int] = field(default_factory=dict)  # address -> bytes
    layer_bytes: int = 0

    @property
    def saved_bytes(self) -> int:
        return sum(self.saved.values())

    def keep(self, tensor: torch.Tensor) -> torch.Tensor:
        if not (tensor.is_leaf and tensor.requires_grad):  # weights do not grow with the images
            self.saved[tensor.data_ptr()] = tensor.nbytes
        return tensor

    def look(self, module: torch.nn.Module, given: tuple[Any, ...], answer: Any) -> None:
        del module
        n_bytes = sum(t.nbytes for t in (*given, answer) if isinstance(t, torch.Tensor))
        self.layer_bytes = max(self.layer_bytes, n_bytes)


@contextmanager
def _counted() -> Iterator[_Memory]:
    """Count what a training step in the body keeps for its gradients, and its largest layer."""
    memory = _Memory()
    hook = register_module_forward_hook(memory.look)
    try:
        with torch.autograd.graph.saved_tensors_hooks(memory.keep, lambda tensor: tensor):
            yield memory
    finally:
        hook.remove()
