"""How many candidates should share a device: as many as make it faster, by measurement.

A candidate of this space keeps a large device busy only in part, so packing more of them raises the images per second
until the device is full or its memory is. The width is doubled as long as that is worth at least a tenth.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice

import torch

from pmfnas.training.blueprint import Blueprint
from pmfnas.training.pack import Pack
from pmfnas.training.recipe import Recipe
from pmfnas.training.state import initial_state
from pmfnas.training.stream import DeviceImages

WORTH = 1.1
"""A wider pack must train this many times the images per second of the narrower one."""
_WARM_UP_STEPS = 2


@dataclass(frozen=True, slots=True)
class Width:
    """A measured width."""

    width: int
    speeds: dict[int, float]
    """Images per second, of all candidates together, by width."""
    seconds: float
    """What measuring took."""


def images_per_second(
    plans: Sequence[Blueprint],
    images: DeviceImages,
    recipe: Recipe,
    *,
    n_steps: int = 10,
    n_warm_up: int = _WARM_UP_STEPS,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Return the images per second, of all candidates together, that a pack of `plans` trains, augmentation included.

    Raises:
        torch.OutOfMemoryError: the pack does not fit.
    """
    states = [initial_state(plan, i, dtype=images.dtype) for i, plan in enumerate(plans)]
    pack = Pack(plans, states, recipe, images.device)
    rates = torch.full((len(plans),), recipe.learning_rate, device=images.device, dtype=images.dtype)
    epochs = (images.epoch([(i, epoch) for i in range(len(plans))], recipe.batch_size) for epoch in range(10**6))
    batches = (batch for epoch in epochs for batch in epoch)
    for pixels, labels in islice(batches, n_warm_up):
        losses, _ = pack.step(pixels, labels, rates)
        losses.tolist()  # waits for the device
    begin_s, n_images = clock(), 0
    for pixels, labels in islice(batches, n_steps):
        losses, _ = pack.step(pixels, labels, rates)
        n_images += labels.numel()
    losses.tolist()
    return n_images / (clock() - begin_s)


def choose_width(
    plans: Sequence[Blueprint],
    images: DeviceImages,
    recipe: Recipe,
    *,
    most: int = 32,
    limit_s: float = math.inf,
    clock: Callable[[], float] = time.perf_counter,
) -> Width:
    """Return the widest pack of 1, 2, 4 ... candidates, at most `most`, that is worth its width.

    Args:
        plans: candidates as a search may meet them, taken in turn; they share a frame.
        images: on the device.
        recipe: of the trainings.
        most: no wider pack is tried.
        limit_s: none is tried that would end after so many seconds, as far as the one before tells.
        clock: seconds, rising.
    """
    begin_s, width = clock(), 1
    speeds = {1: images_per_second(plans[:1], images, recipe, clock=clock)}
    last_s = clock() - begin_s
    while 2 * width <= most and clock() - begin_s + 2 * last_s <= limit_s:
        tried_s = clock()
        try:
            speed = images_per_second(list(islice(cycle(plans), 2 * width)), images, recipe, clock=clock)
        except torch.OutOfMemoryError:
            break
        speeds[2 * width], last_s = speed, clock() - tried_s
        if speed < WORTH * speeds[width]:
            break
        width *= 2
    if images.device.type == "cuda":
        torch.cuda.empty_cache()
    return Width(width, speeds, clock() - begin_s)
