"""The number of candidates that should share a device, found by measuring their throughput.

One candidate uses only a part of a large device. So packing more candidates raises the images per second until the
device or its memory is full. The width is doubled as long as the throughput grows by at least 10 %.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice

import torch

from pmfnas.training.plans import Plan, first_state, pack_of
from pmfnas.training.recipe import Recipe
from pmfnas.training.stream import DeviceImages

WORTH = 1.1
"""A wider pack must train this many times the images per second of the narrower one."""
_WARM_UP_STEPS = 2


@dataclass(frozen=True, slots=True)
class Width:
    """The chosen width of a pack, with the measurements behind it."""

    width: int
    speeds: dict[int, float]
    """Images per second, of all candidates together, by width."""
    seconds: float
    """Seconds that the measurement took."""


def images_per_second(
    plans: Sequence[Plan],
    images: DeviceImages,
    recipe: Recipe,
    *,
    n_steps: int = 10,
    n_warm_up: int = _WARM_UP_STEPS,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Return the images per second that a pack of `plans` trains, of all candidates together, with augmentation.

    Raises:
        torch.OutOfMemoryError: the pack does not fit into memory.
    """
    states = [first_state(plan, i, dtype=images.dtype) for i, plan in enumerate(plans)]
    pack = pack_of(plans, states, recipe, images.device)
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
    plans: Sequence[Plan],
    images: DeviceImages,
    recipe: Recipe,
    *,
    most: int = 32,
    limit_s: float = math.inf,
    clock: Callable[[], float] = time.perf_counter,
) -> Width:
    """Return the widest pack of 1, 2, 4 ... candidates, at most `most`, with enough throughput for its width.

    Args:
        plans: candidates that a search may meet, taken in turn; they share a frame.
        images: images on the device.
        recipe: the recipe of the trainings.
        most: largest width to try.
        limit_s: seconds for all measurements; a width that is expected to end later is not tried.
        clock: a rising clock in seconds.
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
