"""How many bytes networks take while they train and while they are validated, counted before either begins.

The counts are of float32 and rather too high than too low: measured on the CPU, passes of the largest networks took
between 60 and 97 % of them, training steps between 70 and 90 %. A GPU computes in bfloat16 and takes about half.
"""

from collections.abc import Iterator

from pmfnas.training.blueprint import Blueprint

_FLOAT = 4
_MOST_AT_ONCE = 1000
_PIXELS_AT_ONCE = _MOST_AT_ONCE * 32 * 32
_WORKING = 18
"""Copies of a block's output that are alive while it is computed: its nodes, what arrives at one, and in between."""
_KEPT = 14
"""Copies of a block's output that a training step keeps for its way back."""


def pass_images(image_size: int) -> int:
    """Return how many images of `image_size` pixels a side a validation pass takes at once.

    A thousand of up to 32 pixels, fewer of larger ones: the pixels are as many at most.
    """
    return max(1, min(_MOST_AT_ONCE, _PIXELS_AT_ONCE // image_size**2))


def pass_bytes(plan: Blueprint, image_size: int, n_networks: int = 1) -> int:
    """Return the bytes that a validation pass of so many networks like `plan` takes at most, at any time.

    Args:
        plan: the network.
        image_size: pixels a side.
        n_networks: validated at the same time.
    """
    return n_networks * pass_images(image_size) * _FLOAT * _WORKING * max(_outputs(plan, image_size))


def step_bytes(plan: Blueprint, image_size: int, batch_size: int, n_networks: int = 1) -> int:
    """Return the bytes that a training step of so many networks like `plan` takes at most, at any time.

    Args:
        plan: the network.
        image_size: pixels a side.
        batch_size: images of each network per step.
        n_networks: trained at the same time.
    """
    outputs = list(_outputs(plan, image_size))
    return n_networks * batch_size * _FLOAT * (_KEPT * sum(outputs) + _WORKING * max(outputs))


def _outputs(plan: Blueprint, image_size: int) -> Iterator[int]:
    """Yield the numbers in the output of each block for one image."""
    side = image_size
    for block in plan.blocks:
        side = side // 2 if block.kind == "reduction" else side
        yield block.c_out * side**2
