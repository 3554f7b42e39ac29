"""The seconds that training takes, measured before a search starts, within a limit that is said.

Batches grow from two images to those of the recipe, so that large images or a slow machine are noticed on a few of
them. Where the next size would pass the limit, the speed of the last one counts: it is a little too low, never too
high.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from pmfnas.training.blueprint import Blueprint
from pmfnas.training.recipe import Recipe
from pmfnas.training.stream import DeviceImages
from pmfnas.training.throughput import images_per_second

_SIZES = (2, 16)
"""Images per step before the batch of the recipe."""
_STEPS = 2
_TAKEN = 2 + _STEPS
"""Steps that measuring takes, those before the clock starts included."""


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a network trains."""

    images_per_s: float
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
    speed = images_per_second([plan], images, few, n_steps=1, n_warm_up=0)

    def fits(size: int) -> bool:
        return time.perf_counter() - begin_s + _TAKEN * size / speed <= limit_s

    for size in (size for size in _SIZES[1:] if size < whole and fits(size)):
        speed = images_per_second([plan], images, replace(recipe, batch_size=size), n_steps=1)
    if not fits(whole):
        return Speed(speed, is_whole=False)
    speed = images_per_second([plan], images, recipe, n_steps=_STEPS, clock=clock)
    return Speed(speed, is_whole=True)
