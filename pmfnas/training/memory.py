"""Estimates of the memory in bytes that networks need for training and for validation.

The estimates assume float32 and are upper bounds. Measured on the CPU, passes of the largest networks took 60 to 97 %
of them, training steps 70 to 90 %. A GPU computes in bfloat16 and takes about half.
"""

from collections.abc import Iterator
from pathlib import Path

from pmfnas.training.blueprint import Blueprint

_FLOAT = 4
_MOST_AT_ONCE = 1000
_PIXELS_AT_ONCE = _MOST_AT_ONCE * 32 * 32
_WORKING = 18
"""Copies of a block's output that are alive while it is computed: nodes, their inputs, and intermediate tensors."""
_KEPT = 14
"""Copies of a block's output that a training step keeps for the backward pass."""


def pass_images(image_size: int) -> int:
    """Return the batch size of a validation pass over images of `image_size` pixels a side.

    It is 1,000 for images of up to 32 pixels a side. For larger images it is smaller, at equal total pixels.
    """
    return max(1, min(_MOST_AT_ONCE, _PIXELS_AT_ONCE // image_size**2))


def pass_bytes(plan: Blueprint, image_size: int, n_networks: int = 1) -> int:
    """Return an upper bound on the bytes that a validation pass of `n_networks` networks like `plan` takes.

    Args:
        plan: the network.
        image_size: pixels a side.
        n_networks: networks that are validated together.
    """
    return n_networks * pass_images(image_size) * _FLOAT * _WORKING * max(_outputs(plan, image_size))


def step_bytes(plan: Blueprint, image_size: int, batch_size: int, n_networks: int = 1) -> int:
    """Return an upper bound on the bytes that a training step of `n_networks` networks like `plan` takes.

    Args:
        plan: the network.
        image_size: pixels a side.
        batch_size: images of each network per step.
        n_networks: networks that are trained together.
    """
    outputs = list(_outputs(plan, image_size))
    return n_networks * batch_size * _FLOAT * (_KEPT * sum(outputs) + _WORKING * max(outputs))


def free_memory(meminfo: Path = Path("/proc/meminfo"), group: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Return the bytes that this process can still allocate; None if the system does not report them.

    Args:
        meminfo: Linux's file on the machine's memory.
        group: Linux's folder on the container's memory; the smaller amount counts.
    """
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
        free = 1024 * int(lines["MemAvailable"].split()[0])
    except (OSError, KeyError, ValueError):
        return None
    try:
        limit = int((group / "memory.max").read_text())
        return min(free, limit - int((group / "memory.current").read_text()))
    except (OSError, ValueError):  # no container, or one without a limit
        return free


def _outputs(plan: Blueprint, image_size: int) -> Iterator[int]:
    """Yield the number of values in the output of each block for one image."""
    side = image_size
    for block in plan.blocks:
        side = side // 2 if block.kind == "reduction" else side
        yield block.c_out * side**2
