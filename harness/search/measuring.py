"""Measures the speed of training before a search starts, within a time limit.

The batch grows from two images to the recipe's size, fourfold at a time, so that a few images suffice to notice large
images or a slow machine. If the next size would exceed the limit, the result is the speed of the last size: a little
too low, never too high.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from pmfnas.training.plans import Plan
from pmfnas.training.recipe import Recipe
from pmfnas.training.stream import DeviceImages
from pmfnas.training.throughput import images_per_second

_SIZES = (2, 8, 32, 128)
"""Batch sizes to time before the recipe's."""
_STEPS = 2
_QUICK = 0.1
"""Share of the limit that the first step may take to be timed again."""
_TAKEN = 2 + _STEPS
"""Number of steps per measurement, including warm-up."""


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a network trains."""

    images_per_s: float
    is_whole: bool
    """Whether batches of the recipe's size were timed; false if the limit allowed only smaller ones."""


def limit_s(budget_s: float) -> float:
    """Return how long measuring may take before a search: a twentieth of the budget, but 5 to 60 seconds."""
    return min(60.0, max(5.0, budget_s / 20))


def measured_speed(
    plan: Plan,
    images: DeviceImages,
    recipe: Recipe,
    *,
    limit_s: float,
    clock: Callable[[], float] = time.perf_counter,
) -> Speed:
    """Return how fast `plan` trains; stop timing after `limit_s`, but time at least one step of two images.

    Args:
        plan: the network.
        images: images on the device.
        recipe: the training recipe.
        limit_s: limit in seconds of the wall clock.
        clock: times the batches of the recipe's size, in seconds.

    Raises:
        torch.OutOfMemoryError: the training does not fit on the device.
    """
    begin_s, whole = time.perf_counter(), min(recipe.batch_size, images.n_train)
    few = replace(recipe, batch_size=_SIZES[0])
    speed = images_per_second([plan], images, few, n_steps=1, n_warm_up=0)
    if time.perf_counter() - begin_s < _QUICK * limit_s:  # the first step also paid for what is done once
        speed = images_per_second([plan], images, few, n_steps=1)

    def fits(size: int) -> bool:
        return time.perf_counter() - begin_s + _TAKEN * size / speed <= limit_s

    for size in (size for size in _SIZES[1:] if size < whole and fits(size)):
        speed = images_per_second([plan], images, replace(recipe, batch_size=size), n_steps=1)
    if not fits(whole):
        return Speed(speed, is_whole=False)
    speed = images_per_second([plan], images, recipe, n_steps=_STEPS, clock=clock)
    return Speed(speed, is_whole=True)
